package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// blog is a site in a directory of the docroot, with PHP, static files, a directory whose own .htaccess rewrites, and
// another site nested in it that nobody registered.
func (s *site) blog() (dir string) {
	s.t.Helper()
	dir = filepath.Join(s.host.Docroot, "blog")
	for name, text := range map[string]string{
		".htaccess":          wordPressRules,
		"index.php":          "<?php echo 'post ', $_SERVER['REQUEST_URI'];",
		"style.css":          "body{}",
		"wp-config.php":      "<?php // settings",
		"uploads/.htaccess":  "RewriteEngine On\nRewriteRule ^old\\.png$ new.png [L]\n",
		"uploads/new.png":    "PNG",
		"shop/wp-config.php": "<?php // settings of another site",
		"shop/index.php":     "<?php echo 'shop';",
		"shop/style.css":     "shop{}",
	} {
		s.must(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		s.must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	s.must(s.host.Chown(dir))
	address := strings.TrimPrefix(s.host.URL, "http://")
	s.post("/instances/create.php", map[string]any{"instance_id": "blog", "instance_name": "Blog", "cms_type": "wordpress",
		"domain": address, "path_prefix": "/blog/", "database_name": "blog", "path": dir}).want(201)
	return dir
}

var wordPressRules = strings.ReplaceAll(strings.ReplaceAll(wordPressRoot, "RewriteBase /\n", "RewriteBase /blog/\n"), "/index.php [L]", "/blog/index.php [L]")

// visit asks for a page of the host as a visitor does.
func (s *site) visit(method, path string) *answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.host.URL+path, nil)
	s.must(err)
	return s.send(req)
}

var blogPages = []string{"/blog/", "/blog/?p=1", "/blog/index.php", "/blog/a/permalink/", "/blog/style.css", "/blog/style.css?v=2",
	"/blog/uploads/new.png", "/blog/uploads/old.png", "/blog/missing.gif", "/blog/wp-config.php"}

func (s *site) wantClosed(paths ...string) {
	s.t.Helper()
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "HEAD"} {
			a := s.visit(method, path)
			if a.status != 503 || a.header.Get("Retry-After") == "" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Robots-Tag") != "noindex" {
				s.t.Errorf("%s %s of a stopped site: %d %v %.100s", method, path, a.status, a.header, a.body)
			}
		}
	}
}

func (s *site) wantOpen(paths ...string) {
	s.t.Helper()
	for _, path := range paths {
		if a := s.visit("GET", path); a.status == 503 {
			s.t.Errorf("GET %s is closed: %.200s", path, a.body)
		}
	}
}

// TestStopClosesTheSite: within the call, for every address of the site and no other.
func TestStopClosesTheSite(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite", php: true}, {driver: "mysql", php: true, fcgid: true}, {driver: "sqlite", php: true, mod: "cgi"}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			dir := s.blog()
			before, err := os.ReadFile(filepath.Join(dir, ".htaccess"))
			s.must(err)
			s.wantOpen(blogPages...)
			stop := s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "reason": "New <server> 100% 'soon'"}).want(200).like("stop")
			if stop.field("wanted") != "stopped" || stop.field("observed") != "stopped" || !strings.Contains(string(stop.body), `"how":"probe"`) ||
				!strings.Contains(string(stop.body), filepath.Join(dir, "shop")) {
				t.Errorf("stop answered %s", stop.body)
			}
			s.wantClosed(blogPages...)
			if page := s.visit("GET", "/blog/"); !strings.Contains(string(page.body), "New &#60;server&#62; 100&#37; ") {
				t.Errorf("the page for visitors is %s", tail(string(page.body)))
			}
			s.wantOpen("/blog/shop/", "/blog/shop/style.css", "/api/setup.php", "/vpm/")
			for _, read := range []string{"status", "monitor"} {
				a := s.get("/instances/" + read + ".php?instance_id=blog").want(200)
				if a.field("wanted") != "stopped" || a.field("observed") != "stopped" || a.field("drift") != false {
					t.Errorf("%s of the stopped site: %s", read, a.body)
				}
			}
			s.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200).like("start")
			s.wantOpen(blogPages...)
			if after, err := os.ReadFile(filepath.Join(dir, ".htaccess")); err != nil || string(after) != string(before) {
				t.Errorf("the .htaccess is not as it was: %v\n%s", err, after)
			}
			s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "include_nested": true}).want(200)
			s.wantClosed("/blog/shop/", "/blog/shop/style.css")
			s.post("/instances/delete.php", map[string]any{"instance_id": "blog"}).want(200)
			s.wantOpen(blogPages...)
		})
	}
}

// TestStopTheDocrootsSite must not lock anybody out of starting it.
func TestStopTheDocrootsSite(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.must(os.WriteFile(filepath.Join(s.host.Docroot, "index.html"), []byte("home"), 0o644))
		challenge := filepath.Join(s.host.Docroot, ".well-known", "acme-challenge")
		s.must(os.MkdirAll(challenge, 0o755))
		s.must(os.WriteFile(filepath.Join(challenge, "token"), []byte("proof"), 0o644))
		s.must(s.host.Chown(s.host.Docroot))
		s.post("/instances/create.php", map[string]any{"instance_id": "home", "instance_name": "Home", "cms_type": "native",
			"domain": strings.TrimPrefix(s.host.URL, "http://"), "database_name": "x", "path": s.host.Docroot}).want(201)
		s.post("/instances/stop.php", map[string]any{"instance_id": "home"}).want(200)
		s.wantClosed("/", "/index.html", "/missing", "/vpmx/", "/apix")
		s.wantOpen("/vpm/", "/vpm/app.js", "/.well-known/acme-challenge/token")
		s.get("/instances/list.php").want(200)
		s.post("/instances/start.php", map[string]any{"instance_id": "home"}).want(200)
		s.wantOpen("/", "/index.html")
		if _, err := os.Stat(filepath.Join(s.host.Docroot, ".htaccess")); err == nil {
			t.Error("the .htaccess that was made for the gate is still there")
		}
	})
}

// TestPlannedStop ends by itself though nothing runs, and the rows follow with the next change.
func TestPlannedStop(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite", php: true})
	s.blog()
	until := time.Now().Add(12 * time.Second).Truncate(time.Second) // a busy machine may take some of them for the stop and the visits
	s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "until": until.Format(time.RFC3339)}).want(200)
	s.wantClosed("/blog/", "/blog/style.css")
	s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "until": "tomorrow"}).want(400)
	s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "until": "2020-01-01T00:00:00Z"}).want(400)
	s.eventually("the site is open again", func() bool { return s.visit("GET", "/blog/style.css").status == 200 })
	if now := time.Now(); now.Before(until) {
		t.Errorf("open at %v, before %v", now, until)
	}
	st := s.get("/instances/status.php?instance_id=blog").want(200)
	if st.field("wanted") != "running" || st.field("status") != "running" {
		t.Errorf("after its time: %s", st.body)
	}
	again := s.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200)
	if again.field("changed") != false || again.field("pid") != st.field("pid") {
		t.Errorf("status said %s and start says %s", st.body, again.body)
	}
}

// TestStopThatCannotClose says so, and why, and stays wanted.
func TestStopThatCannotClose(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite", php: true})
	dir := s.blog()
	s.must(os.Chmod(filepath.Join(dir, ".htaccess"), 0o444))
	s.post("/instances/stop.php", map[string]any{"instance_id": "blog"}).want(409).says("not_effective", "read-only")
	st := s.get("/instances/status.php?instance_id=blog").want(200)
	if st.field("wanted") != "stopped" || st.field("observed") != "running" || st.field("drift") != true {
		t.Errorf("status of a site that could not be closed: %s", st.body)
	}
	s.must(os.Chmod(filepath.Join(dir, ".htaccess"), 0o644))
	s.get("/instances/status.php?instance_id=blog").want(200) // completes it
	s.wantClosed("/blog/")
	s.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200)

	// Visitors enter where no .htaccess of ours is read.
	s.must(os.WriteFile(filepath.Join(s.host.AliasDir, "index.html"), []byte("elsewhere"), 0o644))
	s.must(os.MkdirAll(filepath.Join(s.host.Home, "instances", "other"), 0o755))
	s.must(s.host.Chown(s.host.Home))
	other := map[string]any{"instance_id": "other", "instance_name": "x", "cms_type": "native", "database_name": "x",
		"domain": strings.TrimPrefix(s.host.URL, "http://"), "path_prefix": "/aliased/"}
	s.post("/instances/create.php", other).want(201)
	s.post("/instances/stop.php", map[string]any{"instance_id": "other"}).want(409).says("not_effective", "answered")
	if _, err := os.Stat(filepath.Join(s.host.Docroot, ".htaccess")); err == nil {
		t.Error("a gate that does nothing was left in the docroot")
	}
	if st := s.get("/instances/status.php?instance_id=other").want(200); st.field("wanted") != "stopped" || st.field("observed") != "running" {
		t.Errorf("status of a site that is not closed: %s", st.body)
	}
	s.post("/instances/stop.php", map[string]any{"instance_id": "other", "verify": false}).want(200)
	s.post("/instances/delete.php", map[string]any{"instance_id": "other"}).want(200)
	delete(other, "domain")
	other["path"] = filepath.Join(s.host.Home, "missing")
	other["layout"] = false // else the directory is made
	s.post("/instances/create.php", other).want(201)
	s.post("/instances/stop.php", map[string]any{"instance_id": "other"}).want(409).says("not_effective", "cannot find the directory")
	s.post("/instances/start.php", map[string]any{"instance_id": "other"}).want(200)
}

// TestSiteBesideTheDocroot is the original's layout: the instance's directory is not served, and its requests enter
// through the panel's docroot. The gate moves there once a probe has shown that, and is found there afterwards.
func TestSiteBesideTheDocroot(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite", php: true})
	own := filepath.Join(s.host.Home, "instances", "beside")
	for name, text := range map[string]string{filepath.Join(own, "index.php"): "<?php", filepath.Join(s.host.Docroot, "front", "index.php"): "<?php echo 'served';",
		filepath.Join(s.host.Docroot, "index.html"): "home"} {
		s.must(os.MkdirAll(filepath.Dir(name), 0o755))
		s.must(os.WriteFile(name, []byte(text), 0o644))
	}
	s.must(s.host.Chown(s.host.Home))
	s.post("/instances/create.php", map[string]any{"instance_id": "beside", "instance_name": "x", "cms_type": "native", "database_name": "x",
		"domain": strings.TrimPrefix(s.host.URL, "http://"), "path_prefix": "/front/"}).want(201)
	docroot := filepath.Join(s.host.Docroot, ".htaccess")
	for range 2 { // the second time the place is remembered
		stop := s.post("/instances/stop.php", map[string]any{"instance_id": "beside"}).want(200)
		if stop.field("observed") != "stopped" {
			t.Errorf("stop answered %s", stop.body)
		}
		s.wantClosed("/front/", "/front/index.php?x=1")
		s.wantOpen("/", "/index.html", "/vpm/", "/frontx")
		if _, err := os.Stat(filepath.Join(own, ".htaccess")); err == nil {
			t.Error("a gate is left in the directory where nobody enters")
		}
		s.post("/instances/start.php", map[string]any{"instance_id": "beside"}).want(200)
		s.wantOpen("/front/")
		if _, err := os.Stat(docroot); err == nil {
			t.Error("the docroot's .htaccess that was made for the gate is still there")
		}
	}
}
