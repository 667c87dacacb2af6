package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/auth"
	"vpm/core/config"
	"vpm/core/gateway"
	"vpm/core/store"
	"vpm/scripts/apispec"
	"vpm/scripts/lab"
)

// panel is an installation on a server: settings, a database with an administrator in it, and a session of theirs.
type panel struct {
	t       *testing.T
	db      *lab.MariaDB
	config  string // the settings file
	docroot string
	text    string // of the settings
	token   string
}

const (
	adminPassword = "correct horse battery"
	instance      = "wp-test-001"
)

// newPanel sets up on db.
func newPanel(t *testing.T, db *lab.MariaDB) *panel {
	t.Helper()
	d := db.NewDatabase(t)
	p := setUp(t, t.TempDir(), store.MySQL{Socket: d.Socket, Database: d.Name, User: d.User, Password: d.Password})
	p.db = db
	return p
}

// setUp makes an installation in dir, with the embedded database where no other is given.
func setUp(t *testing.T, dir string, my store.MySQL) *panel {
	t.Helper()
	o := store.Options{MySQL: my}
	text := fmt.Sprintf("VPM_DB_DRIVER=mysql\nVPM_DB_SOCKET=%s\nVPM_DB_NAME=%s\nVPM_DB_USER=%s\nVPM_DB_PASSWORD=%s\nVPM_DATA_DIR=%s\n",
		my.Socket, my.Database, my.User, my.Password, dir)
	if my == (store.MySQL{}) {
		text = fmt.Sprintf("VPM_DB_DRIVER=sqlite\nVPM_DATA_DIR=%s\n", dir)
		o.SQLite = (&config.Config{DataDir: dir}).SQLitePath()
		must(t, store.CreateSQLite(t.Context(), o.SQLite))
	}
	s, err := store.Open(o)
	must(t, err)
	defer s.Close()
	_, err = s.Migrate(t.Context())
	must(t, err)
	hash, err := auth.HashPassword(adminPassword)
	must(t, err)
	must(t, s.CreateFirstAdmin(t.Context(), "admin", hash, core.Event{At: time.Now(), Action: core.ActionSetup, Result: core.ResultOK}))
	people := auth.Service{Store: s, TTL: time.Hour, Sleep: auth.Sleep}
	grant, err := people.Login(t.Context(), "127.0.0.1", "admin", adminPassword)
	must(t, err)

	p := &panel{t: t, config: filepath.Join(dir, "vpm.env"), docroot: filepath.Join(dir, "public_html"), text: text, token: grant.Token}
	site := filepath.Join(dir, "instances", instance)
	must(t, os.MkdirAll(site, 0o755))
	must(t, os.WriteFile(filepath.Join(site, "index.html"), []byte("a site"), 0o644))
	must(t, os.Mkdir(p.docroot, 0o755))
	p.settings("")
	domain := "site.example"
	must(t, s.CreateInstance(t.Context(), core.Instance{InstanceID: instance, Name: "A site", CMSType: "native", DatabaseName: "x",
		Status: core.StatusActive, Domain: &domain}, core.Run{VirtualPID: "v1", Status: core.RunRunning},
		core.Event{At: time.Now(), InstanceID: instance, Action: core.ActionCreate, Result: core.ResultOK}))
	return p
}

func sharedPanel(t *testing.T) *panel {
	t.Helper()
	db, err := lab.SharedMariaDB()
	must(t, err)
	return newPanel(t, db)
}

// settings replaces the settings file by one with more lines.
func (p *panel) settings(more string) {
	p.t.Helper()
	must(p.t, os.WriteFile(p.config+".new", []byte(p.text+more), 0o600))
	must(p.t, os.Rename(p.config+".new", p.config))
}

func (p *panel) args(more ...string) []string {
	return append([]string{"--config", p.config, "--docroot", p.docroot}, more...)
}

// request is one to the panel below url.
func (p *panel) request(method, url, target, body string) *http.Request {
	r, err := http.NewRequest(method, url+target, strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return nil
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	return r
}

func (p *panel) status(url string) *http.Request {
	return p.request("GET", url, "/api/instances/status.php?instance_id="+instance, "")
}

// reply is what an HTTP client gets.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) field(name string) any {
	var fields map[string]any
	if err := json.Unmarshal([]byte(r.body), &fields); err != nil {
		return err
	}
	return fields[name]
}

// visitors use each connection once, as many different ones do, and gives up late.
var visitors = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, MaxIdleConns: -1}}

func do(r *http.Request) (reply, error) {
	a, err := apispec.Do(visitors, r)
	return reply{a.Status, a.Header, string(a.Body)}, err
}

func want(t *testing.T, r *http.Request, status int, parts ...string) reply {
	t.Helper()
	a, err := do(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("%s %s: %.300s does not say %s", r.Method, r.URL, a.body, part)
		}
	}
	if a.status != status {
		t.Errorf("%s %s: %d %.300s; want %d", r.Method, r.URL, a.status, a.body, status)
	}
	return a
}

// ask sends a request straight to a socket.
func (p *panel) ask(ctx context.Context, socket string) (int, error) {
	status, _, err := gateway.Ask(ctx, "unix", socket, map[string]string{
		"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/api/instances/status.php?instance_id=" + instance,
		"HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer " + p.token})
	return status, err
}

func (p *panel) wantStatus(socket string, want int) {
	p.t.Helper()
	if got, err := p.ask(p.t.Context(), socket); got != want {
		p.t.Errorf("the status was answered %d %v; want %d", got, err, want)
	}
}

func compact(s string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(s)) != nil {
		return s
	}
	return b.String()
}
