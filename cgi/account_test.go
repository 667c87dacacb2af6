package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/apispec"
	"vpm/scripts/lab"
)

// siteID is the one instance of an account.
const siteID = "the-site"

// account is a hosting account without a web server: the test runs the program itself, as a CGI child, and answers
// the visitors of the site by what the .htaccess has of the gate.
type account struct {
	t        *testing.T
	home     string
	dir      string // the site's
	program  string
	token    string
	visitors *httptest.Server
	mysql    *sql.DB // nil: SQLite
}

func newAccount(t *testing.T, driver, program string) *account {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := &account{t: t, home: home, dir: filepath.Join(home, "public_html", "site"), program: filepath.Join(home, "public_html", "api", "vpm.cgi")}
	a.must(os.MkdirAll(a.dir, 0o755))
	a.must(os.MkdirAll(filepath.Dir(a.program), 0o755))
	a.must(os.WriteFile(filepath.Join(a.dir, "index.php"), []byte("<?php"), 0o644))
	a.must(os.Link(program, a.program))
	a.visitors = httptest.NewServer(http.HandlerFunc(a.visit))
	t.Cleanup(a.visitors.Close)
	a.setUp(driver)
	if got := a.ask("create", a.registration()); got.status != 201 {
		t.Fatalf("create: %d %s", got.status, got.body)
	}
	return a
}

func (a *account) visit(w http.ResponseWriter, _ *http.Request) {
	data, _ := os.ReadFile(filepath.Join(a.dir, ".htaccess"))
	if until, found := htaccess.Standing(data, siteID); found != htaccess.None && (until.IsZero() || time.Now().Before(until)) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (a *account) registration() map[string]any {
	return map[string]any{"instance_id": siteID, "instance_name": "Site", "cms_type": "native", "database_name": "x",
		"path": a.dir, "url": a.visitors.URL + "/"}
}

func (a *account) setUp(driver string) {
	a.t.Helper()
	var state struct {
		CodeFile string `json:"code_file"`
	}
	a.must(json.Unmarshal(a.run("../setup", nil).body, &state))
	code, err := os.ReadFile(state.CodeFile)
	a.must(err)
	line, _, _ := strings.Cut(string(code), "\n")
	body := map[string]any{"code": line, "db_driver": driver, "username": "admin", "password": adminPassword}
	if driver == "mysql" {
		server, err := lab.SharedMariaDB()
		a.must(err)
		d := server.NewDatabase(a.t)
		maps.Copy(body, d.Choice())
		a.mysql, err = sql.Open("mysql", fmt.Sprintf("%s:%s@unix(%s)/%s", d.User, d.Password, d.Socket, d.Name))
		a.must(err)
		a.t.Cleanup(func() { a.mysql.Close() })
	}
	if got := a.run("../setup", body); got.status != 201 {
		a.t.Fatalf("set-up: %d %s", got.status, got.body)
	}
	var login struct{ Token string }
	a.must(json.Unmarshal(a.run("../auth/login", map[string]any{"username": "admin", "password": adminPassword}).body, &login))
	a.token = login.Token
}

func (a *account) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// reply is what a CGI child answered.
type reply struct {
	killed bool
	status int
	body   []byte
	stderr string
}

// ask makes a request that must be answered.
func (a *account) ask(action string, body map[string]any) reply {
	a.t.Helper()
	got := a.run(action, body)
	if got.killed || got.status == 0 {
		a.t.Fatalf("%s: no answer, %s", action, got.stderr)
	}
	return got
}

// run makes a request: a read where body is nil, else a change. It may be called by many goroutines.
func (a *account) run(action string, body map[string]any, env ...string) reply {
	cmd := exec.Command(a.program)
	host := a.visitors.Listener.Addr().String()
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		return reply{stderr: err.Error()}
	}
	cmd.Env = append(env, "GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "HTTP_HOST="+host, "SERVER_ADDR="+address, "SERVER_PORT="+port,
		"DOCUMENT_ROOT="+filepath.Join(a.home, "public_html"), "REMOTE_ADDR=127.0.0.1", "HTTP_X_AUTH_TOKEN="+a.token,
		"REQUEST_URI=/api/"+filepath.Join("instances", action)+".php?instance_id="+siteID, "QUERY_STRING=instance_id="+siteID)
	if body == nil {
		cmd.Env = append(cmd.Env, "REQUEST_METHOD=GET")
	} else {
		text, err := json.Marshal(body)
		if err != nil {
			return reply{stderr: err.Error()}
		}
		cmd.Env = append(cmd.Env, "REQUEST_METHOD=POST", "CONTENT_TYPE=application/json", "CONTENT_LENGTH="+strconv.Itoa(len(text)))
		cmd.Stdin = bytes.NewReader(text)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	got := reply{killed: killed(err), stderr: stderr.String()}
	r := bufio.NewReader(bytes.NewReader(out))
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		return got
	}
	got.status, _ = strconv.Atoi(strings.Fields(header.Get("Status") + " 0")[0])
	got.body, _ = io.ReadAll(r)
	method := "POST"
	if body == nil {
		method = "GET"
	}
	asked := httptest.NewRequest(method, filepath.Join("/api/instances", action)+".php", nil)
	if err := apispec.CheckAnswer(asked, got.status, http.Header(header), got.body); err != nil {
		a.t.Error(err)
	}
	return got
}

// event is a row of vpm_events.
type event struct {
	id                  int64
	action, reason, pid string
}

// state is what the database has of the instance.
type state struct {
	exists              bool
	status, run, pid    string
	generation, applied int64
	until               int64 // Unix seconds; 0: none
	events              []event
}

// same tells whether the same is wanted.
func (s state) same(o state) bool {
	return s.exists == o.exists && s.status == o.status && s.run == o.run && s.pid == o.pid && s.generation == o.generation && s.until == o.until
}

// state reads the database, with the instance's events after one.
func (a *account) state(after int64) (s state) {
	a.t.Helper()
	db, end := a.open()
	defer end()
	err := db.QueryRow(`SELECT i.status, v.status, v.virtual_pid, COALESCE(g.generation, 0), COALESCE(g.applied, 0), COALESCE(g.until_at, 0)
		FROM instances i JOIN virtual_processes v ON v.instance_id = i.instance_id LEFT JOIN vpm_gates g ON g.instance_row = i.id`).
		Scan(&s.status, &s.run, &s.pid, &s.generation, &s.applied, &s.until)
	if err != sql.ErrNoRows {
		a.must(err)
		s.exists = true
	}
	rows, err := db.Query(`SELECT id, action, COALESCE(reason, ''), COALESCE(pid, '') FROM vpm_events
		WHERE instance_id = ? AND id > ? ORDER BY id`, siteID, after)
	a.must(err)
	defer rows.Close()
	for rows.Next() {
		var ev event
		a.must(rows.Scan(&ev.id, &ev.action, &ev.reason, &ev.pid))
		s.events = append(s.events, ev)
	}
	a.must(rows.Err())
	return s
}

// open gives the database: of SQLite a copy, since the last to close the real one would tidy it up after those that
// were killed.
func (a *account) open() (db *sql.DB, end func()) {
	a.t.Helper()
	if a.mysql != nil {
		return a.mysql, func() {}
	}
	dir, err := os.MkdirTemp(filepath.Dir(a.home), "copy-") // goes with the account, if not before
	a.must(err)
	for _, name := range []string{"vpm.sqlite", "vpm.sqlite-wal"} {
		data, err := os.ReadFile(filepath.Join(a.home, "vpm-data", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if !os.IsNotExist(err) {
			a.must(err)
		}
	}
	db, err = sql.Open("sqlite", filepath.Join(dir, "vpm.sqlite"))
	a.must(err)
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}
