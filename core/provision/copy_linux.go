package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
)

const maxPasses = 4

// copied is what a run notes of a copy that is whole, before it gets its place.
type copied struct {
	From    string `json:"from"`
	Rules   []rule `json:"rules"`
	Carried []Line `json:"carried"`
	LeftOut []Line `json:"left_out"`
}

// copySite copies the existing site into a directory of root's, where nobody can meddle with it, and gives it its place
// when it is whole. One that a killed run has left is gone on with.
func (r *run) copySite(home, web *os.File) error {
	note := r.State + "/" + r.slug + ".copied"
	var c copied
	data, err := os.ReadFile(note)
	switch {
	case err == nil:
		err = json.Unmarshal(data, &c)
	case errors.Is(err, os.ErrNotExist):
		if c, err = r.fill(home); err == nil {
			data, err = json.Marshal(c)
		}
		if err == nil {
			err = r.note(undo{Kind: undoFile, Name: note})
		}
		if err == nil {
			err = atomicfile.Write(note, data, 0o600)
		}
	}
	if err != nil {
		return err
	}
	fault.Point("copy whole")
	if err := place(home, web); err != nil {
		return err
	}
	r.state.Copied, r.state.Rules = c.From, c.Rules
	r.result.Carried, r.result.LeftOut = c.Carried, c.LeftOut
	return nil
}

// place puts what was copied where the document root is to be. An empty one gives way.
func place(home, web *os.File) error {
	_ = unix.Unlinkat(int(web.Fd()), "htdocs", unix.AT_REMOVEDIR)
	incoming, err := openAt(home, "incoming", dirFlags, 0)
	if errors.Is(err, os.ErrNotExist) { // the run that was killed had come as far as that
		return nil
	}
	if err != nil {
		return err
	}
	defer incoming.Close()
	err = unix.Renameat2(int(incoming.Fd()), "htdocs", int(web.Fd()), "htdocs", unix.RENAME_NOREPLACE)
	if err == unix.EEXIST {
		return core.Errorf(core.CodeConflict, "cannot copy into the document root: it has files already")
	}
	if err != nil && err != unix.ENOENT {
		return fmt.Errorf("cannot put the copy in its place: %w", err)
	}
	fault.Point("copy in its place")
	return unix.Unlinkat(int(home.Fd()), "incoming", unix.AT_REMOVEDIR)
}

// fill copies in passes, until one finds nothing that has changed since the one before.
func (r *run) fill(home *os.File) (copied, error) {
	from := r.request.CopyFrom
	source, err := r.openSource(from)
	if err != nil {
		return copied{}, err
	}
	defer source.Close()
	incoming, err := makeDir(home, "incoming", root, 0o700)
	if err != nil {
		return copied{}, err
	}
	defer incoming.Close()
	target, err := makeDir(incoming, "htdocs", r.owner, 0o755)
	if err != nil {
		return copied{}, err
	}
	defer target.Close()
	begin := time.Now()
	c := &copying{run: r, progress: &r.result.Copy}
	if err := c.measure(source, target); err != nil {
		return copied{}, err
	}
	if err := c.passes(source, target); err != nil {
		return copied{}, err
	}
	r.result.Copy.Took = time.Since(begin)
	rules, carried, left := carryTree(target)
	return copied{from, rules, carried, left}, nil
}

func (r *run) openSource(from string) (*os.File, error) {
	if err := r.checkSourceAllowed(from); err != nil {
		return nil, core.Errorf(core.CodeOf(err), "cannot copy the site: %s", message(err)).Because(err)
	}
	source, err := openDir(from)
	if err != nil {
		return nil, core.Errorf(core.CodeInvalid, "cannot open the site to copy: %w", err)
	}
	return source, nil
}

// catchUp copies what was changed in the original since the copy was made, right before visitors are sent to the copy. The
// instance's own processes may run by now, so nothing there is taken for what it was a moment ago.
func (r *run) catchUp(web *os.File) error {
	source, err := r.openSource(r.state.Copied)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := openAt(web, "htdocs", dirFlags, 0)
	if err != nil {
		return err
	}
	defer target.Close()
	begin := time.Now()
	c := &copying{run: r, progress: &r.result.Copy, catching: true}
	if err := c.passes(source, target); err != nil {
		return err
	}
	r.result.Copy.Took = time.Since(begin)
	r.state.Rules, r.result.Carried, r.result.LeftOut = carryTree(target)
	return nil
}

func (c *copying) passes(source, target *os.File) error {
	for pass := 1; ; pass++ {
		c.progress.Passes, c.changed, c.last = pass, 0, ""
		c.links, c.listing = map[inode]string{}, pass == 1
		c.progress.Files, c.progress.Bytes = 0, 0
		if err := c.dir(source, target, "", 0); err != nil {
			return core.Errorf(core.CodeNotEffective, "cannot copy the site: %w", err)
		}
		switch {
		case (pass > 1 || c.catching) && c.changed == 0:
			return nil
		case pass == maxPasses:
			c.run.result.warn(fmt.Sprintf("the site kept changing while it was copied: %d files in the last pass, such as %s", c.changed, c.last))
			return nil
		}
	}
}

// reserve is what a copy leaves free, for whatever else the disk is for: a twentieth of it, at most 1 GB.
func reserve(fs unix.Statfs_t) int64 { return min(int64(fs.Blocks)*int64(fs.Bsize)/20, 1<<30) }

// measure counts what there is to copy, and refuses what there is no room for.
func (c *copying) measure(source, target *os.File) error {
	if err := c.count(source, 0); err != nil {
		return core.Errorf(core.CodeNotEffective, "cannot look at the site to copy: %w", err)
	}
	from, err := stat(source)
	if err != nil {
		return err
	}
	to, err := stat(target)
	if err != nil {
		return err
	}
	if from.Dev == to.Dev && c.clones(target) {
		return nil // it takes next to no room
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(target.Fd()), &fs); err != nil {
		return err
	}
	if room := int64(fs.Bavail)*int64(fs.Bsize) - reserve(fs); c.progress.TotalBytes > room {
		return core.Errorf(core.CodeUnavailable, "cannot copy the site: it needs %d MB, and the disk has %d MB for it",
			c.progress.TotalBytes>>20+1, max(0, room>>20))
	}
	return nil
}

// count adds up files and bytes.
func (c *copying) count(dir *os.File, depth int) error {
	return eachEntry(dir, depth, func(name string, st unix.Stat_t) error {
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			sub, err := openAt(dir, name, dirFlags, 0)
			if err != nil {
				return gone(err)
			}
			return errors.Join(c.count(sub, depth+1), sub.Close())
		case unix.S_IFREG:
			c.progress.TotalFiles++
			c.progress.TotalBytes += st.Size
		}
		return c.run.ctx.Err()
	})
}

// gone is nil for what was deleted, or became something else, while we looked.
func gone(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil
	}
	return err
}

const maxDepth = 128 // of directories; each takes two descriptors

// eachEntry calls f for everything in a directory, some hundred names in memory at a time.
func eachEntry(dir *os.File, depth int, f func(name string, st unix.Stat_t) error) error {
	if depth > maxDepth {
		return fmt.Errorf("%s is more than %d directories deep", dir.Name(), maxDepth)
	}
	if _, err := dir.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for {
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			var st unix.Stat_t
			switch err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); {
			case err == unix.ENOENT:
				continue
			case err != nil:
				return &os.PathError{Op: "stat", Path: dir.Name() + "/" + name, Err: err}
			}
			if err := f(name, st); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
