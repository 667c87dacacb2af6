package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/apispec"
	"vpm/scripts/lab"
)

// stack is a way the program can be hosted.
type stack struct {
	fcgid  bool
	driver string // mysql or sqlite
	at     string // where it is uploaded: "" the docroot, "sub/panel" a directory in it, "alias" outside of it
	beside string // rules of a WordPress that the docroot has
	php    bool
	mod    string // "cgi" is the prefork MPM with mod_cgi, "" event with mod_cgid
	own    bool   // a MariaDB of its own, to be broken
}

func (s stack) String() string {
	transport := "cgi"
	if s.fcgid {
		transport = "fcgid"
	}
	if s.mod != "" {
		transport += "/prefork"
	}
	if s.beside != "" {
		transport += "/beside-wordpress"
	}
	return strings.TrimSuffix(transport+"/"+s.driver+"/"+strings.ReplaceAll(s.at, "/", "-"), "/")
}

// site is an upload on a host of its own, set up as a person would do it.
type site struct {
	t       *testing.T
	host    *lab.Host
	db      *lab.MariaDB
	dbName  string
	dbUser  string
	dbPass  string
	api     string // the URL that /api/ has
	program string // its file
	token   string
}

const adminPassword = "correct horse battery"

// upload puts the files on a new host.
func upload(t *testing.T, st stack) *site {
	t.Helper()
	host := lab.NewHost(t, lab.Options{FCGID: st.fcgid, PHP: st.php, Prefork: st.mod != ""})
	s := &site{t: t, host: host, api: host.URL + "/api"}
	into := []string{"public_html"}
	switch {
	case st.at == "alias":
		rel, err := filepath.Rel(host.Home, host.AliasDir)
		s.must(err)
		into = []string{rel}
		s.api = host.URL + "/aliased/api"
	case st.at != "":
		into = append(into, st.at)
		s.api = host.URL + "/" + st.at + "/api"
	}
	s.must(host.Install(built, into...))
	s.program = filepath.Join(append(append([]string{host.Home}, into...), "api", "vpm.cgi")...)
	if st.beside != "" {
		s.must(os.WriteFile(filepath.Join(host.Docroot, ".htaccess"), []byte(st.beside), 0o644))
		s.must(os.WriteFile(filepath.Join(host.Docroot, "index.php"), []byte("<?php echo 'WordPress ', $_SERVER['REQUEST_URI'];"), 0o644))
		s.must(host.Chown(host.Docroot))
	}
	if st.driver == "mysql" {
		s.database(st.own)
	}
	return s
}

func (s *site) database(own bool) {
	s.t.Helper()
	var err error
	if own {
		s.db = lab.NewMariaDB(s.t)
	} else {
		s.db, err = lab.SharedMariaDB()
		s.must(err)
	}
	d := s.db.NewDatabase(s.t)
	s.dbName, s.dbUser, s.dbPass = d.Name, d.User, d.Password
}

func (s *site) ownDatabase() lab.Database {
	return lab.Database{Socket: s.db.Socket, Name: s.dbName, User: s.dbUser, Password: s.dbPass}
}

// newSite uploads, sets up, and logs in.
func newSite(t *testing.T, st stack) *site {
	t.Helper()
	s := upload(t, st)
	s.setUp()
	s.token = s.login("admin", adminPassword)
	return s
}

func (s *site) setUp() {
	s.t.Helper()
	body := map[string]any{"code": s.setupCode(), "db_driver": "sqlite", "username": "admin", "password": adminPassword}
	if s.db != nil {
		maps.Copy(body, s.ownDatabase().Choice())
	}
	s.post("/setup.php", body).want(201)
}

func (s *site) setupCode() string {
	s.t.Helper()
	var state struct {
		Needed   bool
		CodeFile string `json:"code_file"`
	}
	s.get("/setup.php").want(200).decode(&state)
	if !state.Needed {
		s.t.Fatal("set-up is closed on a fresh upload")
	}
	text, err := os.ReadFile(state.CodeFile)
	s.must(err)
	code, _, _ := strings.Cut(string(text), "\n")
	return code
}

func (s *site) login(username, password string) string {
	s.t.Helper()
	var out struct{ Token string }
	s.post("/auth/login.php", map[string]any{"username": username, "password": password}).want(200).decode(&out)
	return out.Token
}

// createInstance registers wp-test-001 with some files.
func (s *site) createInstance() {
	s.t.Helper()
	dir := filepath.Join(s.host.Home, "instances", "wp-test-001")
	s.must(os.MkdirAll(dir, 0o755))
	s.must(os.WriteFile(filepath.Join(dir, "index.php"), bytes.Repeat([]byte("x"), 3000), 0o644))
	s.must(s.host.Chown(filepath.Join(s.host.Home, "instances")))
	s.post("/instances/create.php", map[string]any{"instance_id": "wp-test-001", "instance_name": "Test site",
		"cms_type": "wordpress", "domain": "wp.test", "database_name": "wp_test", "database_prefix": "wp_"}).want(201)
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// answer is a response that was read.
type answer struct {
	t      *testing.T
	name   string
	status int
	header http.Header
	body   []byte
}

func (s *site) get(path string) *answer { s.t.Helper(); return s.do("GET", path, nil, nil) }

// post sends the classic body: JSON as text/plain, as fetch sends a string.
func (s *site) post(path string, body any) *answer {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		s.must(err)
	}
	return s.do("POST", path, text, http.Header{"Content-Type": {"text/plain;charset=UTF-8"}})
}

func (s *site) do(method, path string, body []byte, header http.Header) *answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.api+path, bytes.NewReader(body))
	s.must(err)
	for k, v := range header {
		req.Header[k] = v
	}
	if _, given := header["Authorization"]; !given && s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	return s.send(req)
}

// plain follows no redirect and keeps no connection, as servers must not be judged by what a client hides.
var plain = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (s *site) send(req *http.Request) *answer {
	s.t.Helper()
	a, err := apispec.Do(plain, req)
	if a.Status == 0 {
		s.must(err)
	}
	if err != nil {
		s.t.Error(err)
	}
	return &answer{s.t, req.Method + " " + req.URL.Path, a.Status, a.Header, a.Body}
}

// want checks the status and what every answer of the API has in common.
func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d; body %s", a.name, a.status, status, a.body)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got := a.header.Get(name); got != value {
			a.t.Errorf("%s: header %s is %q, want %q", a.name, name, got, value)
		}
	}
	if status >= 400 {
		a.wantFailure()
	}
	return a
}

func (a *answer) wantFailure() {
	a.t.Helper()
	var f struct {
		Success *bool
		Message string
		Error   string
		Code    string
	}
	a.decode(&f)
	if f.Success == nil || *f.Success || f.Message == "" || f.Message != f.Error || f.Code == "" {
		a.t.Errorf("%s: the failure %s has not the contract's form", a.name, a.body)
	}
}

// says checks code and sentence of a failure.
func (a *answer) says(code, message string) *answer {
	a.t.Helper()
	var f struct{ Message, Code string }
	a.decode(&f)
	if f.Code != code || !strings.Contains(f.Message, message) {
		a.t.Errorf("%s: answered %q (%s), want %q (%s)", a.name, f.Message, f.Code, message, code)
	}
	return a
}

func (a *answer) decode(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: cannot read the body %q: %v", a.name, a.body, err)
	}
}

func (a *answer) field(name string) any {
	a.t.Helper()
	var m map[string]any
	a.decode(&m)
	return m[name]
}

func tail(s string) string { return s[max(0, len(s)-3000):] }
