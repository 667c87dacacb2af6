package vpstest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"vpm/scripts/apispec"
	"vpm/scripts/vpslab"
)

// server is a VPS on which somebody runs sites as on a shared host.
type server struct {
	*vpslab.VPS
	t      *testing.T
	client *http.Client // where the sites are answered
	token  string
	// limitsAfterBoot wants the limits that were set to count still.
	limitsAfterBoot func()
}

const (
	docroot  = vpslab.Docroot
	original = docroot + "/blog"
	password = "correct horse battery"
)

// page tells whose PHP it is, and from where.
const page = `<?php header('Content-Type: application/json');
echo json_encode(['owner' => get_current_user(), 'uid' => posix_geteuid(), 'file' => __FILE__, 'uri' => $_SERVER['REQUEST_URI']]);`

// boot starts a server with nothing on it.
func boot(t *testing.T) *server {
	t.Helper()
	v := vpslab.New(t, vpslab.Options{})
	return &server{VPS: v, t: t, client: v.HTTPClient()}
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := boot(t)
	for from, to := range map[string]string{uploaded: docroot + "/api/vpm.cgi", program: "/opt/vpm", "../../public_html/api/.htaccess": docroot + "/api/.htaccess"} {
		if err := s.CopyIn(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range map[string]string{original + "/index.php": page, original + "/style.css": "body { color: black }\n",
		original + "/.htaccess": "Redirect 301 /blog/old /blog/new\n", docroot + "/index.html": "the shop", "/srv/other/index.html": "another"} {
		if err := s.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.sh("chmod 755 " + docroot + "/api/vpm.cgi")
	if err := s.SharedHost(s.limited()); err != nil {
		t.Fatal(err)
	}
	s.sh("systemctl restart apache2") // after a reload its old processes answer for a moment
	return s
}

func (s *server) limited() context.Context {
	return vpslab.Limited(s.t)
}

// sh runs a script as root.
func (s *server) sh(script string) string {
	s.t.Helper()
	return s.Script(s.t, script)
}

// answer is what a URL says.
type answer struct {
	status int
	header http.Header
	fields map[string]any
	text   string
}

func (a answer) String() string { return fmt.Sprintf("%d %.600s", a.status, a.text) }

func (s *server) get(url string) answer {
	s.t.Helper()
	return s.send("GET", url, nil)
}

func (s *server) send(method, url string, body any) answer {
	s.t.Helper()
	a, err := s.ask(s.limited(), method, url, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// ask is send for goroutines beside the test's.
func (s *server) ask(ctx context.Context, method, url string, body any) (answer, error) {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, text)
	if err != nil {
		return answer{}, err
	}
	if s.token != "" {
		r.Header.Set("X-Auth-Token", s.token)
	}
	got, err := apispec.Do(s.client, r)
	if got.Status == 0 {
		return answer{}, err
	}
	if err != nil {
		s.t.Error(err)
	}
	a := answer{status: got.Status, header: got.Header, text: string(got.Body)}
	_ = json.Unmarshal(got.Body, &a.fields) // a page is not JSON
	return a, nil
}

// call asks the API, which has to say yes.
func (s *server) call(method, path string, body any) map[string]any {
	s.t.Helper()
	a := s.send(method, "http://shop.test/api/"+path, body)
	if a.status/100 != 2 || a.fields == nil {
		logs := ""
		if s.VPS != nil {
			logs = s.Journal("vpm.service") + "\n" + s.sh("tail -n 5 /var/log/apache2/*error.log || true")
		}
		s.t.Fatalf("%s %s: %v\n%s", method, path, a, logs)
	}
	return a.fields
}

// setUp is the first visit of the person who has uploaded vpm.cgi, who then registers the blog.
func (s *server) setUp(database map[string]any) {
	s.t.Helper()
	file, _ := s.call("GET", "setup.php", nil)["code_file"].(string)
	body := map[string]any{"code": s.sh("head -n1 " + file), "username": "admin", "password": password}
	for k, v := range database {
		body[k] = v
	}
	s.call("POST", "setup.php", body)
	s.token, _ = s.call("POST", "auth/login.php", map[string]any{"username": "admin", "password": password})["token"].(string)
	s.call("POST", "instances/create.php", map[string]any{"instance_id": "blog", "instance_name": "Blog", "cms_type": "native", "domain": "shop.test",
		"path_prefix": "/blog", "database_name": "none", "path": original})
}

// awaitPage waits until the web server has taken on a configuration: for a moment after a reload its old processes answer
// too.
func (s *server) awaitPage(dir, user string) {
	s.t.Helper()
	file := dir + "/index.php"
	err := s.Wait(s.limited(), func() bool {
		for range 4 { // whichever process takes it
			if s.get("http://shop.test/blog/").fields["file"] != file {
				return false
			}
		}
		return true
	})
	if err != nil {
		s.t.Fatal(err, s.get("http://shop.test/blog/"))
	}
	s.wantPage(dir, user)
}

// wantPage asks for the blog, which has to be run from dir by user.
func (s *server) wantPage(dir, user string) {
	s.t.Helper()
	a := s.get("http://shop.test/blog/")
	uid := s.sh("id -u " + user)
	if a.status != 200 || a.fields["file"] != dir+"/index.php" || fmt.Sprint(a.fields["uid"]) != uid || a.fields["uri"] != "/blog/" {
		s.t.Fatalf("the blog says %v, want the file of %s and the user %s (%s)\n%s", a, dir, user, uid, s.sh("tail -n 5 /var/log/apache2/*error.log; cat /etc/apache2/vpm.d/*/*.conf || true"))
	}
	if a := s.get("http://shop.test/blog/style.css"); a.status != 200 || !strings.Contains(a.text, "black") {
		s.t.Errorf("the style sheet: %v", a)
	}
	if a := s.get("http://shop.test/blog/old"); a.status != 301 || !strings.HasSuffix(a.header.Get("Location"), "/blog/new") {
		s.t.Errorf("the redirect: %v %v", a.status, a.header)
	}
	for url, text := range map[string]string{"http://shop.test/": "the shop", "http://other.test/": "another"} {
		if a := s.get(url); a.status != 200 || a.text != text {
			s.t.Errorf("%s says %v", url, a)
		}
	}
}

// wantClosed asks for pages and files of a stopped blog.
func (s *server) wantClosed(reason string) {
	s.t.Helper()
	for _, path := range []string{"", "index.php", "style.css", "old", "nowhere"} {
		a := s.get("http://shop.test/blog/" + path)
		if a.status != 503 || a.header.Get("Retry-After") == "" || !strings.Contains(a.text, reason) {
			s.t.Errorf("/blog/%s of a stopped site: %v %v", path, a, a.header)
		}
	}
}
