package relocate

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"vpm/core/fault"
)

// fileSteps have the files belong to somebody here, and the web server come to the document root.
func (p *Plan) fileSteps() error {
	home, root := p.account.home, p.account.settings.Place.WebRoot
	info, err := os.Lstat(root)
	if err != nil {
		return cannot("look at "+root, err)
	}
	uid := int(info.Sys().(*syscall.Stat_t).Uid)
	if _, err := user.LookupId(strconv.Itoa(uid)); err != nil {
		p.add(step{what: fmt.Sprintf("give what belongs to user %d in %s, who is nobody here, to %s", uid, home, p.options.Owner),
			do: func(ctx context.Context) error { return give(ctx, home, root, uid, p.options.Owner) }})
	}
	return p.passSteps(home, ".", filepath.Base(root)) // home is the directory of root
}

// passSteps let others pass through directories of the home. None of them may lead out of it: it is the account's, and what
// is changed there is not.
func (p *Plan) passSteps(home string, names ...string) error {
	within, err := os.OpenRoot(home)
	if err != nil {
		return cannot("look at "+home, err)
	}
	defer within.Close()
	for _, name := range names {
		dir := filepath.Join(home, name)
		info, err := within.Stat(name)
		if err != nil {
			return cannot("look at "+dir, err)
		}
		if mode := info.Mode().Perm(); mode&0o001 == 0 {
			p.add(step{what: fmt.Sprintf("let others pass through %s, as the web server has to: its permissions %04o become %04o", dir, mode, mode|0o001),
				do: func(context.Context) error {
					return cannot("change the permissions of "+dir, allowPassing(home, name))
				}})
		}
	}
	return nil
}

func allowPassing(home, name string) error {
	within, err := os.OpenRoot(home)
	if err != nil {
		return err
	}
	defer within.Close()
	info, err := within.Stat(name)
	if err != nil {
		return err
	}
	return within.Chmod(name, info.Mode().Perm()|0o001)
}

// give has a user own what belongs to uid below home; nothing is followed. The directory by which the plan sees what is to
// be done, last, goes last.
func give(ctx context.Context, home, last string, uid int, owner string) error {
	u, err := user.Lookup(owner)
	if err != nil {
		return cannot("give files to "+owner, err)
	}
	to, err := strconv.Atoi(u.Uid)
	if err != nil {
		return cannot("give files to "+owner, err)
	}
	group, err := strconv.Atoi(u.Gid)
	if err != nil {
		return cannot("give files to "+owner, err)
	}
	root, err := os.OpenRoot(home)
	if err != nil {
		return cannot("give files to "+owner, err)
	}
	defer root.Close()
	own := func(name string) error {
		info, err := root.Lstat(name)
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != uid {
			return err
		}
		if err := root.Lchown(name, to, group); err != nil || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) == 0 || info.Mode()&fs.ModeSymlink != 0 {
			return err
		}
		return root.Chmod(name, info.Mode().Perm())
	}
	final, err := filepath.Rel(home, last)
	if err != nil {
		return cannot("give files to "+owner, err)
	}
	err = fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name == final:
			return nil
		}
		return own(name)
	})
	fault.Point("files given")
	if err == nil {
		err = own(final)
	}
	return cannot("give files to "+owner, err)
}
