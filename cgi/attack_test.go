package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAttacks sends through a real web server what would reach past a program that believes its environment: headers that
// become variables, names and lengths that two readers take differently, and tokens that were given up.
func TestAttacks(t *testing.T) {
	t.Parallel()
	attack := func(t *testing.T, st stack) {
		t.Parallel()
		s := newSite(t, st)
		s.createInstance()
		t.Run("headers that become variables", func(t *testing.T) { s.with(t).forgedVariables() })
		t.Run("lines in values", func(t *testing.T) { s.with(t).splitHeaders() })
		t.Run("requests in requests", func(t *testing.T) { s.with(t).smuggled() })
		t.Run("host names", func(t *testing.T) { s.with(t).forgedHosts() })
		t.Run("packed bodies", func(t *testing.T) { s.with(t).packedBodies() })
		t.Run("paths in fields", func(t *testing.T) { s.with(t).traversal() })
		t.Run("links in the data directory", func(t *testing.T) { s.with(t).plantedLinks() })
		t.Run("tokens that were given up", func(t *testing.T) { s.with(t).replayedTokens() }) // the last, as it logs out
	}
	for _, st := range both[:2] {
		t.Run(st.String(), func(t *testing.T) { attack(t, st) })
	}
}

// with is the site for a test within its test.
func (s *site) with(t *testing.T) *site {
	c := *s
	c.t = t
	return &c
}

// forgedVariables: HTTP_PROXY would send what vpm asks through a stranger (httpoxy), PHP_VALUE would set up PHP, and VPM_ or
// REDIRECT_ would be settings or the word of the server.
func (s *site) forgedVariables() {
	plain := s.raw("GET /api/auth/verify.php HTTP/1.1\nHost: localhost\nX-Auth-Token: " + s.token + "\nConnection: close\n\n").want(200).body
	for i, h := range []string{"Proxy: http://192.0.2.1:1", "Http-Proxy: x", "Php-Value: auto_prepend_file=/etc/passwd", "Php-Admin-Value: x", "Vpm-Db-Driver: mysql", "Vpm-Config: /etc/passwd", "Vpm-Data-Dir: /tmp",
		"Db-Password: x", "Gateway-Interface: x", "Document-Root: /etc", "Script-Filename: /etc/passwd", "Path-Info: /api/mode.php", "Path-Translated: /etc", "Redirect-Status: 200", "Redirect-Http-Authorization: Bearer x",
		"Remote-User: admin", "Remote-Addr: 127.0.0.1", "Server-Addr: 192.0.2.1", "Server-Port: 1", "Https: on", "Request-Method: DELETE", "Request-Uri: /api/mode.php", "Query-String: x", "Content_Length: 5", "X-Http-Method-Override: DELETE",
		"X-Original-Url: /api/mode.php", "X-Rewrite-Url: /api/mode.php", "Fcgi-Role: AUTHORIZER", "Listen-Fds: 1", "Godebug: x", "Ld-Preload: /tmp/x.so", "Home: /tmp", "Path: /tmp", "Fault-At: 1"} {
		spelling := []string{h, strings.Replace(h, "-", "_", 1), "HTTP_" + strings.ReplaceAll(h, "-", "_")}[i%3]
		a := s.raw("GET /api/auth/verify.php HTTP/1.1\nHost: localhost\nX-Auth-Token: " + s.token + "\n" + spelling + "\nConnection: close\n\n")
		if a.status != 200 && a.status != 400 || a.status == 200 && !bytes.Equal(a.body, plain) { // Apache refuses some
			s.t.Errorf("%s changes the answer to %d %s", spelling, a.status, a.body)
		}
	}
	for _, h := range []string{"Redirect-Http-Authorization: Bearer x", "Remote-User: admin", "Authorization: Basic YWRtaW46YWRtaW4=", "Remote-Addr: 127.0.0.1"} {
		s.raw("GET /api/auth/verify.php HTTP/1.1\nHost: localhost\n" + h + "\nConnection: close\n\n").want(401)
	}
}

// splitHeaders: no line of an answer's header is the client's.
func (s *site) splitHeaders() {
	const line = "%0d%0aX-Injected:%20yes%0d%0a%0d%0abody"
	for _, target := range []string{"/api/instances/list.php?x=" + line, "/api/instances/status.php?instance_id=" + line, "/api/" + line, "/api/instances/list.php/" + line, "/api/v1/instances/" + line,
		"/api/v1/instances?search=" + line, "/vpm" + line, "/api/tick.php?token=" + line} {
		a := s.raw("GET " + target + " HTTP/1.1\nHost: localhost\nX-Auth-Token: " + s.token + "\nConnection: close\n\n")
		if a.header.Get("X-Injected") != "" || strings.HasPrefix(string(a.body), "body") {
			s.t.Errorf("%s: %v %.200s", target, a.header, a.body)
		}
	}
	const value = "x\r\nX-Injected: yes"
	for _, body := range []map[string]any{{"instance_id": value}, {"instance_id": "wp-test-001", "reason": value}, {"username": value, "password": value}, {"code": value}} {
		for _, path := range []string{"/instances/start.php", "/instances/stop.php", "/instances/start.php", "/instances/bypass.php", "/setup.php", "/reset.php", "/instances/mute.php"} {
			if a := s.post(path, body); a.header.Get("X-Injected") != "" || a.status >= 500 {
				s.t.Errorf("%s with %q: %d %v", path, body, a.status, a.header)
			}
		}
	}
	s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
}

// smuggled: of a body whose length is told twice no part becomes a request of its own.
func (s *site) smuggled() {
	inner := "POST /api/instances/stop.php HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: " + s.token + "\r\nContent-Length: 29\r\n\r\n{\"instance_id\":\"wp-test-001\"}"
	for _, lengths := range []string{"Content-Length: 0\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\nTransfer-Encoding: identity", "Transfer-Encoding : chunked\nContent-Length: 5", "Content-Length: 5\nContent-Length: 0",
		"Content-Length: +5", "Content-Length: 0x5", "Content-Length: -1", "Transfer-Encoding: xchunked", "Content-Length: 99999999999999999999"} {
		a := s.raw("POST /api/auth/verify.php HTTP/1.1\nHost: localhost\n" + lengths + "\nConnection: close\n\n5\r\nhello\r\n0\r\n\r\n" + strings.ReplaceAll(inner, "\r\n", "\n"))
		if a.status < 400 {
			s.t.Errorf("%q: %d %s", lengths, a.status, a.body)
		}
	}
	if wanted := s.get("/instances/status.php?instance_id=wp-test-001").want(200).field("wanted"); wanted != "running" {
		s.t.Errorf("the instance is %v", wanted)
	}
}

// forgedHosts: links that people follow have the site's address, whatever the request called the panel.
func (s *site) forgedHosts() {
	s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001", "verify": false}).want(200)
	const body = `{"instance_id":"wp-test-001"}`
	for _, host := range []string{"evil.example", "evil.example:80", "localhost\nX-Forwarded-Host: evil.example", "localhost\nForwarded: host=evil.example;proto=https", "localhost\nX-Forwarded-For: 127.0.0.1\nX-Forwarded-Proto: https"} {
		a := s.raw(fmt.Sprintf("POST /api/instances/bypass.php HTTP/1.1\nHost: %s\nX-Auth-Token: %s\nContent-Length: %d\nConnection: close\n\n%s", host, s.token, len(body), body)).want(200)
		if link, _ := a.field("url").(string); !strings.HasPrefix(link, "http://wp.test/?vpm_bypass=") || strings.Contains(string(a.body), "evil") {
			s.t.Errorf("for Host %q the link is %s", host, a.body)
		}
		for _, target := range []string{"/api/setup.php", "/api/reset.php", "/api/no/such", "/api/openapi.php"} {
			a := s.raw("GET " + target + " HTTP/1.1\nHost: " + host + "\nX-Auth-Token: " + s.token + "\nConnection: close\n\n")
			if strings.Contains(string(a.body), "evil.example") || strings.Contains(fmt.Sprint(a.header), "evil.example") {
				s.t.Errorf("for Host %q %s answers %v %.200s", host, target, a.header, a.body)
			}
		}
		login := `{"username":"admin","password":"` + adminPassword + `"}`
		a = s.raw(fmt.Sprintf("POST /api/auth/login.php HTTP/1.1\nHost: %s\nContent-Length: %d\nConnection: close\n\n%s", host, len(login), login)).want(200)
		if c := cookieOf(s.t, a); c.Domain != "" || c.Secure {
			s.t.Errorf("for Host %q the cookie is %v", host, c)
		}
	}
	s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
}

// packedBodies are never unpacked: a small one could become any size.
func (s *site) packedBodies() {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(append(bytes.Repeat([]byte(" "), 30<<20), `{"instance_id":"wp-test-001"}`...))
	s.must(err)
	s.must(w.Close())
	for _, encoding := range []string{"gzip", "x-gzip", "deflate", "br", "identity, gzip"} {
		a := s.do("POST", "/instances/start.php", b.Bytes(), http.Header{"Content-Encoding": {encoding}, "Content-Type": {"application/json"}})
		if a.status != 400 && a.status != 413 && a.status != 415 {
			s.t.Errorf("%s: %d %s", encoding, a.status, a.body)
		}
	}
}

// traversal: no field leads out of the directories of the account, or into a shell, a query or a configuration.
func (s *site) traversal() {
	before, err := os.ReadDir(s.host.Home)
	s.must(err)
	const id = "attack-1"
	fields := []string{"path", "docroot", "url", "path_prefix", "domain", "database_name", "database_prefix", "memory_limit", "cms_type", "health_path", "instance_name"}
	for i, value := range []string{"../../../../etc", "/etc", "/etc/passwd", "/../etc", "/proc/self/root/etc", "..", "~", "~root", "$(touch pwned)", "`touch pwned`", "; touch pwned", "| touch pwned", "a\nRequire all granted", "%2e%2e%2f", "{{7*7}}", "<?php system('id'); ?>",
		"' OR 1=1 --", `\\evil\share`, "file:///etc/passwd", "php://input", "data:text/plain,x", "javascript:alert(1)", "\u202eevil", "a\u0000b"} {
		for _, field := range []string{fields[i%2], fields[2+i%3], fields[5+i%6]} { // a place, an address, and another
			body := map[string]any{"instance_id": id, "instance_name": "x", "cms_type": "native", "database_name": "x", "layout": false}
			body[field] = value
			a := s.post("/instances/create.php", body)
			if a.status >= 500 {
				s.t.Errorf("%s %q: %d %s", field, value, a.status, a.body)
			}
			if a.status != 201 {
				continue
			}
			// What may be registered may be anything; that nothing is written outside is what counts.
			if stop := s.post("/instances/stop.php", map[string]any{"instance_id": id, "verify": false}); stop.status >= 500 || (field == "path" || field == "docroot") && stop.status == 200 {
				s.t.Errorf("stopping with %s %q: %d %s", field, value, stop.status, stop.body)
			}
			s.post("/instances/start.php", map[string]any{"instance_id": id})
			s.post("/instances/delete.php", map[string]any{"instance_id": id}).want(200)
		}
	}
	after, err := os.ReadDir(s.host.Home)
	s.must(err)
	if fmt.Sprint(after) != fmt.Sprint(before) {
		s.t.Errorf("the account has %v; it had %v", after, before)
	}
}

// plantedLinks: where vpm writes a file and somebody has put a link, the link is replaced or refused, and what it led to
// stays as it was.
func (s *site) plantedLinks() {
	const code = "ABCDE-FGHIJ-KLMNO-PQRST\n" // which whoever planted the link knows
	victim := filepath.Join(s.host.Home, "victim")
	s.must(os.WriteFile(victim, []byte(code), 0o644))
	s.must(s.host.Chown(victim))
	var state struct {
		CodeFile string `json:"code_file"`
	}
	s.get("/reset.php").want(200).decode(&state)
	data := filepath.Dir(state.CodeFile)
	s.must(os.Remove(state.CodeFile))
	s.must(os.Symlink(victim, state.CodeFile))
	s.must(os.Symlink(victim, filepath.Join(data, "evil.gz")))
	s.get("/reset.php").want(200)
	s.post("/reset.php", map[string]any{"code": code, "username": "admin", "password": "another password"}).want(403)
	s.post("/restore.php", map[string]any{"file": "evil.gz", "replace": true}).want(400)
	s.post("/restore.php", map[string]any{"file": "../victim", "replace": true}).want(400)
	gate := filepath.Join(s.host.Home, "instances", "wp-test-001", ".htaccess")
	s.must(os.RemoveAll(gate))
	outside := filepath.Join(s.t.TempDir(), "outside")
	s.must(os.WriteFile(outside, []byte("theirs"), 0o666))
	s.must(os.Symlink(outside, gate))
	s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001", "verify": false}).want(409)
	for file, want := range map[string]string{victim: code, outside: "theirs"} {
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			s.t.Errorf("%s is %q, %v", file, text, err)
		}
	}
	s.must(os.Remove(gate))
	s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
}

// replayedTokens: after a logout nothing that was ever a token, or is stored of one, lets in.
func (s *site) replayedTokens() {
	old := s.token
	s.token = s.login("admin", adminPassword)
	sum := sha256.Sum256([]byte(s.token))
	stored := hex.EncodeToString(sum[:])
	s.do("POST", "/auth/logout.php", nil, http.Header{"Authorization": {"Bearer " + old}}).want(200)
	for _, token := range []string{old, strings.ToUpper(s.token), stored, "sha256:" + stored, "SHA256:" + stored, s.token[:63], s.token + "0", "vpm_" + s.token} {
		for name, h := range map[string]string{"Authorization": "Bearer " + token, "X-Auth-Token": token, "Cookie": "vpm_session=" + token} {
			a := s.raw("GET /api/instances/list.php HTTP/1.1\nHost: localhost\n" + name + ": " + h + "\nConnection: close\n\n")
			if a.status != 401 {
				s.t.Errorf("%s: %s lets in: %d %.200s", name, h, a.status, a.body)
			}
		}
	}
	s.get("/instances/list.php").want(200)
}
