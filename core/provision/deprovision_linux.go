package provision

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core/fault"
	"vpm/core/systemd"
)

// deprovision takes the instance away: first out of the visitors' sight, then its process, then what the process was
// made from. Its files are moved to where only root sees them. Cut off anywhere, or failed, it is gone on with by the
// next; a half-removed instance is not put together again.
func (r *run) deprovision() error {
	r.request.Serve = false
	if r.state.Request.Instance != "" {
		r.request.Host, r.request.Path = r.state.Request.Host, r.state.Request.Path
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"web server", r.serve}, {"unit", r.stopUnit}, {"configuration", r.removeConfiguration},
		{"database", r.removeDatabase}, {"user", r.removeOwner}, {"files", r.removeFiles},
	}
	for _, s := range steps {
		if err := r.step(s.name, s.do); err != nil {
			return err
		}
		if err := r.closeJournal(); err != nil { // what this step did is not taken back
			return err
		}
	}
	for _, end := range []string{".copied", ".json"} { // the state last: it says what there is to remove
		if err := remove(r.State + "/" + r.slug + end); err != nil {
			return err
		}
	}
	r.state = state{}
	return r.endStatistics()
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (r *run) stopUnit() error {
	unit := systemd.UnitName(r.slug)
	if err := systemctl(r.ctx, "stop", unit); err != nil {
		return err
	}
	if err := systemctl(r.ctx, "--no-reload", "disable", unit); err != nil {
		return err
	}
	_ = systemctl(r.ctx, "reset-failed", unit) // a unit that systemd has forgotten already has nothing to forget
	return nil
}

func (r *run) removeConfiguration() error {
	var err error
	for _, path := range []string{r.pool(r.slug), r.Pools + "/." + r.slug + ".test"} {
		err = errors.Join(err, remove(path))
	}
	fault.Point("pool gone")
	err = errors.Join(err, os.RemoveAll(r.dropIns(r.slug)), os.RemoveAll(r.Control+"/"+systemd.UnitName(r.slug)+".d"))
	fault.Point("limits gone")
	if err != nil {
		return err
	}
	return systemctl(r.ctx, "daemon-reload")
}

// removeDatabase takes the account away, which would be the next user's of that name, and the database where that is
// asked for.
func (r *run) removeDatabase() error {
	if !r.state.Database {
		return nil
	}
	statements := []string{"DROP USER IF EXISTS '" + userOf(r.slug) + "'@'localhost'"}
	if r.request.Delete {
		statements = append(statements, "DROP DATABASE IF EXISTS `"+databaseOf(r.slug)+"`")
	} else {
		r.result.warn("the database " + databaseOf(r.slug) + " is kept")
	}
	return r.databaseDo(r.ctx, statements...)
}

func (r *run) removeOwner() error { return r.removeUser(r.ctx, userOf(r.slug)) }

// removeFiles moves the instance's directory to SITES/.removed/SLUG-TIME, or deletes it. Nobody's process is in it any
// more: the unit is down, and the user is gone.
func (r *run) removeFiles() error {
	if r.request.Delete {
		return removeTree(r.Sites, r.slug)
	}
	sites, err := openDir(r.Sites)
	if err != nil {
		return err
	}
	defer sites.Close()
	removed, err := makeDir(sites, ".removed", root, 0o700)
	if err != nil {
		return err
	}
	defer removed.Close()
	name := fmt.Sprintf("%s-%s", r.slug, time.Now().UTC().Format("20060102-150405.000"))
	err = unix.Renameat2(int(sites.Fd()), r.slug, int(removed.Fd()), name, unix.RENAME_NOREPLACE)
	if err == unix.ENOENT { // the run that was cut off had come as far as that
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot move the files of %s away: %w", r.slug, err)
	}
	r.result.warn("the files are kept in " + r.Sites + "/.removed/" + name)
	return nil
}
