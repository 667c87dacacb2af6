package pagetest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/apispec"
	"vpm/scripts/lab"
)

const (
	admin    = "ann"
	password = "correct horse battery"
)

// panel is an API that is called at an address, once it is set up as ann.
type panel struct {
	t       testing.TB
	address string
	token   string
}

// site is an upload on a host of its own.
type site struct {
	*lab.Host
	panel
}

func upload(t testing.TB, options lab.Options) *site {
	t.Helper()
	host := lab.NewHost(t, options)
	s := &site{host, panel{t: t, address: host.URL}}
	must(t, host.Install(built))
	return s
}

func (s *site) program() string { return filepath.Join(s.Docroot, "api", "vpm.cgi") }

func (s *site) codeFile(name string) string { return filepath.Join(s.Home, "vpm-data", name) }

// newSite is an upload that ann has set up.
func newSite(t testing.TB, options lab.Options) *site {
	t.Helper()
	s := upload(t, options)
	s.call("GET", "/setup.php", nil, 200, nil)
	code, err := os.ReadFile(s.codeFile("setup-code.txt"))
	must(t, err)
	s.setUp(string(code))
	return s
}

// setUp sets it up with the embedded database, by the text of the file with the code.
func (s *panel) setUp(file string) {
	s.t.Helper()
	code, _, _ := strings.Cut(file, "\n")
	s.call("POST", "/setup.php", map[string]any{"code": code, "db_driver": "sqlite", "username": admin, "password": password}, 201, nil)
	var login struct{ Token string }
	s.call("POST", "/auth/login.php", map[string]any{"username": admin, "password": password}, 200, &login)
	s.token = login.Token
}

// client keeps no connection: a POST on one that Apache is just closing, after 5 seconds without a request, fails.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// call asks the API and reads the answer, which must have that status.
func (s *panel) call(method, path string, body any, status int, into any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	must(s.t, err)
	req, err := http.NewRequest(method, s.address+"/api"+path, bytes.NewReader(text))
	must(s.t, err)
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := apispec.Do(client, req)
	must(s.t, err)
	if answer.Status != status {
		s.t.Fatalf("%s %s answers %d, want %d: %s", method, path, answer.Status, status, answer.Body)
	}
	if into != nil {
		must(s.t, json.Unmarshal(answer.Body, into))
	}
}

// database makes an empty one.
func database(t testing.TB) lab.Database {
	t.Helper()
	server, err := lab.SharedMariaDB()
	must(t, err)
	return server.NewDatabase(t)
}

// given is how a scenario is told of a database.
func given(d lab.Database) map[string]any {
	return map[string]any{"socket": d.Socket, "name": d.Name, "user": d.User, "password": d.Password}
}
