// Package app puts the rooms of the house together. It alone imports all of them.
package app

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/auth"
	"vpm/core/autoinstall"
	"vpm/core/config"
	"vpm/core/httpapi"
	"vpm/core/setup"
	"vpm/core/store"
	"vpm/core/usage"
	"vpm/core/virtual"
)

// App is vpm with its settings, ready to answer requests.
type App struct {
	Config *config.Config
	Log    zerolog.Logger
	API    *httpapi.API

	broken bool // it only tells the reason
	// Version is that of the program, for people.
	Version string
	// Real gives what a server brings for processes of instances. nil: there are none here.
	Real func(db *store.DB, c *config.Config) RealMode

	checks   func(ctx context.Context, https bool) []core.Check // of the host
	upload   *autoinstall.Upload                                // nil where the program is not an uploaded one
	maxConns int
	logFile  *os.File // nil where the log is not a file of its own
	mu       sync.Mutex
	db       *store.DB
}

// New wires an App. It opens no connection and touches no file: that waits for a request that needs it.
// maxConns bounds the database connections of this process.
func New(cfg *config.Config, log zerolog.Logger, maxConns int) (*App, error) {
	a := &App{Config: cfg, Log: log, maxConns: maxConns}
	own := *cfg // set-up changes its copy; the next request, or the next process, reads what it saved
	s := &setup.Service{Config: &own, Open: func(c *config.Config) (*store.DB, error) { return a.openStore(c, 1) }, Now: time.Now}
	api, err := httpapi.New(httpapi.API{
		Log:            log,
		Backend:        a.backend,
		Setup:          httpapi.Setup{State: s.State, Run: s.Run, Try: s.Try, Checks: s.Checks, ResetFile: s.ResetFile, Reset: s.Reset},
		Timeout:        cfg.RequestTimeout,
		SessionTTL:     cfg.SessionTTL,
		TrustedProxies: networks(cfg.TrustedProxies),
		TickBudget:     cfg.TickBudget,
		Warnings:       append(slices.Clone(cfg.Warnings), alertWarnings(cfg)...),
	}, cfg.TrustedOrigins)
	a.API, a.checks = api, s.Checks
	return a, err
}

func networks(list []config.Network) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, n := range list {
		out[i] = n.Prefix
	}
	return out
}

// open gives the configured database, opened once.
func (a *App) open() (*store.DB, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.db != nil {
		return a.db, nil
	}
	db, err := a.openStore(a.Config, a.maxConns)
	if err != nil {
		return nil, err
	}
	a.db = db
	return db, nil
}

// openStore opens the database that settings name.
func (a *App) openStore(c *config.Config, maxConns int) (*store.DB, error) {
	opt := store.Options{MaxConns: maxConns, MySQL: store.MySQL{Host: c.DBHost, Port: c.DBPort, Socket: c.DBSocket,
		Database: c.DBName, User: c.DBUser, Password: c.DBPassword}}
	switch c.DBDriver {
	case "":
		return nil, core.Errorf(core.CodeUnavailable, "cannot do this before vpm is set up: open /vpm/ in a browser, or see /api/setup.php")
	case config.SQLite:
		opt.SQLite = c.SQLitePath()
		if a.Real == nil { // an installation moves the database of the uploaded program, and ends a server before it does so
			opt.Current = c.Current
		}
	}
	db, err := store.Open(opt)
	if err != nil && a.Real == nil && c.DBDriver == config.SQLite && c.DataDir == autoinstall.ServerData {
		return nil, core.Errorf(core.CodeUnavailable, "cannot reach vpm's server on this machine, which has the database: it is being installed, "+
			"or it does not run (vpm doctor tells why)").Because(err)
	}
	return db, err
}

func (a *App) backend() (*httpapi.Backend, error) {
	db, err := a.open()
	if err != nil {
		return nil, err
	}
	c := a.Config
	rt := a.virtualRuntime(db)
	var runtime core.Runtime = rt
	real := RealMode{Mode: Mode{Mode: core.ModeVirtual}}
	if a.Real != nil {
		real = a.Real(db, c)
	}
	rt.Change = real.Change
	switch {
	case real.Runtime != nil:
		runtime = real.Runtime(rt)
	case autoinstall.ServerInstalled():
		if a.Real == nil {
			real.Mode.Missing = outOfReach()
		}
		runtime = &core.Unreachable{Runtime: rt, Moved: moved(db), Now: time.Now,
			Why: cmp.Or(real.Mode.Missing, "the setting VPM_MODE is "+c.Mode)}
	}
	known := &sites{config: c, db: db, rt: rt, runtime: runtime, moved: real.Sites}
	manager := &core.Manager{Store: db, Watch: db, Runtime: runtime, Base: c.InstancesDir,
		Measure: known.meter().Measure, Examine: known.examine, Probe: known.probe, Now: time.Now}
	doors := &auth.Service{Store: db, Tokens: db, TTL: c.SessionTTL, Sleep: auth.Sleep}
	tokens := &auth.Tokens{Store: db, Now: time.Now}
	people := &auth.People{Store: db, Attempts: db, Now: time.Now}
	var moves httpapi.Moves
	if real.Moves != nil {
		moves = real.Moves(manager)
	}
	return &httpapi.Backend{
		Manager: manager,
		Tick:    a.tick(manager, db),
		Auth:    httpapi.Auth{Login: doors.Login, Session: doors.Session, SessionReading: doors.SessionReading, Logout: doors.Logout},
		Tokens:  httpapi.Tokens{Issue: tokens.Issue, List: db.Tokens, Revoke: tokens.Revoke},
		People: httpapi.People{List: people.Store.People, Password: people.ChangePassword, Update: people.Update,
			Sessions: db.Sessions, EndSession: people.EndSession,
			Create: func(ctx context.Context, by core.Actor, username, password, fullName, email, role string) (int64, error) {
				return people.Create(ctx, by, auth.NewPerson{Username: username, Password: password, FullName: fullName, Email: email, Role: role})
			}},
		Sites:   known.doors(manager),
		Backups: backups(keeper(c, db)),
		Mode:    func(context.Context) any { return real.Mode },
		Sudo:    a.sudo,
		Doctor:  a.doctor(db, real.Mode, a.checks),
		Moves:   moves,
		Real:    real.Figures,
		Journal: real.Journal,
		Create:  known.creator(manager),
		Account: func(ctx context.Context) any {
			if account, ok := (usage.Host{Proc: "/proc", UID: os.Getuid()}).Account(ctx); ok {
				return account
			}
			return nil
		},
		Outdated: func(ctx context.Context) (bool, error) {
			v, err := db.Version(ctx)
			return v < store.SchemaVersion, err
		},
		Migrate: func(ctx context.Context, by core.Actor) (int, error) {
			from, err := db.Migrate(ctx)
			if err != nil || from == store.SchemaVersion {
				return from, err
			}
			return from, db.RecordEvent(ctx, core.Event{At: time.Now(), Action: core.ActionMigrate, Actor: by, Result: core.ResultOK})
		},
	}, nil
}

// virtualRuntime knows where the sites of this account and the panel itself lie.
func (a *App) virtualRuntime(db *store.DB) *virtual.Runtime {
	c := a.Config
	rt := &virtual.Runtime{
		Now:       time.Now,
		Base:      c.InstancesDir,
		Allowed:   []string{c.InstancesDir, filepath.Dir(c.Place.WebRoot)},
		Panel:     []string{c.Place.ProgramDir, filepath.Join(filepath.Dir(c.Place.ProgramDir), "vpm")},
		OpenPaths: c.OpenPaths,
		Docroot:   c.Place.Docroot,
		Roots:     names(c.Place.Named),
		History: func(ctx context.Context, in core.Instance) ([]core.Event, error) {
			return db.Events(ctx, in.InstanceID, 0, 5) // what other programs do leaves no event
		},
		Instances: func(ctx context.Context) ([]core.Instance, error) {
			records, _, err := db.Records(ctx, core.Query{})
			list := make([]core.Instance, len(records))
			for i, r := range records {
				list[i] = r.Instance
			}
			return list, err
		},
	}
	if c.DataDir != "" {
		rt.Backups = filepath.Join(c.DataDir, "backups")
	}
	return rt
}

// Close ends the connections of a long-running process and closes its log.
func (a *App) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var failed error
	if a.db != nil {
		failed = a.db.Close()
	}
	if a.logFile != nil {
		failed = errors.Join(failed, a.logFile.Close())
	}
	return failed
}

// names is the one name, where it is known.
func names(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}
