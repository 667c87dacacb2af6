package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/config"
	"vpm/core/httpapi"
	"vpm/core/move"
	"vpm/core/provision"
	"vpm/core/store"
	"vpm/core/systemd"
)

// machine is the server that vpm runs on, and what it offers.
type machine struct {
	units   *systemd.Units
	journal systemd.Journal
	wanted  systemd.Wanted
	paths   provision.Paths

	mu    sync.Mutex
	found systemd.Capability
	// stamp writes times as the database of has them.
	stamp func(time.Time) core.Timestamp
	of    *store.DB
}

// Where things are on a server; the texts of core/systemd say the same.
const (
	wantedDir  = "/var/lib/vpm/wanted"
	socketsDir = "/run/vpm"
	busAddress = "unix:path=/run/dbus/system_bus_socket"
	fpmPattern = "/usr/sbin/php-fpm*"
)

func newMachine() *machine {
	fpm := "/usr/sbin/php-fpm"
	if found, _ := filepath.Glob(fpmPattern); len(found) > 0 {
		fpm = found[len(found)-1]
	}
	units := systemd.NewUnits(busAddress)
	units.Sudo = "/usr/bin/sudo"
	return &machine{
		units:   units,
		journal: systemd.Journal{Program: "/usr/bin/journalctl"},
		wanted:  systemd.Wanted{Dir: wantedDir},
		paths:   provision.DefaultPaths(fpm),
	}
}

// detectAgain is after how long a machine that lacked something is looked at again.
const detectAgain = time.Minute

// capability is what the machine offers, looked at once and, where something is missing, again by and by.
func (m *machine) capability(ctx context.Context) systemd.Capability {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.found.At.IsZero() && (m.found.Real || time.Since(m.found.At) < detectAgain) {
		return m.found
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d := systemd.Detector{Units: m.units, Journal: m.journal, Wanted: m.wanted, Booted: "/run/systemd/system", FPM: fpmPattern, Now: time.Now}
	m.found = d.Detect(ctx)
	return m.found
}

// real makes what an App needs to give instances processes of their own, where the machine and the settings allow it.
func (m *machine) real(db *store.DB, c *config.Config) app.RealMode {
	ctx := context.Background()
	found := m.capability(ctx)
	mode, err := found.Choose(c.Mode)
	out := app.RealMode{Mode: app.Mode{Mode: mode, Missing: found.Missing(), Checks: found.Checks}}
	if err != nil {
		out.Mode.Missing = core.Sentence(err)
	}
	if err != nil || mode != core.ModeReal {
		out.Mode.Mode = core.ModeVirtual
		return out
	}
	stamp, err := m.timestamps(ctx, db)
	if err != nil {
		out.Mode.Mode, out.Mode.Missing = core.ModeVirtual, core.Sentence(err)
		return out
	}
	rt := &systemd.Runtime{
		Units: m.units, Wanted: m.wanted, Journal: m.journal, Cgroups: systemd.Cgroups{Root: "/sys/fs/cgroup", Proc: "/proc"},
		Slug: func(ctx context.Context, in core.Instance) (string, error) {
			slug, err := unitOf(ctx, db, in)
			if err == nil && slug == "" {
				err = core.Errorf(core.CodeUnavailable, "cannot find the process of %s: it was not given one", in.InstanceID)
			}
			return slug, err
		},
		Gate:    provision.Gates{Paths: m.paths, Units: m.units, Panel: panelDirs(c)}.Set,
		Queries: store.Statements{Socket: m.paths.MariaDB, User: m.paths.Server}.Count,
		Limit: func(ctx context.Context, slug string, in core.Instance) error {
			return move.Limit(ctx, provision.Client{Paths: m.paths, Units: m.units}, slug, in)
		},
		Memory: systemd.Memory{
			Load: func(ctx context.Context, in core.Instance) (string, error) {
				_, text, err := db.Unit(ctx, in)
				return text, err
			},
			Save: db.SaveCrashes,
			History: func(ctx context.Context, in core.Instance) ([]core.Event, error) {
				return db.Events(ctx, in.InstanceID, 0, 5)
			},
		},
		Pools: m.paths.Pools, Sockets: socketsDir, Timestamp: stamp, Now: time.Now,
	}
	out.Runtime = func(virtual core.Runtime) core.Runtime {
		return &core.ByMode{Virtual: virtual, Real: rt, Moved: func(ctx context.Context, in core.Instance) (bool, error) {
			slug, err := unitOf(ctx, db, in)
			return slug != "", err
		}, Ahead: func(ctx context.Context) (context.Context, error) { return unitsAhead(ctx, db) }}
	}
	out.Change = provision.Originals{Paths: m.paths, Units: m.units, Shared: m.shared}.Set
	out.Sites = m.paths.Sites
	out.Figures = func(ctx context.Context, in core.Instance) any {
		if slug, _, err := db.Unit(ctx, in); err != nil || slug == "" {
			return nil
		}
		figures, err := rt.Figures(ctx, in)
		if err != nil {
			return nil // the answer says of the process itself what keeps vpm from seeing it
		}
		return figures
	}
	out.Journal = func(ctx context.Context, in core.Instance, n int) *httpapi.Journal {
		slug, _, err := db.Unit(ctx, in)
		if err != nil || slug == "" {
			return nil
		}
		out := &httpapi.Journal{Unit: systemd.UnitName(slug), Entries: []httpapi.JournalEntry{}}
		entries, err := m.journal.Entries(ctx, out.Unit, n)
		if err != nil {
			out.Reason = core.Sentence(err)
		}
		for _, e := range entries {
			out.Entries = append(out.Entries, httpapi.JournalEntry(e))
		}
		return out
	}
	out.Moves = func(manager *core.Manager) httpapi.Moves { return m.moves(manager, db) }
	return out
}

// timestamps asks a database for its time zone once.
func (m *machine) timestamps(ctx context.Context, db *store.DB) (func(time.Time) core.Timestamp, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == db {
		return m.stamp, nil
	}
	stamp, err := db.Timestamps(ctx)
	if err == nil {
		m.stamp, m.of = stamp, db
	}
	return stamp, err
}

func (m *machine) moves(manager *core.Manager, db *store.DB) httpapi.Moves {
	mover := &move.Mover{Manager: manager, Units: db, Client: provision.Client{Paths: m.paths, Units: m.units}, Shared: m.shared}
	if by, ok := manager.Runtime.(*core.ByMode); ok {
		mover.Original = by.Virtual
	}
	door := func(do func(context.Context, core.Actor, string) (provision.Result, error)) func(context.Context, core.Actor, string) (any, error) {
		return func(ctx context.Context, by core.Actor, id string) (any, error) { return do(ctx, by, id) }
	}
	return httpapi.Moves{Move: door(mover.Move), Undo: door(mover.Undo), Finish: door(mover.Finish), Remove: door(mover.Remove),
		Progress: func(ctx context.Context, id string) (any, error) { return mover.Progress(ctx, id) }}
}

// shared tells whether a host's instances are included by the configuration for all hosts: none of a web server here has
// them by its name.
func (m *machine) shared(host string) bool {
	named := false
	for _, w := range []provision.WebServer{m.paths.Apache, m.paths.Nginx} {
		if isDir(w.Fragments) {
			if named = isDir(filepath.Join(w.Fragments, host)); !named {
				return true
			}
		}
	}
	return !named
}

// panelDirs are the directories of the panel: that of its API, and that of its pages beside it.
func panelDirs(c *config.Config) []string {
	if c.Place.ProgramDir == "" {
		return nil
	}
	return []string{c.Place.ProgramDir, filepath.Join(filepath.Dir(c.Place.ProgramDir), "vpm")}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
