package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// both are the two transports, and mod_cgi's way of doing the first; what is tested on them must not differ.
var both = []stack{{driver: "sqlite"}, {driver: "sqlite", fcgid: true}, {driver: "sqlite", mod: "cgi"}}

func onBoth(t *testing.T, f func(t *testing.T, s *site)) {
	t.Parallel()
	for _, st := range both {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.createInstance()
			f(t, s)
		})
	}
}

// raw sends bytes as they are and reads one response.
func (s *site) raw(request string) *answer {
	s.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.host.Port))
	s.must(err)
	defer conn.Close()
	s.must(conn.SetDeadline(time.Now().Add(2 * time.Minute))) // a server that hangs fails the test
	_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
	s.must(err)
	return s.readRaw(conn, request)
}

func (s *site) readRaw(conn net.Conn, request string) *answer {
	s.t.Helper()
	name, _, _ := strings.Cut(request, "\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("%s: no answer: %v", name, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	s.must(err)
	return &answer{s.t, name, resp.StatusCode, resp.Header, body}
}

func TestBodyForms(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		const asJSON, asForm = `{"instance_id":"wp-test-001","unknown":[1]}`, `instance_id=wp-test-001&unknown=1`
		for _, c := range []struct{ contentType, body string }{
			{"text/plain;charset=UTF-8", asJSON}, // fetch with a string
			{"application/json", asJSON},
			{"", asJSON},
			{"application/x-www-form-urlencoded", asJSON}, // curl -d '{…}'
			{"multipart/form-data; boundary=x", asJSON},   // whatever it says
			{"application/x-www-form-urlencoded", asForm}, // an HTML form, curl -d key=value
			{"application/x-www-form-urlencoded; charset=UTF-8", asForm},
			{"text/plain", "\uFEFF \n" + asJSON + "\n"},
		} {
			header := http.Header{"Content-Type": {c.contentType}}
			if c.contentType == "" {
				header = nil
			}
			if got := s.do("POST", "/instances/start.php", []byte(c.body), header); got.status != 200 {
				t.Errorf("%q as %q: %d %s", c.body, c.contentType, got.status, got.body)
			}
		}
		for body, message := range map[string]string{
			`{"instance_id":`:                 "line 1, column",
			"{\n \"instance_id\": \"x\",\n ]": "line 3, column 2",
			`["wp-test-001"]`:                 "must be an object",
			`null`:                            "must be an object",
			`"wp-test-001"`:                   "must be an object",
			`{"instance_id":5}`:               "'instance_id'",
			`{"instance_id":"a"} trailing`:    "line 1, column",
			`instance_id=wp-test-001`:         "line 1, column 1",
			"{\"instance_id\":\"\xff\"}":      "UTF-8",
		} {
			s.do("POST", "/instances/start.php", []byte(body), http.Header{"Content-Type": {"text/plain"}}).want(400).says("invalid", message)
		}
	})
}

func TestInstanceIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		for _, id := range []string{".", "..", "a.b", "../../etc/passwd", "a/b", `a\b`, "a\x00b", "a b", "a'b", `a"b`, "a;b", "a%00b", "ä",
			"<script>", strings.Repeat("a", 65), strings.Repeat("a", 10_000), "a\r\nb", "%s%n"} {
			s.post("/instances/start.php", map[string]any{"instance_id": id}).want(400).says("invalid", "")
			s.post("/instances/create.php", map[string]any{"instance_id": id, "instance_name": "x", "cms_type": "native", "database_name": "x"}).want(400)
		}
		s.get("/instances/status.php?instance_id=" + strings.Repeat("a", 5000)).want(400)
		s.get("/instances/status.php?instance_id=a%00b").want(400)
		s.get("/instances/status.php?instance_id=..%2f..").want(400)
	})
}

func TestTokenForms(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		token := s.token
		s.token = ""
		for name, header := range map[string]http.Header{
			"Authorization":          {"Authorization": {"Bearer " + token}},
			"authorization, bearer":  {"Authorization": {"bearer " + token}},
			"X-Auth-Token":           {"X-Auth-Token": {token}},
			"cookie":                 {"Cookie": {"other=1; vpm_session=" + token}},
			"cookie behind Basic":    {"Authorization": {"Basic YTpi"}, "Cookie": {"vpm_session=" + token}},
			"X-Auth-Token and Basic": {"Authorization": {"Basic YTpi"}, "X-Auth-Token": {token}},
		} {
			if got := s.do("GET", "/instances/list.php", nil, header); got.status != 200 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		for name, header := range map[string]http.Header{
			"a wrong one before a right one": {"Authorization": {"Bearer x"}, "X-Auth-Token": {token}},
			"upper case":                     {"X-Auth-Token": {strings.ToUpper(token)}},
			"in the wrong cookie":            {"Cookie": {"__Host-vpm_session=" + token}},
			"a digest":                       {"X-Auth-Token": {"sha256:" + token}},
		} {
			if got := s.do("GET", "/instances/list.php", nil, header); got.status != 401 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		if got := s.get("/instances/list.php?token=" + token); got.status != 401 {
			t.Errorf("a token in the address, where logs keep it, is accepted: %d", got.status)
		}
	})
}

// TestOddAddresses is the one table of addresses, for both transports.
func TestOddAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		for target, status := range map[string]int{
			"/api/instances/list.php":                    200,
			"/api/instances/list":                        200,
			"/api/instances/list/":                       200,
			"/api/instances/list.php/":                   200,
			"//api//instances///list.php":                200,
			"/api/./instances/list.php":                  200,
			"/api/../api/instances/list.php":             200,
			"/api/x/../instances/list.php":               200,
			"/api/instances/l%69st.php":                  200,
			"/api/instances/list%2ephp":                  200,
			"/api/inst%61nces/list.php":                  200,
			"/api/instances/list.php?":                   200,
			"/api/instances/list.php?a+b+--help":         200,
			"/api/instances/list.php?%2d%2dconfig%3dx":   200,
			"http://evil.example/api/instances/list.php": 200,
			"/api/v1/instances":                          200,
			"/api/v1/instances/wp-test-001":              200,
			"/api/v1/instances/wp-test-001/":             200,
			"/api/kernel/processes.php":                  200,
			"/api/instances/list.php/more":               404,
			"/api/instances/list.php.php":                404,
			"/api/instances/LIST.php":                    404,
			"/api/instances/list.phpx":                   404,
			"/api/instances/":                            404,
			"/api/v1/instances/none":                     404,
			"/api/instances/..%2flist.php":               404,
			"/api/instances/list.php%00":                 404,
			"/api/vpm.cgi":                               404,
			"/api/vpm.cgi/instances/list":                404,
			"/api/vpm-386.cgi":                           404,
			"/api/vpm-amd64.cgi/instances/list":          404,
			"/api/switch386.php":                         404,
			"/api/.htaccess":                             403,
			"/api/vpm.env":                               403,
			"/api/":                                      403,
		} {
			got := s.raw(fmt.Sprintf("GET %s HTTP/1.1\nHost: localhost\nX-Auth-Token: %s\nConnection: close\n\n", target, s.token))
			if got.status != status {
				t.Errorf("%s: %d, want %d; %.200s", target, got.status, status, got.body)
			}
		}
	})
}

// TestUserDirectory reaches the upload as /~acct, where DOCUMENT_ROOT names another directory.
func TestUserDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.api = s.host.URL + "/~acct/api"
		if n := s.get("/instances/list.php").want(200).field("total"); n != 1.0 {
			t.Errorf("the list has %v instances, want the one that was created elsewhere", n)
		}
	})
}

// TestArgumentsAreIgnored sends what would be options to a program that reads its arguments.
func TestArgumentsAreIgnored(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	want := s.get("/auth/verify.php").want(200).body
	for _, query := range []string{"--help", "-h", "-v", "--version", "setup", "migrate", "serve", "-config+/etc/passwd", "%2d%2dconfig%3dx", "--"} {
		if got := s.get("/auth/verify.php?" + query).want(200).body; !bytes.Equal(got, want) {
			t.Errorf("?%s changes the answer to %s", query, got)
		}
		// The program's own name, past the routing file, as an alias of the host might give it.
		if got := s.get("/vpm.cgi/auth/verify?" + query); got.status != 404 {
			t.Errorf("vpm.cgi?%s: %d %s", query, got.status, got.body)
		}
	}
}

const wordPressRoot = lab.WordPressRules

// wordPressInherited also asks that directories below take its rules over.
var wordPressInherited = strings.Replace(wordPressRoot, "RewriteEngine On\n", "RewriteEngine On\nRewriteOptions InheritDownBefore\n", 1)

// TestBesideWordPress uploads into the docroot of a WordPress site, whose rules send everything that is no file to
// index.php: the panel is not WordPress's, and the site is not the panel's.
func TestBesideWordPress(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]string{"stock": wordPressRoot, "inherited": wordPressInherited} {
		for _, fcgid := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/fcgid=%v", name, fcgid), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, stack{driver: "sqlite", fcgid: fcgid, php: true, beside: rules})
				s.get("/no/such/endpoint.php").want(404)
				if page := s.raw("GET /a-post/ HTTP/1.1\nHost: x\nConnection: close\n\n"); page.status != 200 || !strings.Contains(string(page.body), "WordPress /a-post/") {
					t.Errorf("the site itself answers %d %s", page.status, page.body)
				}
			})
		}
	}
}
