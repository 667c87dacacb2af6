package provision

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
	"vpm/core/systemd"
)

// provision makes the instance what the request says, or changes it to that. What is there already is left as it is.
func (r *run) provision() error {
	if r.state.Copied != "" && r.request.CopyFrom != "" && r.request.CopyFrom != r.state.Copied {
		return core.Errorf(core.CodeConflict, "cannot copy %s: this instance is a copy of %s", r.request.CopyFrom, r.state.Copied)
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"user", r.makeUser}, {"directories", r.makeTree}, {"database", r.makeDatabase}, {"pool", r.installPool},
		{"limits", r.installLimits}, {"unit", r.enable}, {"web server", r.serve},
	}
	for _, s := range steps {
		if err := r.step(s.name, s.do); err != nil {
			return err
		}
	}
	r.allowStatistics()
	r.state.Request, r.state.UID, r.state.Served = r.request, r.owner.uid, r.served() || r.request.Serve
	r.result.User, r.result.UID = userOf(r.slug), r.owner.uid
	r.result.Docroot = r.Sites + "/" + r.slug + "/" + Docroot
	return nil
}

// served tells whether visitors were ever sent to the instance.
func (r *run) served() bool { return r.state.Served || r.state.Request.Serve }

// undo has the original answer again: the copy's fragment goes, and what was there all the time is what is left.
func (r *run) undo() error {
	switch {
	case r.state.Copied == "":
		return core.Errorf(core.CodeConflict, "cannot go back: %s is not a copy of another site", r.request.Instance)
	case r.state.Finished:
		return core.Errorf(core.CodeConflict, "cannot go back: the move of %s was finished", r.request.Instance)
	}
	old := r.state.Request
	r.state.Served = r.served()
	old.Serve = false
	r.request = old
	if err := r.step("web server", r.serve); err != nil {
		return err
	}
	r.state.Request = old
	return nil
}

// limit changes what the instance's PHP and its processes may use, and nothing else. PHP-FPM reads its part when it is told
// to by whoever asks for this.
func (r *run) limit() error {
	if r.state.Request.Instance == "" {
		return core.Errorf(core.CodeConflict, "cannot set the limits of %s: it was not provisioned", r.request.Instance)
	}
	as := r.state.Request
	as.PHP, as.Limits = r.request.PHP, r.request.Limits
	r.request = as
	steps := []struct {
		name string
		do   func() error
	}{{"user", r.makeUser}, {"pool", r.installPool}, {"limits", r.installLimits}}
	if as.Serve { // which waits as long for an answer as PHP may take
		steps = append(steps, struct {
			name string
			do   func() error
		}{"web server", r.serve})
	}
	for _, s := range steps {
		if err := r.step(s.name, s.do); err != nil {
			return err
		}
	}
	r.state.Request = as
	return nil
}

// finish only marks: the original is its owner's, and to delete it is too.
func (r *run) finish() error {
	if r.state.Copied == "" || !r.state.Request.Serve {
		return core.Errorf(core.CodeConflict, "cannot finish: %s does not serve a copy of another site", r.request.Instance)
	}
	r.state.Finished = true
	return nil
}

// installPool tests the pool as the instance's user, beside the one that counts, and then has it count.
func (r *run) installPool() error {
	text, err := r.request.pool(r.slug, r.Listen).Render()
	if err != nil {
		return err
	}
	probe := r.Pools + "/." + r.slug + ".test"
	if err := atomicfile.Write(probe, []byte(text), 0o644); err != nil {
		return err
	}
	err = commandAs(r.ctx, r.owner, r.FPM, "--test", "--fpm-config", probe)
	if err := errors.Join(err, os.Remove(probe)); err != nil {
		return err
	}
	fault.Point("pool tested")
	_, err = r.install(r.pool(r.slug), text)
	return err
}

// installLimits writes the drop-in, and where the unit may be running already sets the limits on it at once: systemd
// changes them without a restart. It is made to read everything again only for a drop-in that it has not seen, as that
// has it forget how often units have failed.
func (r *run) installLimits() error {
	text, err := systemd.Limits(r.request.Limits).Render()
	if err != nil {
		return err
	}
	path := r.limits(r.slug)
	was, err := os.ReadFile(path)
	fresh := errors.Is(err, os.ErrNotExist) || r.journal.has(undoUnits, "")
	if err != nil && !fresh {
		return err
	}
	if fresh {
		err = r.note(undo{Kind: undoUnits})
	} else if string(was) != text || r.journal.has(undoLimits, "") {
		err = r.note(undo{Kind: undoLimits, Was: was})
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.dropIns(r.slug), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(r.dropIns(r.slug), 0o755); err != nil { // whatever the umask
		return err
	}
	changed, err := r.install(path, text)
	fault.Point("limits written")
	switch {
	case err != nil || !changed:
		return err
	case fresh:
		return systemctl(r.ctx, "daemon-reload")
	}
	return systemctl(r.ctx, append([]string{"set-property", "--runtime", systemd.UnitName(r.slug)}, properties([]byte(text))...)...)
}

// properties are the settings of a drop-in of limits.
func properties(dropIn []byte) []string {
	var all []string
	for line := range strings.Lines(string(dropIn)) {
		if line = strings.TrimSpace(line); strings.Contains(line, "=") {
			all = append(all, line)
		}
	}
	return all
}

// enable has a boot start the unit, as far as the file in the directory of wanted instances lets it. The server may not
// do that.
func (r *run) enable() error {
	link := fmt.Sprintf("%s/multi-user.target.wants/%s", r.Units, systemd.UnitName(r.slug))
	if _, err := os.Lstat(link); err == nil && !r.journal.has(undoEnabled, "") {
		return nil
	}
	if err := r.note(undo{Kind: undoEnabled}); err != nil {
		return err
	}
	return systemctl(r.ctx, "--no-reload", "enable", systemd.UnitName(r.slug))
}
