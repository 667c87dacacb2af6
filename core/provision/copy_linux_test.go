package provision

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core"
)

// copier has a source and a target of its own.
func copier(t *testing.T) (c *copying, source, target string) {
	t.Helper()
	dir := t.TempDir()
	source, target = dir+"/source", dir+"/target"
	for _, d := range []string{source, target} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := Paths{Results: dir, UIDs: [2]int{40000, 59999}}
	r := &run{Paths: p, ctx: context.Background(), slug: "copy", owner: owner{54321, 54321}}
	return &copying{run: r, progress: &r.result.Copy}, source, target
}

func opened(t *testing.T, path string) *os.File {
	t.Helper()
	d, err := openDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCopyFollowsChanges(t *testing.T) {
	t.Parallel()
	c, source, target := copier(t)
	from, to := opened(t, source), opened(t, target)
	put(t, source+"/a/b/c.txt", "first")
	put(t, source+"/gone.txt", "x")
	put(t, source+"/kind", "a file")
	pass := func() int64 {
		t.Helper()
		c.changed, c.links = 0, map[inode]string{}
		if err := c.dir(from, to, "", 0); err != nil {
			t.Fatal(err)
		}
		return c.changed
	}
	if n := pass(); n != 3 {
		t.Errorf("the first pass copied %d files", n)
	}
	if n := pass(); n != 0 {
		t.Errorf("nothing has changed, and %d files were copied", n)
	}
	put(t, source+"/a/b/c.txt", "other")
	if err := os.Chtimes(source+"/a/b/c.txt", time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/gone.txt", "/kind"} {
		if err := os.Remove(source + name); err != nil {
			t.Fatal(err)
		}
	}
	put(t, source+"/kind/now a directory", "x")
	put(t, source+"/new", "new")
	if n := pass(); n != 4 {
		t.Errorf("%d changes were seen", n)
	}
	for name, want := range map[string]string{"/a/b/c.txt": "other", "/kind/now a directory": "x", "/new": "new"} {
		text, err := os.ReadFile(target + name)
		info, _ := os.Stat(target + name)
		was, _ := os.Stat(source + name)
		if err != nil || string(text) != want || info.Sys().(*syscall.Stat_t).Uid != 54321 || !info.ModTime().Equal(was.ModTime()) {
			t.Errorf("%s: %q, %v, %+v", name, text, err, info)
		}
	}
	if _, err := os.Lstat(target + "/gone.txt"); !os.IsNotExist(err) {
		t.Errorf("what was deleted is there: %v", err)
	}
}

// TestCopyOfChangingSite copies one that never is the same twice, and one whose names turn into links while it does.
func TestCopyOfChangingSite(t *testing.T) {
	t.Parallel()
	c, source, target := copier(t)
	outside := t.TempDir()
	put(t, outside+"/secret", "secret")
	for i := range 500 {
		put(t, fmt.Sprintf("%s/d%d/secret", source, i), "mine")
	}
	done, ended, counted := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() { // by itself, so that every pass finds a change
		defer close(counted)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			_ = os.WriteFile(source+"/counter", fmt.Append(nil, i), 0o644)
		}
	}()
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			d := fmt.Sprintf("%s/d%d", source, i%50)
			if os.Rename(d, source+"/.aside") == nil { // the tree as it is, and a link in its place for a moment
				_ = os.Symlink(outside, d)
				_ = os.Remove(d)
				_ = os.Rename(source+"/.aside", d)
			}
		}
	}()
	err := c.passes(opened(t, source), opened(t, target))
	close(done)
	<-ended
	<-counted
	if err != nil {
		t.Fatal(err)
	}
	if c.progress.Passes != maxPasses || len(c.run.result.Warnings) != 1 {
		t.Errorf("%d passes, %v", c.progress.Passes, c.run.result.Warnings)
	}
	err = filepath.WalkDir(target, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if text, _ := os.ReadFile(path); string(text) == "secret" {
				t.Errorf("%s is a copy of what is outside", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCopyTooDeep(t *testing.T) {
	t.Parallel()
	c, source, target := copier(t)
	put(t, source+strings.Repeat("/d", maxDepth+2)+"/f", "x")
	if err := c.measure(opened(t, source), opened(t, target)); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("a site without a bottom: %v", err)
	}
}

func TestLinksOutOfTheSite(t *testing.T) {
	t.Parallel()
	for link, want := range map[[2]string]bool{
		{"a", "b"}: true, {"a/b", "../c"}: true, {"a/b", "../../c"}: false, {"a", "/etc"}: false, {"a", ".."}: false, {"a", ""}: false,
		{"a/b", "./../x/../../y"}: false, {"a/b/c", "..//../x"}: true,
	} {
		if got := inside(link[0], link[1]); got != want {
			t.Errorf("%q: %t", link, got)
		}
	}
}

// TestWhereSitesMayLie has the home of one account opened to vpm by its administrator.
func TestWhereSitesMayLie(t *testing.T) {
	t.Parallel()
	p := DefaultPaths(fpm)
	p.MoreSources = t.TempDir()
	put(t, p.MoreSources+"/upload", "# of the panel\n\n/home/shop/*\n  /srv/*\n/opt/sites/[")
	for dir, want := range map[string]bool{"/home/a/public_html": true, "/home/a/public_html/x/y": true, "/home/a": false, "/home/a/.ssh": false, "/etc": false,
		"/home/a/instances/blog": false, "/home/a/domains/b.test/public_html": true, "/home/shop/instances/blog": true, "/home/shop/homedir/public_html": true,
		"/home/shop": false, "/home/shopper/x": false, "/srv/sites/x": true, "/srv/vpm": false, "/srv/vpm/blog/web/htdocs": false, "/opt/sites/x": false, "/": false} {
		if err := p.checkSourceAllowed(dir); (err == nil) != want || err != nil && core.CodeOf(err) != core.CodeForbidden {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if err := os.Symlink("nowhere", p.MoreSources+"/broken"); err != nil {
		t.Fatal(err)
	}
	if err := p.checkSourceAllowed("/home/a/public_html"); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("with a file that cannot be read: %v", err)
	}
}

// TestMakeDir meets what others may have put in the place of a directory.
func TestMakeDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent := opened(t, dir)
	elsewhere := t.TempDir()
	put(t, dir+"/file", "x")
	if err := unix.Mkfifo(dir+"/fifo", 0o666); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{os.Symlink(elsewhere, dir+"/link"), os.Mkdir(dir+"/theirs", 0o755), os.Chown(dir+"/theirs", 777, 777), os.Mkdir(dir+"/cut", 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, good := range map[string]bool{"fresh": true, "cut": true, "file": false, "fifo": false, "link": false, "theirs": false} {
		d, err := makeDir(parent, name, owner{54321, 54321}, 0o750)
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			st, err := stat(d)
			if err != nil || st.Uid != 54321 || st.Mode&0o7777 != 0o750 {
				t.Errorf("%s: %+v, %v", name, st, err)
			}
			d.Close()
		}
	}
	for _, path := range []string{elsewhere, dir + "/theirs", dir + "/file"} {
		info, err := os.Lstat(path)
		if err != nil || info.Sys().(*syscall.Stat_t).Uid == 54321 {
			t.Errorf("%s was given away: %v", path, err)
		}
	}
	if _, err := openDir(dir + "/link"); err == nil {
		t.Error("openDir follows a link")
	}
}
