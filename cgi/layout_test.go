package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/lab"
)

// coreOf puts a core into the account: Debian's WordPress with a theme, or a tree of testdata with an installer.
func (s *site) coreOf(cms string) string {
	s.t.Helper()
	dir := filepath.Join(s.host.Home, "shared-cores", cms)
	if cms == "wordpress" {
		w := &wordPress{site: s, dir: dir}
		s.must(s.host.CopyWordPress(dir))
		w.write("wp-config.php", "<?php die('the configuration of the core');")
		w.write("wp-content/uploads/old.txt", "an upload of the core")
	} else {
		s.must(s.host.Install(filepath.Join("testdata", "trees", cms), "shared-cores", cms))
	}
	if cms == "joomla" {
		s.must(os.MkdirAll(filepath.Join(dir, "installation"), 0o755))
		s.must(os.WriteFile(filepath.Join(dir, "installation", "index.php"), []byte("<?php echo 'joomla installer';"), 0o644))
	}
	s.must(s.host.Chown(filepath.Dir(dir)))
	return dir
}

// fingerprint is what a tree holds, by name.
func (s *site) fingerprint(dir string) map[string]string {
	s.t.Helper()
	found := map[string]string{}
	s.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var text []byte
		if d.Type().IsRegular() {
			if text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		found[path] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(text))
		return nil
	}))
	return found
}

// layoutAnswer is what create says of the directory.
type layoutAnswer struct {
	Layout struct {
		Created bool
		Steps   []string
		Next    string
	}
	Instance struct {
		Prefix  string `json:"database_prefix"`
		Version string `json:"cms_version"`
	}
}

// laid creates an instance at a path of the docroot.
func (s *site) laid(id, cms, at string, more map[string]any) (*answer, layoutAnswer) {
	s.t.Helper()
	body := map[string]any{"instance_id": id, "instance_name": id, "cms_type": cms, "database_name": "x", "path_prefix": at,
		"domain": strings.TrimPrefix(s.host.URL, "http://"), "path": filepath.Join(s.host.Docroot, filepath.FromSlash(at))}
	maps.Copy(body, more)
	a := s.post("/instances/create.php", body)
	var out layoutAnswer
	if a.status == 201 {
		a.decode(&out)
	}
	return a, out
}

// TestLaidOutWordPress makes two sites of one core, and takes each from its installer to posts and the dashboard.
func TestLaidOutWordPress(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql", php: true}, {driver: "mysql", php: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.must(s.host.CachePHP())
			core := s.coreOf("wordpress")
			before := s.fingerprint(core)
			blog, shop := s.layWordPress("blog", "/blog/"), s.layWordPress("shop", "/deep/shop/")
			for _, w := range []*wordPress{blog, shop} {
				w.install()
				w.wantPages("laid out at "+w.at, w.laidPages())
				w.savePost("Saved at " + w.at)
				w.wantDashboard()
			}
			for _, w := range []*wordPress{blog, shop} {
				if a := w.visit("GET", w.at); !strings.Contains(string(a.body), "Saved at "+w.at) || strings.Count(string(a.body), "Saved at") != 1 {
					t.Errorf("%s shows %s", w.at, tail(string(a.body)))
				}
			}
			s.post("/instances/stop.php", map[string]any{"instance_id": "blog"}).want(200)
			blog.wantClosed("/blog/", "/blog/wp-login.php", "/blog/wp-includes/css/buttons.min.css", "/blog/wp-admin/images/wordpress-logo.svg")
			shop.wantPages("beside a stopped one", shop.laidPages()[:6])
			if after := s.fingerprint(core); !maps.Equal(before, after) {
				t.Error("the core was changed")
			}
			if strings.Contains(s.host.ErrorLog(), s.dbPass) {
				t.Error("the password is in the log")
			}
		})
	}
}

func (s *site) layWordPress(id, at string) *wordPress {
	s.t.Helper()
	w := &wordPress{site: s, dir: filepath.Join(s.host.Docroot, filepath.FromSlash(at)), at: at}
	w.file = filepath.Join(w.dir, ".htaccess")
	s.must(os.MkdirAll(filepath.Dir(w.dir), 0o755))
	s.must(s.host.Chown(s.host.Docroot))
	a, out := s.laid(id, "wordpress", at, map[string]any{"layout": true, "database_name": s.dbName, "database_prefix": id + "_",
		"database_user": s.dbUser, "database_password": s.dbPass, "database_host": "localhost:" + s.db.Socket})
	a.want(201)
	if steps := strings.Join(out.Layout.Steps, "\n"); !out.Layout.Created || !strings.Contains(steps, "reached the database") || out.Instance.Version == "" || out.Instance.Prefix != id+"_" ||
		!strings.Contains(out.Layout.Next, s.host.URL+at+"wp-admin/install.php") || bytes.Contains(a.body, []byte(s.dbPass)) {
		s.t.Errorf("create answers %s", a.body)
	}
	if info, err := os.Stat(filepath.Join(w.dir, "wp-config.php")); err != nil || info.Mode() != 0o600 {
		s.t.Errorf("wp-config.php is %v, %v", info, err)
	}
	if info, err := os.Stat(w.dir); err != nil || info.Mode().Perm() != 0o755 {
		s.t.Errorf("the directory is %v, %v", info, err)
	}
	for _, name := range []string{".vpm-new", "wp-content/uploads/old.txt"} {
		if _, err := os.Lstat(filepath.Join(w.dir, name)); err == nil {
			s.t.Errorf("%s is in the site", name)
		}
	}
	return w
}

// install runs WordPress's installer, with permalinks.
func (w *wordPress) install() {
	w.t.Helper()
	if a := w.visit("GET", w.at); a.status != 302 || a.header.Get("Location") != w.host.URL+w.at+"wp-admin/install.php" {
		w.t.Errorf("before the installer, %s answers %d %v", w.at, a.status, a.header)
	}
	w.must(w.host.SetUpWordPress(lab.WordPress{URL: w.host.URL + w.at, Title: "A blog at " + w.at, Password: adminPassword}))
	w.run(`switch_theme('plain'); update_option('permalink_structure', '/%postname%/'); $wp_rewrite->init(); flush_rewrite_rules(true);
		wp_upload_bits('paper.txt', null, 'a paper');`)
}

// laidPages are addresses of every kind that a site on a shared core has.
func (w *wordPress) laidPages() []page {
	pages := []page{
		{"", 200, "<title>A blog at"}, {"hello-world/", 200, "Hello world!"}, {"sample-page", 301, ""}, {"no-such-page/", 404, "<title>A blog at"},
		{"feed/", 200, "<rss"}, {"wp-json/wp/v2/posts", 200, "Hello world!"},
		{"wp-login.php", 200, "loginform"}, {"wp-login.php?action=lostpassword", 200, "lostpasswordform"},
		{"wp-admin/", 302, ""}, {"wp-admin", 301, ""}, {"wp-admin/install.php", 200, "Already Installed"}, {"wp-admin/upgrade.php", 200, "No Update Required"},
		{"wp-admin/setup-config.php", 409, "already exists"}, {"wp-admin/user/", 302, ""},
		{"wp-admin/admin-ajax.php", 400, ""}, {"wp-cron.php", 200, ""}, {"xmlrpc.php", 405, "XML-RPC"}, {"wp-comments-post.php", 405, ""},
		{"wp-load.php", 200, ""}, {"wp-settings.php", 500, ""}, {"wp-config.php", 200, ""}, {"wp-blog-header.php", 404, ""}, {"wp-links-opml.php", 200, "<opml"},
		{"wp-admin/load-styles.php?c=0&dir=ltr&load=buttons", 200, ".button"}, {"wp-admin/load-scripts.php?c=0&load=jquery-core", 200, "jQuery"},
		{"readme.html", 200, "WordPress"}, {"wp-content/themes/plain/style.css", 200, "Theme Name"},
		{"wp-includes/css/buttons.min.css?ver=6.1", 200, "button"}, {"wp-includes/version.php", 200, ""},
		{"wp-admin/css/login.min.css", 200, "login"}, {"wp-admin/images/wordpress-logo.svg", 200, "<svg"}, {"wp-admin/js/common.min.js", 200, "wp"},
	}
	for i := range pages {
		pages[i].path = w.at + pages[i].path
	}
	return pages
}

// wantDashboard opens pages of wp-admin as whoever is logged in, and sees that the core cannot be updated from there.
func (w *wordPress) wantDashboard() {
	w.t.Helper()
	for path, holds := range map[string]string{"index.php": "Dashboard", "edit.php": "Saved at", "post-new.php": "block-editor", "plugins.php": "Akismet",
		"themes.php": "Plain", "options-general.php": w.host.URL + w.at[:len(w.at)-1], "options-permalink.php": "/%postname%/", "upload.php": "Media",
		"users.php": "editor@example.org", "site-health.php": "Site Health", "plugin-install.php": "plugin-install", "profile.php": "editor@example.org"} {
		if a := w.browse("GET", "wp-admin/"+path, "", nil); a.status != 200 || !strings.Contains(string(a.body), holds) {
			w.t.Errorf("wp-admin/%s answers %d %v and has no %q: %s", path, a.status, a.header, holds, tail(string(a.body)))
		}
	}
	if out := w.run(`wp_set_current_user(1); foreach (['update_core', 'install_plugins', 'update_themes'] as $c) echo current_user_can($c) ? 'y' : 'n';
		echo apply_filters('auto_update_core', true, (object) []) ? 'y' : 'n', get_filesystem_method(), ' ', ABSPATH, ' ', WP_CONTENT_DIR;`); out != "nyyndirect "+w.dir+"/ "+w.dir+"/wp-content" {
		w.t.Errorf("WordPress says %q", out)
	}
}

// TestSetUpPageOfWordPress: without a database user, WordPress asks for it, and writes its configuration into the site.
func TestSetUpPageOfWordPress(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "mysql", php: true})
	s.must(s.host.CachePHP())
	s.coreOf("wordpress")
	a, out := s.laid("blog", "wordpress", "/blog", nil)
	a.want(201)
	if !out.Layout.Created || !strings.Contains(out.Layout.Next, "/blog/wp-admin/setup-config.php") {
		t.Errorf("create answers %s", a.body)
	}
	w := &wordPress{site: s, dir: filepath.Join(s.host.Docroot, "blog"), at: "/blog/"}
	if a := w.visit("GET", "/blog/"); a.status != 302 || a.header.Get("Location") != s.host.URL+"/blog/wp-admin/setup-config.php" {
		t.Errorf("/blog/ answers %d %v", a.status, a.header)
	}
	set := w.submit("wp-admin/setup-config.php?step=2", url.Values{"dbname": {s.dbName}, "uname": {s.dbUser}, "pwd": {s.dbPass},
		"dbhost": {"localhost:" + s.db.Socket}, "prefix": {"set_"}, "language": {""}, "submit": {"Submit"}})
	if set.status != 200 || !strings.Contains(string(set.body), "All right, sparky") {
		t.Fatalf("the set-up page answers %d %s", set.status, tail(string(set.body)))
	}
	w.install()
	w.wantPages("set up by its page", w.laidPages()[:8])

	for _, c := range []struct{ id, prefix, password, says string }{
		{"again", "set_", s.dbPass, "already has tables of that prefix"},
		{"wrong", "new_", "never said aloud", "refuses the site's user name or password"},
	} {
		a, out := s.laid(c.id, "wordpress", "/"+c.id, map[string]any{"database_name": s.dbName, "database_user": s.dbUser,
			"database_password": c.password, "database_host": "localhost:" + s.db.Socket, "database_prefix": c.prefix})
		if a.want(201); !out.Layout.Created || !strings.Contains(out.Layout.Next, c.says) || strings.Contains(string(a.body)+s.host.ErrorLog(), c.password) {
			t.Errorf("%s: %s", c.id, a.body)
		}
	}
}

// TestLaidOutCopies: Joomla and Drupal are copied without what belongs to one site, and their installers answer.
func TestLaidOutCopies(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite", php: true})
	for _, c := range []struct {
		cms, installer, says string
		gone, there          []string
	}{
		{"joomla", "installation/index.php", "joomla installer", []string{"configuration.php"}, []string{"index.php", ".htaccess", "media/system/css/system.css", "images/banner.svg"}},
		{"drupal", "core/install.php", "drupal installer", []string{"sites/default/settings.php", "sites/default/files"}, []string{"index.php", ".htaccess", "core/misc/drupal.js", "sites/default"}},
	} {
		core := s.coreOf(c.cms)
		before := s.fingerprint(core)
		a, out := s.laid(c.cms, c.cms, "/"+c.cms+"/", map[string]any{"layout": true})
		a.want(201)
		at := s.host.URL + "/" + c.cms + "/" + c.installer
		if !out.Layout.Created || !strings.Contains(out.Layout.Next, at) {
			t.Errorf("create answers %s", a.body)
		}
		if a := s.visit("GET", "/"+c.cms+"/"+c.installer); a.status != 200 || !strings.Contains(string(a.body), c.says) {
			t.Errorf("%s answers %d %s", at, a.status, a.body)
		}
		dir := filepath.Join(s.host.Docroot, c.cms)
		for _, name := range append(c.gone, ".vpm-new") {
			if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
				t.Errorf("%s of the core is in the site", name)
			}
		}
		for _, name := range c.there {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
		if !maps.Equal(before, s.fingerprint(core)) {
			t.Errorf("the core of %s was changed", c.cms)
		}
		if a, _ := s.laid(c.cms+"-user", c.cms, "/user/", map[string]any{"database_user": "u"}); a.status != 400 {
			t.Errorf("a database user for %s: %d %s", c.cms, a.status, a.body)
		}
	}
}
