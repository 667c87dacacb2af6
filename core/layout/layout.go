// Package layout lays a new site out on disk, from a core that several sites share.
//
// WordPress is not copied. PHP resolves links before it sets __FILE__, so a linked wp-login.php would look for its
// configuration beside the core and not beside the site. Each file that visitors may ask for, in the top directory and in
// wp-admin, is therefore a file of three lines that says where the site is (ABSPATH, which WordPress takes where it is
// defined) and requires the one of the core. Linked are wp-includes, what wp-admin requires or serves as it is (includes,
// css, images, js), and the other files at the top. wp-content is the site's own, a copy: WordPress deletes and replaces
// themes and plugins in it, and would do so through links. A new core in the same place serves all its sites at once.
//
// Links work with FollowSymLinks and, as the core is of the same owner, with SymLinksIfOwnerMatch; a host that allows
// neither has no rewrite rules either. A core of another owner is copied instead. Joomla and Drupal write into all of their
// directories and are always copied.
package layout

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"vpm/core"
	"vpm/core/fault"
)

// Site is one that is to be laid out.
type Site struct {
	// Dir is its directory, absolute and without links on the way. Nothing may be there, or an empty directory.
	Dir string
	// Core is what it is made from; see FindCore.
	Core Core
	// Database goes into WordPress's configuration; nil: its own set-up page asks for it.
	Database *Database
}

// Laid is a site that was laid out and waits for its registration: Keep or Undo ends that. Until then no other process
// takes the directory for its own.
type Laid struct {
	// Steps says what was done, for people.
	Steps []string
	// Installer is the path below the site's address where its set-up goes on.
	Installer string

	dir      string
	lock     *os.File
	resumed  bool // somebody else, who was cut off, had laid it out
	wasEmpty bool // there was a directory before
}

// marker is the file in a laid out site that is not known to be registered yet. It holds the CMS.
const marker = ".vpm-new"

// Lay lays a site out, all or nothing: beside its place first, then synced and renamed. What a killed process has left
// is removed, or where it was complete, taken as it is. CodeConflict when something else is there, CodeBusy when
// another process is at it, CodeUnavailable for a full disk and when ctx ends.
func Lay(ctx context.Context, site Site) (*Laid, error) {
	at, err := Look(site.Dir)
	if err != nil {
		return nil, err
	}
	switch at {
	case Occupied:
		return nil, occupied(site.Dir)
	case Interrupted:
		return resume(ctx, site)
	}
	s, err := newStage(ctx, site)
	if err != nil {
		return nil, failed(site, err)
	}
	s.wasEmpty = at == Empty
	if err := s.raise(ctx); err != nil {
		return nil, errors.Join(failed(site, err), s.remove())
	}
	return &s.Laid, nil
}

// raise fills the stage and puts it in its place.
func (s *stage) raise(ctx context.Context) error {
	if err := errors.Join(s.fill(ctx), s.core.Close()); err != nil {
		return err
	}
	fault.Point("site laid out")
	if err := s.write(marker, s.site.Core.CMSType+"\n", 0o644); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(s.path, 0o755), syncTree(ctx, s.path)); err != nil {
		return err
	}
	fault.Point("site synced")
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := rename(s.path, s.dir); err != nil {
		return err
	}
	s.path = s.dir
	fault.Point("site in its place")
	return syncDir(filepath.Dir(s.dir))
}

func (s *stage) fill(ctx context.Context) error {
	switch {
	case s.site.Core.CMSType != "wordpress":
		s.Steps = append(s.Steps, "copied "+s.site.Core.name()+" from "+s.site.Core.Dir)
		return s.copyTree(ctx, ".", s.site.Core.belongsToSite)
	case s.site.Core.linkable():
		return s.linkWordPress(ctx)
	}
	return s.copyWordPress(ctx)
}

// resume takes a site whose maker was cut off before its registration.
func resume(ctx context.Context, site Site) (*Laid, error) {
	l := &Laid{dir: site.Dir, resumed: true, Installer: site.Core.installer(configured(site.Dir)),
		Steps: []string{"found what an earlier call had laid out that was cut off, with the settings of that call"}}
	var err error
	if l.lock, err = open(ctx, site.Dir); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(site.Dir, marker))
	if err != nil || string(text) != site.Core.CMSType+"\n" {
		l.lock.Close()
		return nil, occupied(site.Dir)
	}
	return l, nil
}

func configured(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "wp-config.php"))
	return err == nil
}

// Keep ends the making of a site that is registered. Where the marker cannot be removed, it is no trouble: Lay never takes
// anything away from a site that has one.
func (l *Laid) Keep() {
	defer l.lock.Close()
	os.Remove(filepath.Join(l.dir, marker))
	fault.Point("site kept")
}

// Leave ends it where nobody knows whether the site is registered: its files stay, and a next call finds them.
func (l *Laid) Leave() { l.lock.Close() }

// Undo takes away what was laid out, where the site cannot be registered. What an earlier call had laid out stays.
func (l *Laid) Undo() error {
	defer l.lock.Close()
	if l.resumed {
		return nil
	}
	aside, err := os.MkdirTemp(filepath.Dir(l.dir), prefix(l.dir))
	if err != nil {
		return err
	}
	if err := rename(l.dir, aside); err != nil { // from now on it is a leftover, whoever dies
		return errors.Join(err, os.Remove(aside))
	}
	fault.Point("site set aside")
	if l.wasEmpty {
		err = os.Mkdir(l.dir, 0o755)
	}
	return errors.Join(err, os.RemoveAll(aside))
}

// rename puts a directory where nothing is, or an empty directory, which os.Rename refuses. Over one that somebody has
// filled it fails.
func rename(from, to string) error {
	if err := syscall.Rename(from, to); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func occupied(dir string) error {
	return core.Errorf(core.CodeConflict, "cannot lay out the site: %s is not empty", dir)
}

// failed says why a site could not be laid out.
func failed(site Site, err error) error {
	if _, ours := errors.AsType[*core.Error](err); ours {
		return err
	}
	why := "see the log"
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		why = "it takes longer than a request may; copy " + site.Core.Dir + " to " + site.Dir + " with the host's file manager, and create the instance again"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		why = "the disk or the account's quota is full"
	case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST), errors.Is(err, syscall.ENOTDIR):
		return occupied(site.Dir)
	case errors.Is(err, os.ErrPermission):
		why = "the program may not read the core or may not write there"
	}
	return core.Errorf(core.CodeUnavailable, "cannot lay out the site in %s: %s", site.Dir, why).Because(err)
}
