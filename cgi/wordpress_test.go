package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// page is an address and what it answers to GET while its site is open.
type page struct {
	path   string
	status int
	holds  string // in the body
}

// neighbours is what must stay as it is while another site is stopped: addresses, and what they answered before.
type neighbours map[string]*answer

func (s *site) remember(paths ...string) neighbours {
	s.t.Helper()
	n := neighbours{}
	for _, path := range paths {
		n[path] = s.visit("GET", path)
	}
	return n
}

func (s *site) wantSame(state string, n neighbours) {
	s.t.Helper()
	for path, before := range n {
		if a := s.visit("GET", path); a.status != before.status || !bytes.Equal(a.body, before.body) {
			s.t.Errorf("%s: GET %s of another site answers %d %.200s\nbefore: %d %.200s", state, path, a.status, a.body, before.status, before.body)
		}
		if a := s.visit("HEAD", path); a.status != before.status {
			s.t.Errorf("%s: HEAD %s of another site answers %d, before: %d", state, path, a.status, before.status)
		}
	}
}

// wantPages checks an open site: GET of every page, and HEAD and POST in turn. What GET and HEAD answer must agree;
// POST must only reach the site.
func (s *site) wantPages(state string, pages []page) {
	s.t.Helper()
	for i, p := range pages {
		s.wantPage(state, "GET", p)
		s.wantPage(state, []string{"HEAD", "POST"}[(i+len(state))%2], p)
	}
}

func (s *site) wantPage(state, method string, p page) {
	s.t.Helper()
	a := s.visit(method, p.path)
	switch {
	case method != "POST" && a.status != p.status:
		s.t.Errorf("%s: %s %s answers %d, want %d\n%.300s", state, method, p.path, a.status, p.status, a.body)
	case method == "GET" && !strings.Contains(string(a.body), p.holds):
		s.t.Errorf("%s: %s %s has no %q: %.300s", state, method, p.path, p.holds, a.body)
	case a.status == 503 || a.header.Get("Retry-After") != "":
		s.t.Errorf("%s: %s %s is closed: %d %v", state, method, p.path, a.status, a.header)
	}
}

// wantAllClosed checks that each address answers with one and the same page, and nothing else.
func (s *site) wantAllClosed(state, retryAfter, body string, pages []page) {
	s.t.Helper()
	for _, p := range pages {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT", "GET of what a browser has"} {
			s.wantOneClosed(state, retryAfter, body, method, p.path)
		}
	}
}

func (s *site) wantOneClosed(state, retryAfter, body, method, path string) {
	s.t.Helper()
	if method == "HEAD" {
		body = ""
	}
	verb, again, _ := strings.Cut(method, " ")
	req, err := http.NewRequest(verb, s.host.URL+path, nil)
	s.must(err)
	if again != "" {
		req.Header = http.Header{"If-None-Match": {"*"}, "If-Modified-Since": {time.Now().UTC().Format(http.TimeFormat)}, "Range": {"bytes=0-9"}}
	}
	a := s.send(req)
	for name, want := range map[string]string{"Retry-After": retryAfter, "Cache-Control": "no-store", "X-Robots-Tag": "noindex",
		"Set-Cookie": "", "Location": "", "Link": "", "X-Powered-By": "", "X-Pingback": "", "Expires": ""} {
		if got := strings.Join(a.header.Values(name), " and "); got != want {
			s.t.Errorf("%s: %s %s answers %d with %s: %q, want %q", state, method, path, a.status, name, got, want)
		}
	}
	if a.status != 503 || string(a.body) != body {
		s.t.Errorf("%s: %s %s answers %d %.400s", state, method, path, a.status, a.body)
	}
}

// wantPanel checks that people can still get at the panel.
func (s *site) wantPanel(state string) {
	s.t.Helper()
	s.get("/instances/list.php").want(200)
	for _, path := range []string{"/vpm/", "/vpm/app.js", "/api/setup.php"} {
		if a := s.visit("GET", path); a.status != 200 {
			s.t.Errorf("%s: GET %s of the panel answers %d %.200s", state, path, a.status, a.body)
		}
	}
}

// wordPress is Debian's WordPress in a directory of the docroot, installed by its own installer.
type wordPress struct {
	*site
	dir  string
	at   string // the path that visitors see: / or /blog/
	jar  http.CookieJar
	file string // its .htaccess
}

// superCache is in the form that page caches of WordPress write, for a site at the path in it.
const superCache = `# BEGIN WPSuperCache
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteBase AT
AddDefaultCharset UTF-8
RewriteCond %{REQUEST_URI} !^.*[^/]$
RewriteCond %{REQUEST_URI} !^.*//.*$
RewriteCond %{REQUEST_METHOD} !POST
RewriteCond %{QUERY_STRING} ^$
RewriteCond %{HTTP:Cookie} !^.*(comment_author_|wordpress_logged_in|wp-postpass_).*$
RewriteCond %{DOCUMENT_ROOT}ATwp-content/cache/supercache/%{SERVER_NAME}AT$1/index.html -f
RewriteRule ^(.*) "ATwp-content/cache/supercache/%{SERVER_NAME}AT$1/index.html" [L]
</IfModule>
# END WPSuperCache

`

// installWordPress installs one at a path, with permalinks, an upload beside rules of its own, and a page in a cache.
func (s *site) installWordPress(at string) *wordPress {
	s.t.Helper()
	s.must(s.host.CachePHP())
	dir := filepath.Join(s.host.Docroot, filepath.FromSlash(at))
	w := &wordPress{site: s, dir: dir, at: at, file: filepath.Join(dir, ".htaccess")}
	s.must(s.host.InstallWordPress(dir, lab.WordPress{Database: s.ownDatabase(), Prefix: "wp" + strings.ReplaceAll(at, "/", "_"), URL: s.host.URL + at,
		Title: "A blog at " + at, Password: adminPassword}))
	w.run(`update_option('permalink_structure', '/%postname%/'); $wp_rewrite->init(); flush_rewrite_rules(true);
		wp_upload_bits('photo.png', null, 'a photo'); wp_upload_bits('paper.txt', null, 'a paper');`)
	if !strings.Contains(w.htaccess(), "# BEGIN WordPress\n") {
		s.t.Fatalf("WordPress has written this .htaccess: %q", w.htaccess())
	}
	s.must(os.WriteFile(w.file, []byte(strings.ReplaceAll(superCache, "AT", at)+w.htaccess()), 0o644))
	w.write("wp-content/uploads/.htaccess", "RewriteEngine On\nRewriteRule ^old\\.png$ new.png [L]\n")
	w.write("wp-content/uploads/new.png", "a new picture")
	w.write("wp-content/cache/supercache/127.0.0.1"+at+"hello-world/index.html", "a cached page")
	s.must(s.host.Chown(dir))
	return w
}

func (w *wordPress) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte(text), 0o644))
}

func (w *wordPress) htaccess() string {
	w.t.Helper()
	text, err := os.ReadFile(w.file)
	w.must(err)
	return string(text)
}

// run runs PHP within WordPress as the account's php-cgi does, from outside of the docroot, where no gate is.
func (w *wordPress) run(code string) string {
	w.t.Helper()
	name := fmt.Sprintf("run%d.php", time.Now().UnixNano()) // PHP's cache goes by names, and by the second
	path := filepath.Join(w.host.AliasDir, name)
	text := fmt.Sprintf("<?php require '%s/wp-load.php'; require ABSPATH . 'wp-admin/includes/file.php'; require ABSPATH . 'wp-admin/includes/misc.php'; %s echo 'done';", w.dir, code)
	w.must(os.WriteFile(path, []byte(text), 0o644))
	w.must(w.host.Chown(path))
	defer os.Remove(path)
	a := w.visit("GET", "/aliased/"+name)
	out, finished := strings.CutSuffix(string(a.body), "done")
	if a.status != 200 || !finished {
		w.t.Fatalf("WordPress runs %q and answers %d %s", code, a.status, a.body)
	}
	return out
}

// submit sends a form, and the cookies of whoever is logged in.
func (w *wordPress) submit(path string, form url.Values) *answer {
	w.t.Helper()
	return w.browse("POST", path, form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (w *wordPress) browse(method, path, body string, header http.Header) *answer {
	w.t.Helper()
	req, err := http.NewRequest(method, w.host.URL+w.at+path, strings.NewReader(body))
	w.must(err)
	for name, values := range header {
		req.Header[name] = values
	}
	if w.jar == nil {
		w.jar, err = cookiejar.New(nil)
		w.must(err)
	}
	for _, cookie := range w.jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	a := w.send(req)
	w.jar.SetCookies(req.URL, (&http.Response{Header: a.header}).Cookies())
	return a
}

// savePost logs in, saves a post, and reads it as a visitor.
func (w *wordPress) savePost(title string) {
	w.t.Helper()
	w.browse("GET", "wp-login.php", "", nil) // sets the cookie by which WordPress sees that cookies work
	login := w.submit("wp-login.php", url.Values{"log": {"editor"}, "pwd": {adminPassword}, "testcookie": {"1"}})
	if login.status != 302 {
		w.t.Fatalf("the login of WordPress answers %d %s", login.status, login.body)
	}
	if a := w.browse("GET", "wp-admin/profile.php", "", nil); a.status != 200 || !strings.Contains(string(a.body), "editor@example.org") {
		w.t.Errorf("the profile page of WordPress answers %d %s", a.status, tail(string(a.body)))
	}
	nonce := w.browse("GET", "wp-admin/admin-ajax.php?action=rest-nonce", "", nil)
	saved := w.browse("POST", "wp-json/wp/v2/posts", fmt.Sprintf(`{"title":%q,"content":"Saved.","status":"publish"}`, title),
		http.Header{"Content-Type": {"application/json"}, "X-Wp-Nonce": {string(nonce.body)}})
	var post struct{ Link string }
	if saved.status != 201 || json.Unmarshal(saved.body, &post) != nil || !strings.HasPrefix(post.Link, w.host.URL) {
		w.t.Fatalf("WordPress saves a post with %d %s", saved.status, saved.body)
	}
	if a := w.visit("GET", strings.TrimPrefix(post.Link, w.host.URL)); a.status != 200 || !strings.Contains(string(a.body), title) {
		w.t.Errorf("the new post %s is answered %d %s", post.Link, a.status, a.body)
	}
}

// pages are addresses of this WordPress of every kind.
func (w *wordPress) pages() []page {
	month := time.Now().UTC().Format("2006/01")
	pages := []page{
		// by rewrite rules and PHP
		{"", 200, "<title>A blog at"},
		{"?vpm=1", 200, "<title>A blog at"},
		{"?p=1", 301, ""},
		{"?s=hello", 200, "Hello world!"},
		{"?rest_route=/", 200, `"namespaces"`},
		{"sample-page/", 200, "Sample Page"},
		{"sample-page", 301, ""},
		{"category/uncategorized/", 200, "Hello world!"},
		{"no-such-page/", 404, "<title>A blog at"},
		{"feed/", 200, "<rss"},
		{"wp-json/", 200, `"namespaces"`},
		{"wp-json/wp/v2/posts", 200, "Hello world!"},
		{"wp-sitemap.xml", 501, "wp_die"}, // Debian has PHP's SimpleXML in another package
		{"no-such-directory/page.php", 404, ""},
		// from the cache, by rewrite rules alone
		{"hello-world/", 200, "a cached page"},
		{"hello-world/?x=1", 200, "Hello world!"},
		{"wp-content/cache/supercache/127.0.0.1" + w.at + "hello-world/index.html", 200, "a cached page"},
		// PHP by its own name
		{"index.php", 301, ""},
		{"index.php?s=hello", 200, "Hello world!"},
		{"index.php/sample-page/", 301, ""},
		{"wp-login.php", 200, "loginform"},
		{"wp-login.php?action=lostpassword", 200, "lostpasswordform"},
		{"wp-admin/", 302, ""},
		{"wp-admin/index.php", 302, ""},
		{"wp-admin/install.php", 200, "Already Installed"},
		{"wp-admin/admin-ajax.php", 400, ""},
		{"wp-cron.php", 200, ""},
		{"xmlrpc.php", 405, "XML-RPC"},
		{"wp-config.php", 200, ""},
		{"wp-comments-post.php", 405, ""},
		{"wp-includes/version.php", 200, ""},
		{"%77p-login.php", 200, "loginform"},
		{"wp-admin/../wp-login.php", 200, "loginform"},
		{"no-such-file.php", 404, ""},
		// static files
		{"readme.html", 200, "WordPress"},
		{"readme.html?v=2", 200, "WordPress"},
		{"wp-content/themes/plain/style.css", 200, "Theme Name"},
		{"wp-content/themes/plain/style.css?ver=6.1", 200, "Theme Name"},
		{"wp-includes/js/jquery/jquery.min.js", 200, "jQuery"},
		{"wp-includes/css/buttons.min.css", 200, "button"},
		{"wp-includes/images/blank.gif", 200, "GIF"},
		{"wp-admin/css/login.min.css", 200, "login"},
		{"wp-admin/images/wordpress-logo.svg", 200, "<svg"},
		{"wp-content/no-such-file.css", 404, ""},
		// below a directory with rewrite rules of its own
		{"wp-content/uploads/new.png", 200, "a new picture"},
		{"wp-content/uploads/old.png", 200, "a new picture"},
		{"wp-content/uploads/" + month + "/photo.png", 200, "a photo"},
		{"wp-content/uploads/" + month + "/paper.txt?download", 200, "a paper"},
		{"wp-content/uploads/" + month + "/", 200, "photo.png"},
		{"wp-content/uploads/" + month, 301, ""},
		{"wp-content/uploads/no-such-file.png", 404, ""},
	}
	for i := range pages {
		pages[i].path = w.at + pages[i].path
	}
	return append(pages, page{"/~acct" + w.at + "readme.html", 200, "WordPress"})
}

// register makes an instance of what is at a path.
func (s *site) register(id, cms, at string) {
	s.t.Helper()
	s.post("/instances/create.php", map[string]any{"instance_id": id, "instance_name": id, "cms_type": cms, "database_name": id, "path_prefix": at,
		"domain": strings.TrimPrefix(s.host.URL, "http://"), "path": filepath.Join(s.host.Docroot, filepath.FromSlash(at))}).want(201)
}

// tree puts a tree of testdata at a path.
func (s *site) tree(name, at string) {
	s.t.Helper()
	s.must(s.host.Install(filepath.Join("testdata", "trees", name), "public_html", filepath.FromSlash(strings.Trim(at, "/"))))
}

// outside is a file without the marked block. The block ends with its newline.
func outside(t *testing.T, text string) string {
	t.Helper()
	before, rest, begins := strings.Cut(text, "# BEGIN vpm ")
	_, rest, ends := strings.Cut(rest, "# END vpm ")
	_, after, whole := strings.Cut(rest, "\n")
	if !begins || !ends || !whole {
		t.Fatalf("no gate is in %q", text)
	}
	return before + after
}

// TestWordPress stops and starts a real one, beside others that must not notice.
func TestWordPress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		st stack
		at string
	}{{stack{driver: "mysql", php: true}, "/blog/"}, {stack{driver: "mysql", php: true, fcgid: true}, "/"}} {
		t.Run(c.st.String()+"/at"+strings.Trim(strings.ReplaceAll(c.at, "/", "-"), "-"), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.st)
			w := s.installWordPress(c.at)
			s.tree("joomla", c.at+"forum/")
			s.tree("drupal", c.at+"sub/dir/shop/")
			s.register("blog", "wordpress", c.at)
			s.register("forum", "joomla", c.at+"forum/")
			others := []string{"forum/", "forum", "forum/a/page", "forum/images/old.svg", "forum/administrator/", "forum/moved", "forum/no/such.css",
				"sub/dir/shop/", "sub/dir/shop", "sub/dir/shop/node/1", "sub/dir/shop/core/misc/drupal.js?v=1", "sub/dir/shop/sites/default/files/old.txt",
				"sub/dir/shop/composer.json", "sub/dir/shop/install.php"}
			for i := range others {
				others[i] = c.at + others[i]
			}
			if c.at == "/" {
				second := s.installWordPress("/second/")
				others = append(others, "/second/", "/second/sample-page/", "/second/hello-world/", "/second/wp-login.php", "/second/wp-content/uploads/old.png",
					"/second/wp-admin/", "/second/no-such-page/", "/second/readme.html", "/second/wp-json/wp/v2/posts", "/second")
				defer second.savePost("The second goes on")
			}
			w.stopAndStart(s.remember(others...))
		})
	}
}

func (w *wordPress) stopAndStart(others neighbours) {
	w.t.Helper()
	pages := w.pages()
	w.wantPages("running", pages)
	w.wantMeasured()
	rules := w.htaccess()

	stop := w.post("/instances/stop.php", map[string]any{"instance_id": "blog", "reason": "Moving <house> at 100%"}).want(200)
	if stop.field("observed") != "stopped" || !strings.Contains(string(stop.body), `"how":"probe"`) || !strings.Contains(string(stop.body), filepath.Join(w.dir, "sub/dir/shop")) {
		w.t.Errorf("stop answers %s", stop.body)
	}
	closed := string(w.visit("GET", w.at).body)
	if !strings.Contains(closed, "Moving &#60;house&#62; at 100&#37;") || strings.Contains(closed, "A blog at") {
		w.t.Errorf("visitors read %s", closed)
	}
	w.wantAllClosed("stopped", "3600", closed, pages)
	w.wantSame("stopped", others)
	w.wantPanel("stopped")
	cookie := w.bypassLink("blog")
	w.wantPagesWith("bypass", cookie, pages)
	w.wantAllClosed("stopped, for those without the link", "3600", closed, pages[:8])
	w.wantSame("bypass", others)
	if got := outside(w.t, w.htaccess()); got != rules {
		w.t.Errorf("around the gate:\n%s\nwas:\n%s", got, rules)
	}

	// WordPress writes its rules anew meanwhile.
	w.run(`add_rewrite_rule('^go/([0-9]+)/?$', 'readme.html?n=$1', 'top'); flush_rewrite_rules(true);`)
	rewritten := outside(w.t, w.htaccess())
	if rewritten == rules || !strings.Contains(rewritten, "go/([0-9]+)") {
		w.t.Fatalf("WordPress did not write its rules anew: %s", rewritten)
	}
	if st := w.get("/instances/status.php?instance_id=blog").want(200); st.field("drift") != false || st.field("observed") != "stopped" {
		w.t.Errorf("after WordPress wrote its rules around the gate, status is %s", st.body)
	}
	w.wantAllClosed("stopped, with new rules", "3600", closed, append([]page{{path: w.at + "go/5"}}, pages[:4]...))

	// A plugin writes the whole file, without the gate. Stopping again puts it back.
	w.run(fmt.Sprintf(`file_put_contents(ABSPATH . '.htaccess', base64_decode('%s'));`, base64.StdEncoding.EncodeToString([]byte(rewritten))))
	if st := w.get("/instances/status.php?instance_id=blog").want(200); st.field("drift") != true || st.field("wanted") != "stopped" || st.field("observed") != "running" {
		w.t.Errorf("after the gate was overwritten, status is %s", st.body)
	}
	w.post("/instances/stop.php", map[string]any{"instance_id": "blog"}).want(200)
	w.wantClosed(w.at, w.at+"readme.html", w.at+"hello-world/", w.at+"wp-content/uploads/old.png")

	w.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200)
	if got := w.htaccess(); got != rewritten {
		w.t.Errorf("after the start:\n%s\nWordPress wrote:\n%s", got, rewritten)
	}
	w.wantPages("started again", append(pages, page{w.at + "go/5", 200, "WordPress"}))
	w.wantSame("started again", others)
	w.savePost("Saved after the start")
	w.untilItEnds(pages, others)
}

// untilItEnds stops for some seconds, with a page of the site's own.
func (w *wordPress) untilItEnds(pages []page, others neighbours) {
	w.t.Helper()
	const own = "<!doctype html><title>Back soon</title>"
	w.write("vpm-stopped.html", own)
	rules := w.htaccess()
	until := time.Now().Add(12 * time.Second).Truncate(time.Second) // a busy machine may take some of them for the stop
	w.post("/instances/stop.php", map[string]any{"instance_id": "blog", "until": until.Format(time.RFC3339)}).want(200)
	retryAfter := until.UTC().Format(http.TimeFormat)
	tried := 0
	for i := 0; time.Until(until) > 3*time.Second; i++ { // a request takes some milliseconds, and more where there is much to do
		p := append(pages, page{path: w.at + "vpm-stopped.html"})[i*7%(len(pages)+1)]
		w.wantOneClosed("stopped for a time", retryAfter, own, []string{"GET", "HEAD", "POST", "GET of what a browser has"}[i%4], p.path)
		tried++
	}
	if tried < 10 {
		w.t.Errorf("only %d requests met the gate before its end", tried)
	}
	w.eventually("the site is open again", func() bool { return w.visit("GET", w.at+"readme.html").status == 200 })
	if now := time.Now(); now.Before(until) {
		w.t.Errorf("open at %v, before %v", now, until)
	}
	for i, p := range pages {
		w.wantPage("after its time", []string{"GET", "HEAD", "POST"}[i%3], p)
	}
	w.wantSame("after its time", others)
	w.run(`flush_rewrite_rules(true);`) // without the rule for go/, while the ended gate still is in the file
	w.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200)
	if got := w.htaccess(); strings.Contains(got, "vpm") || strings.Contains(got, "go/(") || len(got) >= len(rules) {
		w.t.Errorf("after its time and a start:\n%s", got)
	}
	w.savePost("Saved after its time")
}

// TestStockRules stops sites with the rules that Joomla and Drupal ship, each in the docroot with the other below it.
func TestStockRules(t *testing.T) {
	t.Parallel()
	joomla := []page{{"", 200, "joomla page"}, {"index.php", 200, "joomla page"}, {"index.php/an/article", 200, "joomla page"}, {"an/article?x=1", 200, "joomla page"},
		{"no/such.css", 200, "joomla page"}, {"administrator/", 200, "joomla administration"}, {"administrator/index.php?option=com_login", 200, "joomla administration"},
		{"administrator", 301, ""}, {"media/system/css/system.css", 200, "darkgreen"}, {"media/system/css/system.css?v=1", 200, "darkgreen"},
		{"images/banner.svg", 200, "joomla banner"}, {"images/old.svg", 200, "joomla banner"}, {"images/", 200, "<title>"}, {"images/no-such.svg", 404, ""},
		{"LICENSE.txt", 200, "joomla licence"}, {"configuration.php", 200, ""}, {"moved", 301, ""}, {"?x=base64_encode(1)", 403, ""},
		{"media/", 403, ""}, {"component/users/?view=login", 200, "joomla page"}}
	drupal := []page{{"", 200, "drupal page"}, {"index.php", 200, "drupal page"}, {"index.php/node/1", 200, "drupal page"}, {"node/1?x=1", 200, "drupal page"},
		{"user/login", 200, "drupal page"}, {"no/such.css", 200, "drupal page"}, {"install.php", 301, ""}, {"core/install.php", 200, "drupal installer"},
		{"core/misc/drupal.js", 200, "var drupal"}, {"core/misc/drupal.js?v=1", 200, "var drupal"}, {"core", 301, ""}, {"core/", 403, ""},
		{"sites/default/files/note.txt", 200, "drupal upload"}, {"sites/default/files/old.txt", 200, "drupal upload"}, {"sites/default/files/no-such.txt", 404, ""},
		{"sites/default/files/evil.php", 200, "never run"}, {"sites/default/settings.php", 200, ""}, {"README.txt", 200, "drupal readme"}}
	for _, c := range []struct {
		name, below        string
		pages, belowsPages []page
		refused            []string // by the server or the rules before any gate
	}{
		{"joomla", "drupal", joomla, drupal, []string{"/.htaccess"}},
		{"drupal", "joomla", drupal, joomla, []string{"/.htaccess", "/composer.json", "/.hidden/x", "/modules/views/views.info.yml", "/no-such.sql"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, stack{driver: "sqlite", php: true})
			s.tree(c.name, "/")
			s.tree(c.below, "/below/")
			s.register("above", c.name, "/")
			var others []string
			for _, p := range c.belowsPages {
				if p.status != 404 { // Drupal's rules have the index.php of the docroot answer those, on whichever side they are
					others = append(others, "/below/"+p.path)
				}
			}
			var pages []page
			for _, p := range c.pages {
				p.path = "/" + p.path
				pages = append(pages, p)
			}
			rules, err := os.ReadFile(filepath.Join("testdata", "trees", c.name, ".htaccess"))
			s.must(err)
			same := s.remember(append(others, c.refused...)...)
			for _, own := range []string{"", "<!doctype html><title>Back soon</title>"} {
				if own != "" {
					s.must(os.WriteFile(filepath.Join(s.host.Docroot, "vpm-stopped.html"), []byte(own), 0o644))
				}
				s.wantPages("running, with the page "+own, pages)
				s.post("/instances/stop.php", map[string]any{"instance_id": "above"}).want(200)
				body := own
				if own == "" {
					body = string(s.visit("GET", "/").body)
				}
				s.wantAllClosed("stopped", "3600", body, pages)
				s.wantSame("stopped", same)
				s.wantPanel("stopped")
				s.post("/instances/start.php", map[string]any{"instance_id": "above"}).want(200)
				s.wantPages("started again", pages)
				s.wantSame("started again", same)
				if now, err := os.ReadFile(filepath.Join(s.host.Docroot, ".htaccess")); err != nil || !bytes.Equal(now, rules) {
					t.Errorf("the .htaccess is not as it was: %v\n%s", err, now)
				}
			}
		})
	}
}
