package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"

	"vpm/core"
	"vpm/core/auth"
	"vpm/core/backup"
	"vpm/core/cms"
	"vpm/core/scan"
	"vpm/core/store"
	"vpm/core/virtual"
	"vpm/scripts/apispec"
)

const password = "correct horse"

// panel is an API on a real database and real directories, with a clock that the test moves.
type panel struct {
	*API
	t     *testing.T
	db    *store.DB
	base  string
	path  string // of the database
	log   logged
	mu    sync.Mutex
	now   time.Time
	token string // of the session of the administrator root
}

// logged is a log that many goroutines write.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// brittle is the virtual runtime with a bug that an instance of the name panics shows.
type brittle struct{ virtual.Runtime }

func (b *brittle) Settle(ctx context.Context, r core.Record) (core.Settled, error) {
	if r.Instance.InstanceID == "panics" {
		panic("a bug with a secret")
	}
	return b.Runtime.Settle(ctx, r)
}

func newPanel(t *testing.T, ids ...string) *panel {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vpm.sqlite")
	must(t, store.CreateSQLite(t.Context(), path))
	db, err := store.Open(store.Options{SQLite: path, MaxConns: 4})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Migrate(t.Context())
	must(t, err)
	p := &panel{t: t, db: db, path: path, base: t.TempDir(), now: time.Now()}
	api, err := New(API{Log: zerolog.New(&p.log), Timeout: time.Minute, TickBudget: time.Minute, SessionTTL: time.Hour}, nil)
	must(t, err)
	p.API = api
	backend := p.backend()
	api.Backend = func() (*Backend, error) { return backend, nil }
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	must(t, db.CreateFirstAdmin(t.Context(), "root", string(hash), core.Event{Action: core.ActionSetup}))
	grant, err := backend.Auth.Login(t.Context(), "192.0.2.1", "root", password)
	must(t, err)
	p.token = grant.Token
	for _, id := range ids {
		must(t, os.MkdirAll(filepath.Join(p.base, id), 0o755))
		p.post("instances/create", map[string]any{"instance_id": id, "instance_name": id, "cms_type": "native", "database_name": "x", "domain": id + ".example"}).want(201)
	}
	return p
}

func (p *panel) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// backend wires the rooms as core/app does, on the embedded database, without looking at any site.
func (p *panel) backend() *Backend {
	rt := &brittle{virtual.Runtime{Now: p.clock, Base: p.base, Allowed: []string{p.base},
		Instances: func(context.Context) ([]core.Instance, error) { return nil, nil }}}
	healthy := true
	m := &core.Manager{Store: p.db, Watch: p.db, Runtime: rt, Base: p.base, Now: p.clock,
		Measure: func(context.Context, core.Instance, []byte) (core.Usage, []byte) {
			return core.Usage{DiskUsage: 7, Evidence: core.UsageEvidence{Disk: "measured"}}, nil
		},
		Examine: func(_ context.Context, r core.Record) core.Health {
			return core.Health{Healthy: &healthy, Wanted: r.Wanted(p.clock()), CheckedAt: p.clock(), Checks: []core.Check{}}
		}}
	doors := &auth.Service{Store: p.db, Tokens: p.db, TTL: time.Hour, Sleep: func(context.Context, time.Duration) {}}
	tokens, people := &auth.Tokens{Store: p.db, Now: p.clock}, &auth.People{Store: p.db, Attempts: p.db, Now: p.clock}
	finder := &scan.Finder{Manager: m, Roots: []string{p.base}, Docroot: p.base, Identify: cms.Identify,
		Find:    func(ctx context.Context, root string) ([]string, bool) { return virtual.FindSites(ctx, root, 1000) },
		Details: func(context.Context, string, core.CMS) scan.Details { return scan.Details{} }}
	keeper := &backup.Keeper{DB: p.db, Dir: p.base, Now: p.clock}
	return &Backend{
		Manager: m,
		Tick: &core.Tick{Manager: m, Judge: func(before core.Watch, _ core.Record, _ core.Health, _ core.Attention) (core.Watch, []core.Alert) {
			return before, nil
		}},
		Outdated: func(ctx context.Context) (bool, error) {
			v, err := p.db.Version(ctx)
			return v < store.SchemaVersion, err
		},
		Auth:   Auth{Login: doors.Login, Session: doors.Session, SessionReading: doors.SessionReading, Logout: doors.Logout},
		Tokens: Tokens{Issue: tokens.Issue, List: p.db.Tokens, Revoke: tokens.Revoke},
		People: People{List: p.db.People, Update: people.Update, Password: people.ChangePassword, Sessions: p.db.Sessions, EndSession: people.EndSession,
			Create: func(ctx context.Context, by core.Actor, username, password, fullName, email, role string) (int64, error) {
				return people.Create(ctx, by, auth.NewPerson{Username: username, Password: password, FullName: fullName, Email: email, Role: role})
			}},
		Doctor: func(context.Context, Asked) []core.Check {
			return []core.Check{{Name: "asked", Result: core.CheckOK, Reason: "asked"}}
		},
		Backups: Backups{Save: func(ctx context.Context, by core.Actor) (string, int, error) {
			s, err := keeper.Save(ctx, by)
			return s.Path, s.Rows, err
		}},
		Sites: Sites{Scan: finder.Scan,
			Adopt: func(ctx context.Context, by core.Actor, host string, list []Adoption) ([]Adopted, error) {
				var out []Adopted
				for _, a := range list {
					adopted, err := finder.Adopt(ctx, by, host, []scan.Adoption{scan.Adoption(a)})
					if err != nil {
						return nil, err
					}
					out = append(out, Adopted(adopted[0]))
				}
				return out, nil
			},
			Log: func(context.Context, core.Instance, int) (SiteLog, error) {
				return SiteLog{}, core.Errorf(core.CodeNotFound, "cannot find an error log")
			}},
		Account: func(context.Context) any { return nil },
		Mode:    func(context.Context) any { return map[string]any{"mode": core.ModeVirtual} },
		Create: func(ctx context.Context, by core.Actor, n core.NewInstance, _ Layout) (core.Record, LaidOut, error) {
			r, err := m.Create(ctx, by, n)
			return r, LaidOut{}, err
		},
		Migrate: func(ctx context.Context, _ core.Actor) (int, error) { return p.db.Migrate(ctx) },
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what a request was answered.
type answer struct {
	*httptest.ResponseRecorder
	t    *testing.T
	name string
}

// send sends a request with the token of the panel, where it has none of its own.
func (p *panel) send(r *http.Request) *answer {
	p.t.Helper()
	if p.token != "" && r.Header.Get("X-Auth-Token") == "" {
		r.Header.Set("X-Auth-Token", p.token)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := apispec.CheckAnswer(r, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		p.t.Error(err)
	}
	return &answer{w, p.t, r.Method + " " + r.URL.String()}
}

func (p *panel) get(name string) *answer {
	p.t.Helper()
	path, query, _ := strings.Cut(name, "?")
	return p.send(httptest.NewRequest("GET", "/api/"+path+".php?"+query, nil))
}

// post sends a JSON body, or with url.Values a form, or a string as it is.
func (p *panel) post(name string, body any) *answer {
	p.t.Helper()
	var text []byte
	kind := "text/plain"
	switch body := body.(type) {
	case nil:
	case string:
		text = []byte(body)
	case url.Values:
		text, kind = []byte(body.Encode()), "application/x-www-form-urlencoded"
	default:
		var err error
		text, err = json.Marshal(body)
		must(p.t, err)
	}
	r := httptest.NewRequest("POST", "/api/"+name+".php", bytes.NewReader(text))
	r.Header.Set("Content-Type", kind)
	return p.send(r)
}

func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Errorf("%s: status %d, want %d; body %s", a.name, a.Code, status, a.Body)
	}
	return a.wantForm()
}

// wantForm checks what every answer has in common.
func (a *answer) wantForm() *answer {
	a.t.Helper()
	if a.Code == http.StatusNoContent {
		return a
	}
	var f struct {
		Success              *bool
		Message, Error, Code string
	}
	if err := json.Unmarshal(a.Body.Bytes(), &f); err != nil || a.Code >= 400 && (f.Success == nil || *f.Success || f.Message == "" || f.Message != f.Error || f.Code == "") {
		a.t.Errorf("%s: the answer %d %s has not the contract's form (%v)", a.name, a.Code, a.Body, err)
	}
	return a
}

func (a *answer) says(words string) *answer {
	a.t.Helper()
	if !strings.Contains(a.Body.String(), words) {
		a.t.Errorf("%s: %s does not say %q", a.name, a.Body, words)
	}
	return a
}

func (a *answer) field(name string) any {
	a.t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(a.Body.Bytes(), &m); err != nil {
		a.t.Errorf("%s: %v in %s", a.name, err, a.Body)
	}
	return m[name]
}

// issue makes an API token.
func (p *panel) issue(scope string) string {
	p.t.Helper()
	token, _ := p.post("tokens/create", map[string]any{"name": "for " + scope, "scope": scope}).want(201).field("token").(string)
	return token
}

// status is what is wanted of an instance.
func (p *panel) wanted(id string) string {
	p.t.Helper()
	wanted, _ := p.get("instances/status?instance_id=" + id).want(200).field("wanted").(string)
	return wanted
}
