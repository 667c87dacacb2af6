package lab_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/lab"
)

// install puts files, named by their path below the account's home, on the host.
func install(t *testing.T, host *lab.Host, files map[string]string) {
	t.Helper()
	src := t.TempDir()
	for name, text := range files {
		path := filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := host.Install(src, "."); err != nil {
		t.Fatal(err)
	}
}

// script is a CGI program that prints what the shell commands print.
func script(commands string) string {
	return "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n" + commands + "\n"
}

// get wants a page with status 200 and returns its text without the space around it.
func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s = %s\n%s", url, response.Status, body)
	}
	return strings.TrimSpace(string(body))
}

func wantGet(t *testing.T, url, want string) {
	t.Helper()
	if got := get(t, url); got != want {
		t.Errorf("GET %s = %q, want %q", url, got, want)
	}
}

func TestHostServesTheAccount(t *testing.T) {
	t.Parallel()
	host := lab.NewHost(t, lab.Options{RLimitAS: 256 << 20, RLimitNPROC: 33})
	install(t, host, map[string]string{
		"public_html/hello.txt":  "hello",
		"public_html/who/id.cgi": script("id -u; id -g; id -un"),
		"public_html/limits.cgi": script("ulimit -v; ulimit -p"),
		"public_html/.htaccess":  "RewriteEngine On\nRewriteRule ^nice/(.*)$ $1 [L]\n",
		"aliased/also.cgi":       script("id -u"),
		"public_html/touch.cgi":  script("touch ../touched; ls -n ../touched | cut -d' ' -f3,4"),
	})
	uid := fmt.Sprint(host.UID)
	wantGet(t, host.URL+"/hello.txt", "hello")
	wantGet(t, host.URL+"/nice/hello.txt", "hello")
	wantGet(t, host.URL+"/~acct/hello.txt", "hello")
	wantGet(t, host.URL+"/who/id.cgi", uid+"\n"+fmt.Sprint(host.GID)+"\nacct")
	wantGet(t, host.URL+"/~acct/who/id.cgi", uid+"\n"+fmt.Sprint(host.GID)+"\nacct")
	wantGet(t, host.URL+"/aliased/also.cgi", uid)
	wantGet(t, host.URL+"/limits.cgi", fmt.Sprint(256<<10, "\n", 33))
	wantGet(t, host.URL+"/touch.cgi", uid+" "+fmt.Sprint(host.GID))
	if strings.Contains(host.ErrorLog(), "error") {
		t.Errorf("the error log has errors:\n%s", host.ErrorLog())
	}
}

func TestTwoHostsAtOnce(t *testing.T) {
	t.Parallel()
	one, two := lab.NewHost(t, lab.Options{}), lab.NewHost(t, lab.Options{})
	if one.Port == two.Port || one.UID == two.UID || one.Home == two.Home {
		t.Errorf("two hosts share something: %+v and %+v", one, two)
	}
	for _, host := range []*lab.Host{one, two} {
		install(t, host, map[string]string{"public_html/id.cgi": script("id -u")})
		wantGet(t, host.URL+"/id.cgi", fmt.Sprint(host.UID))
	}
}

const selectPage = `<?php
$db = new PDO('mysql:unix_socket=%s;dbname=%s;charset=utf8mb4', '%s', '%s');
echo posix_geteuid(), ' ', PHP_SAPI, ' ', $db->query('SELECT 6 * 7')->fetchColumn();
`

func TestPHPWithDatabase(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	user, password, err := db.CreateDatabase("site_a")
	if err != nil {
		t.Fatal(err)
	}
	for _, fcgid := range []bool{false, true} {
		host := lab.NewHost(t, lab.Options{PHP: true, FCGID: fcgid})
		install(t, host, map[string]string{"public_html/index.php": fmt.Sprintf(selectPage, db.Socket, "site_a", user, password)})
		wantGet(t, host.URL+"/", fmt.Sprintf("%d cgi-fcgi 42", host.UID))
	}
}

const fcgiProgram = `package main
import ("fmt"; "net/http"; "net/http/fcgi"; "os")
func main() {
	fcgi.Serve(nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getuid(), r.URL.Path) }))
}
`

func TestFCGIDSpawns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(fcgiProgram), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "tree")
	if err := lab.Build(filepath.Join(tree, "program.fcgi"), source); err != nil {
		t.Fatal(err)
	}
	host := lab.NewHost(t, lab.Options{FCGID: true})
	if err := host.Install(tree, "public_html", "api"); err != nil {
		t.Fatal(err)
	}
	wantGet(t, host.URL+"/api/program.fcgi", fmt.Sprint(host.UID)+"/api/program.fcgi")
	// Replacing a program that runs must work, as an upload does.
	if err := host.Install(tree, "public_html", "api"); err != nil {
		t.Fatal(err)
	}
}

// TestHostGoesOnAfterAKill: at the same port, with everything it had, and a FastCGI server's socket below /server/.
func TestHostGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(lab.NewDir(t), "server.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	go fcgi.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "server "+r.URL.Path) }))
	host := lab.NewHost(t, lab.Options{FCGID: true, FastCGI: socket})
	install(t, host, map[string]string{"public_html/id.cgi": script("id -u")})
	for range 2 {
		wantGet(t, host.URL+"/id.cgi", fmt.Sprint(host.UID))
		wantGet(t, host.URL+"/server/x", "server /server/x")
		host.Kill()
		if found := processes(t, host.UID, labDir(host)); len(found) > 0 {
			t.Errorf("running after a kill: %q", found)
		}
		if err := host.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}
