package provision

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"vpm/core"
	"vpm/core/fault"
)

// makeTree makes the instance's directories, with the site in them that it is to be a copy of.
//
//	SLUG/            root; only its own user, the web server's and the server's may pass
//	SLUG/web/        root, and the group of the server: it may put the gate there, and with the sticky bit nothing else away
//	SLUG/web/htdocs/ the instance's
//	SLUG/sessions/   the instance's alone, and SLUG/logs/
func (r *run) makeTree() (err error) {
	sites, err := openDir(r.Sites)
	if err != nil {
		return err
	}
	defer sites.Close()
	st, err := stat(sites)
	if err != nil {
		return err
	}
	if st.Uid != 0 || st.Mode&0o022 != 0 {
		return core.Errorf(core.CodeConflict, "cannot use %s: others than root may write to it", r.Sites)
	}
	var there unix.Stat_t
	switch err := unix.Fstatat(int(sites.Fd()), r.slug, &there, unix.AT_SYMLINK_NOFOLLOW); {
	case err == unix.ENOENT:
		if err := r.note(undo{Kind: undoTree, Name: r.slug}); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	home, err := makeDir(sites, r.slug, root, 0o711)
	if err != nil {
		return err
	}
	defer home.Close()
	if err := r.closeToOthers(home); err != nil {
		return err
	}
	for _, name := range []string{"sessions", "logs"} {
		dir, err := makeDir(home, name, r.owner, 0o700)
		if err != nil {
			return err
		}
		if err := dir.Close(); err != nil {
			return err
		}
	}
	fault.Point("directories half made")
	return r.makeWeb(home)
}

// closeToOthers lets through whom the directory is for.
func (r *run) closeToOthers(home *os.File) error {
	users := []int{r.owner.uid}
	for _, name := range r.Listen {
		o, err := mustLookUp(name)
		if err != nil {
			return err
		}
		users = append(users, o.uid)
	}
	err := letThrough(home, users)
	if errors.Is(err, unix.EOPNOTSUPP) {
		r.result.warn("the file system has no access lists: other users of this machine can read what the site lets everybody read")
		return nil
	}
	return err
}

func (r *run) makeWeb(home *os.File) error {
	server, err := mustLookUp(r.Server)
	if err != nil {
		return err
	}
	web, err := makeDir(home, "web", owner{0, server.gid}, unix.S_ISVTX|0o775)
	if err != nil {
		return err
	}
	defer web.Close()
	switch {
	case r.request.CopyFrom == "":
	case r.state.Copied == "":
		err = r.copySite(home, web)
	case r.request.Serve && !r.served():
		err = r.catchUp(web)
	}
	if err != nil {
		return err
	}
	htdocs, err := makeDir(web, "htdocs", r.owner, 0o755)
	if err != nil {
		return err
	}
	return htdocs.Close()
}

// removeTree removes a directory with all below it, following no link.
func removeTree(dir, name string) error {
	d, err := openDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return removeTreeAt(d, name)
}
