package layout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"vpm/core"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// account is a home with cores and room for sites.
func account(t *testing.T) string {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, furnish(home))
	return home
}

// cores are files of small ones.
var cores = []string{
	"wordpress/index.php", "wordpress/wp-load.php", "wordpress/wp-settings.php", "wordpress/wp-config-sample.php", "wordpress/wp-config.php", "wordpress/.htaccess",
	"wordpress/readme.html", "wordpress/wp-admin/install.php", "wordpress/wp-admin/network/edit.php", "wordpress/wp-admin/css/a.css",
	"wordpress/wp-admin/includes/file.php", "wordpress/wp-includes/version.php", "wordpress/wp-content/themes/one/style.css", "wordpress/wp-content/uploads/old.png",
	"joomla/index.php", "joomla/administrator/index.php", "joomla/installation/index.php", "joomla/configuration.php", "joomla/cli/joomla.php",
	"drupal/index.php", "drupal/core/install.php", "drupal/.htaccess", "drupal/sites/default/default.settings.php", "drupal/sites/default/settings.php",
	"drupal/sites/default/files/.ht.sqlite", "drupal/sites/example.settings.local.php",
}

func furnish(home string) error {
	for _, name := range cores {
		path := filepath.Join(home, "shared-cores", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte("<?php // "+name), 0o666)); err != nil {
			return err
		}
	}
	return errors.Join(os.Mkdir(filepath.Join(home, "instances"), 0o755), os.Chmod(filepath.Join(home, "shared-cores/joomla/cli/joomla.php"), 0o777))
}

func siteOf(t *testing.T, home, cms string) Site {
	t.Helper()
	c, err := FindCore(filepath.Join(home, "shared-cores"), cms)
	must(t, err)
	return Site{Dir: filepath.Join(home, "instances", cms), Core: c}
}

// tree lists what is below dir: a directory's mode, a file's, where a link leads.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		if to, err := os.Readlink(path); err == nil {
			list = append(list, name+" -> "+to)
			return nil
		}
		info, err := d.Info()
		if err == nil {
			list = append(list, fmt.Sprintf("%s %o", name, info.Mode().Perm()))
		}
		return err
	}))
	slices.Sort(list)
	return list
}

func wantTree(t *testing.T, dir, want string) {
	t.Helper()
	if got := strings.Join(tree(t, dir), "\n"); got != strings.TrimSpace(want) {
		t.Errorf("%s holds\n%s\nwant\n%s", dir, got, want)
	}
}

func TestWordPressByLinks(t *testing.T) {
	t.Parallel()
	home := account(t)
	site := siteOf(t, home, "wordpress")
	site.Database = &Database{Name: "n", User: "u", Password: "p", Host: "h", Prefix: "wp_"}
	must(t, os.WriteFile(filepath.Join(home, "shared-cores/wordpress/wp-admin/network/help.html"), nil, 0o644))
	laid, err := Lay(t.Context(), site)
	must(t, err)
	laid.Keep()
	wantTree(t, filepath.Join(home, "instances"), `
wordpress 755
wordpress/index.php 644
wordpress/readme.html -> ../../shared-cores/wordpress/readme.html
wordpress/wp-admin 755
wordpress/wp-admin/css -> ../../../shared-cores/wordpress/wp-admin/css
wordpress/wp-admin/includes -> ../../../shared-cores/wordpress/wp-admin/includes
wordpress/wp-admin/install.php 644
wordpress/wp-admin/network 755
wordpress/wp-admin/network/edit.php 644
wordpress/wp-admin/network/help.html -> ../../../../shared-cores/wordpress/wp-admin/network/help.html
wordpress/wp-config-sample.php -> ../../shared-cores/wordpress/wp-config-sample.php
wordpress/wp-config.php 600
wordpress/wp-content 755
wordpress/wp-content/mu-plugins 755
wordpress/wp-content/mu-plugins/vpm-shared-core.php 644
wordpress/wp-content/plugins 755
wordpress/wp-content/themes 755
wordpress/wp-content/themes/one 755
wordpress/wp-content/themes/one/style.css 644
wordpress/wp-content/uploads 755
wordpress/wp-includes -> ../../shared-cores/wordpress/wp-includes
wordpress/wp-load.php 644
wordpress/wp-settings.php 644
`)
	for _, name := range []string{"readme.html", "wp-admin/css/a.css", "wp-includes/version.php"} {
		if text, err := os.ReadFile(filepath.Join(site.Dir, name)); err != nil || string(text) != "<?php // wordpress/"+name {
			t.Errorf("%s leads to %q, %v", name, text, err)
		}
	}
	// PHP runs the page of the core, for this site.
	core := filepath.Join(home, "shared-cores", "wordpress")
	must(t, os.WriteFile(filepath.Join(core, "wp-admin/network/edit.php"), []byte("<?php echo ABSPATH, ' ', __FILE__;"), 0o644))
	out, err := exec.Command("php", "-n", filepath.Join(site.Dir, "wp-admin/network/edit.php")).CombinedOutput()
	if want := site.Dir + "/ " + core + "/wp-admin/network/edit.php"; string(out) != want || err != nil {
		t.Errorf("the entry says %q, %v; want %q", out, err, want)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	home := account(t)
	for _, cms := range []string{"joomla", "drupal"} {
		laid, err := Lay(t.Context(), siteOf(t, home, cms))
		must(t, err)
		laid.Keep()
	}
	wantTree(t, filepath.Join(home, "instances"), `
drupal 755
drupal/.htaccess 644
drupal/core 755
drupal/core/install.php 644
drupal/index.php 644
drupal/sites 755
drupal/sites/default 755
drupal/sites/default/default.settings.php 644
drupal/sites/example.settings.local.php 644
joomla 755
joomla/administrator 755
joomla/administrator/index.php 644
joomla/cli 755
joomla/cli/joomla.php 755
joomla/index.php 644
joomla/installation 755
joomla/installation/index.php 644
`)
}

// TestCoreOfAnother is copied: a server that wants links and what they lead to to be of one owner would follow none.
func TestCoreOfAnother(t *testing.T) {
	t.Parallel()
	home := account(t)
	must(t, os.Lchown(filepath.Join(home, "shared-cores/wordpress/wp-includes"), 12345, 12345))
	site := siteOf(t, home, "wordpress")
	laid, err := Lay(t.Context(), site)
	must(t, err)
	laid.Keep()
	list := strings.Join(tree(t, site.Dir), "\n")
	for _, gone := range []string{"->", "wp-config.php", ".htaccess", "old.png", "vpm"} {
		if strings.Contains(list, gone) {
			t.Errorf("the copy has %s:\n%s", gone, list)
		}
	}
	if text, err := os.ReadFile(filepath.Join(site.Dir, "wp-includes/version.php")); err != nil || string(text) != "<?php // wordpress/wp-includes/version.php" {
		t.Errorf("wp-includes/version.php: %q, %v", text, err)
	}
}

func wantCode(t *testing.T, err error, code core.Code, says string) {
	t.Helper()
	if core.CodeOf(err) != code || !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %v; want %s with %q", err, code, says)
	}
}

func TestOccupied(t *testing.T) {
	t.Parallel()
	home := account(t)
	site := siteOf(t, home, "joomla")
	must(t, os.Mkdir(site.Dir, 0o755))
	must(t, os.WriteFile(filepath.Join(site.Dir, "index.html"), []byte("mine"), 0o644))
	_, err := Lay(t.Context(), site)
	wantCode(t, err, core.CodeConflict, "not empty")
	wantTree(t, filepath.Join(home, "instances"), "joomla 755\njoomla/index.html 644")
	for name, make := range map[string]func(string) error{
		"a file":            func(p string) error { return os.WriteFile(p, nil, 0o644) },
		"a link to nothing": func(p string) error { return os.Symlink("nowhere", p) },
		"a link to empty":   func(p string) error { return os.Symlink(t.TempDir(), p) },
		"laid out as another": func(p string) error {
			return errors.Join(os.Mkdir(p, 0o755), os.WriteFile(p+"/"+marker, []byte("drupal\n"), 0o644))
		},
	} {
		must(t, os.RemoveAll(site.Dir))
		must(t, make(site.Dir))
		if _, err := Lay(t.Context(), site); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("over %s: %v", name, err)
		}
	}
}

// TestUndo leaves what was there before: nothing, or an empty directory; and nothing of what was resumed is taken away.
func TestUndo(t *testing.T) {
	t.Parallel()
	home := account(t)
	site := siteOf(t, home, "joomla")
	for _, before := range []string{"", "joomla 755"} {
		if before != "" {
			must(t, os.Mkdir(site.Dir, 0o755))
		}
		laid, err := Lay(t.Context(), site)
		must(t, err)
		must(t, laid.Undo())
		wantTree(t, filepath.Join(home, "instances"), before)
	}
	laid, err := Lay(t.Context(), site)
	must(t, err)
	_, err = Lay(t.Context(), site)
	wantCode(t, err, core.CodeBusy, "another request")
	laid.Leave()
	again, err := Lay(t.Context(), site)
	must(t, err)
	if again.Installer != laid.Installer || !strings.Contains(again.Steps[0], "cut off") {
		t.Errorf("what was left is taken as %+v", again)
	}
	must(t, again.Undo())
	if at, err := Look(site.Dir); at != Interrupted || err != nil {
		t.Errorf("after the undoing of what was resumed: %v %v", at, err)
	}
}

// TestAtOnce has many lay out one site: one does, the others are told.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	home := account(t)
	site := siteOf(t, home, "drupal")
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []*Laid
	for range 12 {
		wg.Go(func() {
			laid, err := Lay(t.Context(), site)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, laid)
			} else if code := core.CodeOf(err); code != core.CodeBusy && code != core.CodeConflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d have laid it out", len(won))
	}
	won[0].Keep()
	entries, err := os.ReadDir(filepath.Join(home, "instances"))
	if len(entries) != 1 || err != nil {
		t.Errorf("left are %v, %v", entries, err)
	}
}

// TestLeftovers of the killed are removed, and nothing else.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	home := account(t)
	dir := filepath.Join(home, "instances")
	for _, name := range []string{".shop.vpm-new-77/wp-admin", ".shop.vpm-new-", ".shop.vpm-new-7a", "shop.vpm-new-7", ".shop.vpm-new-8"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	living, err := open(t.Context(), filepath.Join(dir, ".shop.vpm-new-8"))
	must(t, err)
	defer living.Close()
	must(t, os.Symlink(home, filepath.Join(dir, ".shop.vpm-new-9")))
	laid, err := Lay(t.Context(), siteOf(t, home, "joomla"))
	must(t, err)
	must(t, laid.Undo())
	wantTree(t, dir, ".shop.vpm-new- 755\n.shop.vpm-new-7a 755\n.shop.vpm-new-8 755\n.shop.vpm-new-9 -> "+home+"\nshop.vpm-new-7 755")
}

// ending is a context that ends after it was asked so many times.
type ending struct {
	context.Context
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// TestOutOfTime leaves nothing, whenever the time ends.
func TestOutOfTime(t *testing.T) {
	t.Parallel()
	home := account(t)
	for _, cms := range []string{"wordpress", "joomla", "drupal"} {
		site := siteOf(t, home, cms)
		for n := 0; ; n++ {
			laid, err := Lay(&ending{t.Context(), n}, site)
			if err == nil {
				must(t, laid.Undo())
				if n < 3 {
					t.Errorf("%s asks for the time %d times only", cms, n)
				}
				break
			}
			wantCode(t, err, core.CodeUnavailable, "longer than a request may")
			wantTree(t, filepath.Join(home, "instances"), "")
		}
	}
}

func TestBadCores(t *testing.T) {
	t.Parallel()
	home := account(t)
	all := filepath.Join(home, "shared-cores")
	_, err := FindCore(all, "native")
	wantCode(t, err, core.CodeNotFound, "native")
	_, err = FindCore(filepath.Join(home, "none"), "wordpress")
	wantCode(t, err, core.CodeNotFound, filepath.Join(home, "none", "wordpress"))
	must(t, os.Remove(filepath.Join(all, "drupal/core/install.php")))
	_, err = FindCore(all, "drupal")
	wantCode(t, err, core.CodeNotFound, "cannot find core/install.php")

	must(t, os.WriteFile(filepath.Join(home, "secret"), []byte("secret"), 0o600))
	for _, to := range []string{"../../secret", "/etc/passwd", "administrator", "nowhere", filepath.Join(all, "joomla/index.php")} {
		link := filepath.Join(all, "joomla", "link.php")
		must(t, os.Symlink(to, link))
		_, err := Lay(t.Context(), siteOf(t, home, "joomla"))
		wantCode(t, err, core.CodeUnavailable, "cannot copy link.php")
		must(t, os.Remove(link))
	}
	must(t, syscall.Mkfifo(filepath.Join(all, "joomla", "pipe"), 0o600))
	_, err = Lay(t.Context(), siteOf(t, home, "joomla"))
	wantCode(t, err, core.CodeUnavailable, "cannot copy pipe")
	must(t, os.Remove(filepath.Join(all, "joomla", "pipe")))
	wantTree(t, filepath.Join(home, "instances"), "")

	must(t, os.Symlink("index.php", filepath.Join(all, "joomla", "same.php")))
	site := siteOf(t, home, "joomla")
	laid, err := Lay(t.Context(), site)
	must(t, err)
	laid.Keep()
	if text, err := os.ReadFile(filepath.Join(site.Dir, "same.php")); string(text) != "<?php // joomla/index.php" || err != nil {
		t.Errorf("a link within the core became %q, %v", text, err)
	}
}
