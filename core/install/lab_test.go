//go:build linux

package install_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"vpm/core/app"
	"vpm/core/autoinstall"
	"vpm/core/doctor/asroot"
	"vpm/core/install"
	"vpm/scripts/apispec"
	"vpm/scripts/lab"
	"vpm/scripts/vpslab"
)

// What was built for the tests: the uploaded program, and this test binary with points at which it can be killed.
var uploaded, inside string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "vpm" && len(os.Args) > 1 && os.Args[1] == "serve" {
		exit(serve(os.Args[2:]))
	}
	if filepath.Base(os.Args[0]) == "vpm" && len(os.Args) == 4 && os.Args[1] == "install" && os.Args[2] == "--from" {
		exit(errors.Join(os.Setenv("FROM", os.Args[3]), command("apply")))
	}
	if what := os.Getenv("INSTALL_TEST_INSIDE"); what != "" {
		exit(command(what))
	}
	if slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "-test.fuzz") }) {
		os.Exit(m.Run()) // a fuzz target and each of its workers needs no programs
	}
	lab.Main(m, build)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, install.Message(err))
		os.Exit(1)
	}
	os.Exit(0)
}

func build(dir string) error {
	uploaded, inside = filepath.Join(dir, "vpm.cgi"), filepath.Join(dir, "inside")
	return errors.Join(
		lab.Build(uploaded, "vpm/cgi", "-ldflags=-s -w"),
		lab.BuildTest(inside, ".", "-tags=faults", "-ldflags=-s -w"))
}

// serve is a small "vpm serve": the API over the socket that systemd passes. It says through which program it answered.
func serve(args []string) error {
	docroot := ""
	for i, a := range args {
		switch a {
		case "--config":
			os.Setenv("VPM_CONFIG", args[i+1])
		case "--docroot":
			docroot = args[i+1]
		}
	}
	l, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		return err
	}
	api := app.Load(docroot, 4).API
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return err
	}
	io.WriteString(conn, "READY=1")
	return fcgi.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Answered-By", "server")
		api.ServeHTTP(w, r)
	}))
}

const serverUnit = `[Unit]
Requires=vpm.socket
After=vpm.socket
[Service]
Type=notify
User=vpmd
Group=vpmd
ExecStart=/usr/lib/vpm/vpm serve --config /etc/vpm/vpm.env
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-/var/lib/vpm
ProtectHome=yes
RestrictNamespaces=yes
SystemCallFilter=@system-service
[Install]
WantedBy=multi-user.target
`

const serverSocket = `[Socket]
ListenStream=/run/vpmd/vpm.sock
SocketUser=vpmd
SocketGroup=www-data
SocketMode=0660
DirectoryMode=0755
RemoveOnStop=yes
[Install]
WantedBy=sockets.target
`

func optionsInside() install.Options {
	return install.Options{From: os.Getenv("FROM"), CopyDatabase: copySQLite, Say: func(line string) { fmt.Println(line) },
		Units: map[string]string{install.ServiceFile: serverUnit, install.SocketFile: serverSocket}}
}

func copySQLite(ctx context.Context, from, to string) error {
	db, err := sql.Open("sqlite", "file:"+from)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return errors.Join(err, db.Close())
}

func uploadInside() autoinstall.Upload {
	return autoinstall.Upload{DataDir: "/home/shop/vpm-data", Dir: api, Sum: os.Getenv("SUM"), Off: os.Getenv("OFF") != "",
		Log: func(line string) { fmt.Println(line) }}
}

// command is what the test binary does in the VPS.
func command(what string) error {
	ctx := context.Background()
	switch what {
	case "apply", "dry-run":
		p, err := install.Prepare(ctx, optionsInside())
		if err != nil {
			return err
		}
		if what == "dry-run" {
			return p.Print(os.Stdout)
		}
		return p.Apply(ctx)
	case "change":
		started, err := uploadInside().AfterChange(ctx)
		fmt.Println(started)
		return err
	case "status":
		return json.NewEncoder(os.Stdout).Encode([]autoinstall.Status{uploadInside().Status(ctx), autoinstall.ServerStatus()})
	case "doctor":
		return json.NewEncoder(os.Stdout).Encode(asroot.Run(ctx, asroot.Options{}))
	case "uninstall":
		left, err := install.Uninstall(ctx, optionsInside())
		fmt.Println(strings.Join(left, "\n"))
		return err
	}
	return fmt.Errorf("what is %s?", what)
}

// server is a VPS with an uploaded vpm.cgi.
type server struct {
	*vpslab.VPS
	t *testing.T
}

const api = "/home/shop/public_html/api"

const site = `<VirtualHost *:80>
  DocumentRoot /home/shop/public_html
  <Directory /home/shop/public_html>
    Require all granted
    AllowOverride All
  </Directory>
</VirtualHost>
`

func newServer(t *testing.T) *server {
	t.Helper()
	v := vpslab.New(t, vpslab.Options{})
	s := &server{v, t}
	for from, to := range map[string]string{uploaded: api + "/vpm.cgi", inside: "/opt/vpm-test", "../../public_html/api/.htaccess": api + "/.htaccess"} {
		if err := s.CopyIn(from, to); err != nil {
			t.Fatal(err)
		}
	}
	s.sh("chown -R www-data: /home/shop; chmod 755 " + api + "/vpm.cgi; a2enmod -q cgid")
	return s
}

func (s *server) apache() {
	s.t.Helper()
	if err := s.Apache(s.limited(), site); err != nil {
		s.t.Fatal(err)
	}
	// vpslab enables what the installation has to.
	s.sh("a2dismod -q -f proxy_fcgi proxy headers; systemctl restart apache2")
}

func (s *server) limited() context.Context {
	return vpslab.Limited(s.t)
}

func (s *server) sh(script string) string {
	s.t.Helper()
	return s.Script(s.t, script)
}

// try runs the installer in the VPS.
func (s *server) try(what string, env ...string) (string, error) {
	args := append([]string{"INSTALL_TEST_INSIDE=" + what, "FROM="}, env...)
	return s.Run(s.limited(), "env", append(args, "/opt/vpm-test")...)
}

func (s *server) must(what string, env ...string) string {
	s.t.Helper()
	out, err := s.try(what, env...)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s\n%s", what, err, out, s.Journal("vpm.service"))
	}
	return out
}

// answer is what the API says.
type answer struct {
	status int
	by     string // which program
	fields map[string]any
	text   string
}

func (s *server) ask(method, path string, body any, headers ...string) (a answer) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.limited(), method, "http://shop.test/api"+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := apispec.Do(s.HTTPClient(), r)
	if got.Status == 0 {
		s.t.Fatal(err)
	}
	if err != nil {
		s.t.Error(err)
	}
	a = answer{status: got.Status, by: got.Header.Get("X-Answered-By"), text: string(got.Body)}
	_ = json.Unmarshal(got.Body, &a.fields) // an error page of the web server is not JSON
	return a
}

func (s *server) want(a answer, status int, by string) answer {
	s.t.Helper()
	if a.status != status || a.by != by {
		s.t.Fatalf("answered %d by %q, want %d by %q: %.300s\n%s", a.status, a.by, status, by, a.text, s.sh("tail -n 20 /var/log/apache2/*error.log || true"))
	}
	return a
}

const password = "correct horse battery"

// setUp is the first visit of the person who has uploaded vpm.cgi.
func (s *server) setUp(database map[string]any) {
	s.t.Helper()
	file, _ := s.want(s.ask("GET", "/setup.php", nil), 200, "").fields["code_file"].(string)
	text := s.sh("head -n1 " + file)
	body := map[string]any{"code": text, "username": "admin", "password": password}
	for k, v := range database {
		body[k] = v
	}
	s.want(s.ask("POST", "/setup.php", body), 201, "")
}

// logIn proves that the account is there, whoever answers.
func (s *server) logIn(by string) {
	s.t.Helper()
	// A web server takes on its configuration after its reload has ended.
	if err := s.Wait(s.limited(), func() bool { a := s.ask("GET", "/setup.php", nil); return a.status == 200 && a.by == by }); err != nil {
		s.t.Fatalf("%v: not answered by %q", err, by)
	}
	s.want(s.ask("POST", "/auth/login.php", map[string]any{"username": "admin", "password": password}), 200, by)
}

// tree lists what an installation may touch, with owners, modes and contents. The databases are left out.
func (s *server) tree() string {
	s.t.Helper()
	return s.sh(`leave='^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-|^/etc/\.pwd\.lock|^/home/shop/vpm-data/'
places=$(ls -d /etc /srv /home /usr/lib/vpm /usr/bin/vpm /var/lib/vpm* 2>/dev/null || true)
{ find $places -printf '%p %y %m %u:%g %l\n'; find $places -type f -print0 | xargs -0 sha256sum | sed -E 's/^([^ ]+) +(.*)/\2 \1/'; } | grep -Ev "$leave" | sort`)
}

func (s *server) wantTree(want, when string) {
	s.t.Helper()
	is := s.tree()
	if is == want {
		return
	}
	a, b := strings.Split(want, "\n"), strings.Split(is, "\n")
	seen := map[string]bool{}
	for _, line := range a {
		seen[line] = true
	}
	var different []string
	for _, line := range b {
		if !seen[line] {
			different = append(different, "+ "+line)
		}
		delete(seen, line)
	}
	for line := range seen {
		different = append(different, "- "+line)
	}
	s.t.Fatalf("%s the tree is another:\n%s", when, strings.Join(different, "\n"))
}
