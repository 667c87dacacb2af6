package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// version2 gives a database the tables and rows that a program of version 2 leaves.
func version2(t *testing.T, o Options) *DB {
	t.Helper()
	db := open(t, o)
	must(t, db.exclusively(t.Context(), db.sql, func(ex execer) error {
		for v := range 2 {
			if err := migrations[v](t.Context(), db, ex); err != nil {
				return err
			}
		}
		return db.setVersion(t.Context(), ex, 2)
	}))
	for _, statement := range []string{
		`INSERT INTO instances (id, instance_id, instance_name, cms_type, database_name, status) VALUES (5, 'old', 'Old', 'joomla', 'j', 'inactive')`,
		`INSERT INTO virtual_processes (instance_id, virtual_pid, status) VALUES ('old', 'v-old', 'stopped')`,
		`INSERT INTO vpm_gates VALUES (5, 4, 3, 'works', 1795403511, 1, '/srv/old', 'stopped', 'gate', 'closed', 1795403511000001)`,
		`INSERT INTO vpm_usage VALUES (5, 1, 2, 3, 4, '{"disk_usage":"measured"}', 1795403511000002)`,
		`INSERT INTO vpm_events (occurred_at, instance_id, action, result) VALUES (1, 'old', 'stop', 'ok')`,
		`INSERT INTO admin_users (username, password, role) VALUES ('ann', 'h', 'admin')`,
	} {
		execute(t, db, statement)
	}
	_, err := db.CreateSession(t.Context(), 1, "key", time.Hour)
	must(t, err)
	return db
}

// wantUpgraded looks for what version2 stored.
func wantUpgraded(t *testing.T, db *DB) {
	t.Helper()
	wantComplete(t, db)
	r := record(t, db, "old")
	gate := core.Gate{Generation: 4, Applied: 3, Stop: core.Stop{Reason: "works", Until: time.Unix(1795403511, 0), IncludeNested: true}, Entry: "/srv/old",
		Evidence: core.Evidence{Observed: core.ObservedStopped, How: core.HowGate, Seen: "closed", At: time.UnixMicro(1795403511000001)}}
	usage := core.Usage{Memory: 1, DiskUsage: 2, DatabaseSize: 3, Queries: 4, Evidence: core.UsageEvidence{Disk: "measured"}, MeasuredAt: time.UnixMicro(1795403511000002)}
	if r.Gate != gate || r.Usage != usage || !r.Stopped() || !r.Watch.SeenAt.IsZero() {
		t.Errorf("after the upgrade it is %+v", r)
	}
	must(t, fillInstance(t.Context(), db, r.Instance))
	wantValue(t, db, "stop", historyOf(db), "old")
}

func TestVersion2IsUpgraded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := version2(t, o)
		if s, r, err := db.SessionReading(t.Context(), "old", "key"); err != nil || !s.Outdated || r != nil {
			t.Errorf("before the upgrade the session is %+v, %+v, %v", s, r, err)
		}
		_, err := db.Record(t.Context(), "old")
		wantCode(t, err, core.CodeUnavailable)
		wantCode(t, db.ChangeInstance(t.Context(), "old", start("v")), core.CodeUnavailable)
		wantCode(t, db.SaveUsage(t.Context(), "old", core.Usage{MeasuredAt: at}), core.CodeUnavailable)
		_, err = db.Lease(t.Context(), "tick", "ann", at, at)
		wantCode(t, err, core.CodeUnavailable)
		if from, err := db.Migrate(t.Context()); err != nil || from != 2 {
			t.Errorf("Migrate began at %d, %v", from, err)
		}
		wantUpgraded(t, db)
		if s, r, err := db.SessionReading(t.Context(), "old", "key"); err != nil || s.Outdated || r.Gate.Generation != 4 {
			t.Errorf("after the upgrade the session is %+v, %+v, %v", s, r, err)
		}
	})
}

// TestUpgradeDoesNotWaitForReaders, of whom a dump of the whole database may be one for hours.
func TestUpgradeDoesNotWaitForReaders(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	db := version2(t, o)
	dump, err := open(t, o).sql.BeginTx(t.Context(), nil)
	must(t, err)
	defer dump.Rollback()
	_, err = dump.Exec(`SELECT * FROM vpm_gates`)
	must(t, err)
	_, err = db.Migrate(t.Context())
	wantCode(t, err, core.CodeBusy)
	must(t, dump.Rollback())
	_, err = db.Migrate(t.Context())
	must(t, err)
	wantUpgraded(t, db)
}

func TestBypassIsStored(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		until := time.Unix(at.Unix(), 0)
		change := func(c core.Change) core.Gate {
			t.Helper()
			execute(t, db, `UPDATE instances SET updated_at = '2020-01-02 03:04:05'`)
			execute(t, db, `UPDATE virtual_processes SET last_activity = '2020-01-02 03:04:05', updated_at = updated_at`)
			must(t, db.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
				c.Event = event("one", core.ActionBypass, "")
				return c, nil
			}))
			if strings.HasPrefix(value(t, db, `SELECT updated_at FROM instances`), "2020") || strings.HasPrefix(value(t, db, `SELECT last_activity FROM virtual_processes`), "2020") {
				t.Errorf("the change %d is not dated", c.Kind)
			}
			return record(t, db, "one").Gate
		}
		planned := core.Stop{Reason: "works", Until: until.Add(time.Hour), IncludeNested: true}
		for i, c := range []struct {
			change core.Change
			want   core.Gate
		}{
			{core.Change{Kind: core.ChangeStop, Stop: planned}, core.Gate{Generation: 1, Stop: planned}},
			{core.Change{Kind: core.ChangeBypass, Bypass: "Secret", BypassUntil: until}, core.Gate{Generation: 2, Stop: planned, Bypass: "Secret", BypassUntil: until}},
			{core.Change{Kind: core.ChangeStop}, core.Gate{Generation: 3, Bypass: "Secret", BypassUntil: until}},
			{core.Change{Kind: core.ChangeBypass}, core.Gate{Generation: 4}},
			{core.Change{Kind: core.ChangeBypass, Bypass: "b", BypassUntil: until}, core.Gate{Generation: 5, Bypass: "b", BypassUntil: until}},
			{core.Change{Kind: core.ChangeStart, PID: "v2"}, core.Gate{Generation: 6}},
		} {
			if got := change(c.change); got != c.want {
				t.Errorf("%d: the gate is %+v; want %+v", i, got, c.want)
			}
		}
		r := record(t, db, "one")
		if !r.Running() || r.Run.VirtualPID != "v2" {
			t.Errorf("the instance is %+v", r)
		}
	})
}

func init() {
	roles["migrate"] = func(ctx context.Context, o Options, _ func()) error {
		db, err := Open(o)
		if err != nil {
			return err
		}
		_, err = db.Migrate(ctx)
		return err
	}
}
