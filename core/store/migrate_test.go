package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"vpm/core"
)

const allTables = 16

func countTables(t *testing.T, db *DB) string {
	t.Helper()
	if db.name == "mysql" { // vpm_schema is only there
		return value(t, db, `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()`)
	}
	return value(t, db, `SELECT COUNT(*) + 1 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
}

func wantComplete(t *testing.T, db *DB) {
	t.Helper()
	if got := countTables(t, db); got != fmt.Sprint(allTables) {
		t.Errorf("there are %s tables; want %d", got, allTables)
	}
	wantValue(t, db, fmt.Sprint(SchemaVersion), "SELECT "+db.schemaVersion)
}

func init() {
	roles["first use"] = func(ctx context.Context, o Options, hello func()) error {
		hello()
		if o.SQLite != "" {
			if err := CreateSQLite(ctx, o.SQLite); err != nil {
				return err
			}
		}
		db, err := Open(o)
		if err != nil {
			return err
		}
		if o.SQLite != "" { // as set-up does
			if _, err := db.Migrate(ctx); err != nil {
				return err
			}
		}
		_, err = db.HasAdmin(ctx)
		return err
	}
	roles["first admin"] = func(ctx context.Context, o Options, hello func()) error {
		db, err := Open(o)
		if err != nil {
			return err
		}
		hello()
		err = db.CreateFirstAdmin(ctx, fmt.Sprintf("admin%p", db), "hash", event("", core.ActionSetup, ""))
		if code := core.CodeOf(err); code != "" && code != core.CodeConflict {
			return err
		}
		fmt.Println(core.CodeOf(err))
		return nil
	}
}

// TestProcessesRaceForAnEmptyDatabase has all of them find it empty at once.
func TestProcessesRaceForAnEmptyDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		if o.SQLite != "" {
			o.SQLite += "-new" // not even the file is there
		}
		race(t, 6, "first use", o)
		db := open(t, o)
		wantComplete(t, db)
		winners := 0
		for _, output := range race(t, 4, "first admin", o) {
			if output == "\n" {
				winners++
			}
		}
		if winners != 1 {
			t.Errorf("%d processes created the first administrator; want 1", winners)
		}
		wantValue(t, db, "1", `SELECT COUNT(*) FROM admin_users`)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_events`)
	})
}

func TestFirstUseSetsUp(t *testing.T) {
	for name, use := range map[string]func(context.Context, *DB) error{
		"HasAdmin":     func(ctx context.Context, db *DB) error { _, err := db.HasAdmin(ctx); return err },
		"Login":        func(ctx context.Context, db *DB) error { _, err := db.Login(ctx, "ann"); return err },
		"BeginAttempt": func(ctx context.Context, db *DB) error { _, err := db.BeginAttempt(ctx, "::1", "ann", 9e9); return err },
		"Session": func(ctx context.Context, db *DB) error {
			_, err := db.Session(ctx, "a", "b")
			if core.CodeOf(err) == core.CodeUnauthenticated {
				return nil
			}
			return fmt.Errorf("the error is %w; want unauthenticated", err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, o Options) {
				db := open(t, o)
				if o.SQLite != "" { // set-up alone fills an embedded database: one without tables was emptied
					wantCode(t, use(t.Context(), db), core.CodeUnavailable)
					wantValue(t, db, "0", `SELECT COUNT(*) FROM sqlite_master`)
					return
				}
				must(t, use(t.Context(), db))
				wantComplete(t, db)
			})
		})
	}
}

// TestCutOffSetUpIsCompleted removes what a set-up that was killed had not come to. MySQL alone can be left so.
func TestCutOffSetUpIsCompleted(t *testing.T) {
	t.Parallel()
	for _, left := range [][]string{
		{"DELETE FROM vpm_schema"},
		{"DELETE FROM vpm_schema", "DROP TABLE vpm_usage"},
		{"DELETE FROM vpm_schema", "DROP TABLE vpm_usage", "DROP TABLE vpm_events"},
		{"DROP TABLE vpm_usage", "DROP TABLE vpm_events", "DROP TABLE vpm_schema"},
		{"DROP TABLE vpm_schema", "DROP TABLE admin_sessions", "DROP TABLE login_attempts"},
		{"DROP TABLE vpm_schema", "DROP TABLE virtual_processes", "DROP TABLE admin_sessions", "DROP TABLE admin_users"},
	} {
		t.Run(fmt.Sprint(left), func(t *testing.T) {
			t.Parallel()
			for _, first := range []string{"session", "login"} {
				db := ready(t, emptyMariaDB(t))
				create(t, db, "one")
				execute(t, db, `INSERT INTO admin_users (username, password, role) VALUES ('ann', 'h', 'admin')`)
				execute(t, db, `INSERT INTO admin_sessions (user_id, token, expires_at) VALUES (1, 'bare', NOW() + INTERVAL 1 HOUR)`)
				for _, statement := range left {
					execute(t, db, statement)
				}
				if first == "login" {
					_, err := db.Login(t.Context(), "ann")
					must(t, err)
				} else if s, err := db.Session(t.Context(), "bare"); err == nil && s.Outdated {
					t.Error("an upgrade is asked for where set-up was cut off")
				}
				wantComplete(t, db)
				wantValue(t, db, "1", `SELECT COUNT(*) FROM instances`)
			}
		})
	}
}

func setVersion(t *testing.T, db *DB, version int) {
	t.Helper()
	must(t, db.setVersion(t.Context(), db.sql, version))
}

func TestOlderTablesAreUpgradedWhenAsked(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		must(t, db.CreateFirstAdmin(t.Context(), "ann", "hash", event("", core.ActionSetup, "")))
		_, err := db.CreateSession(t.Context(), 1, "key", 9e12)
		must(t, err)
		setVersion(t, db, SchemaVersion-1)
		for _, want := range []bool{true, false} {
			s, err := db.Session(t.Context(), "key")
			if err != nil || s.Outdated != want {
				t.Errorf("the session is %+v, %v; want Outdated %v", s, err, want)
			}
			from, err := db.Migrate(t.Context())
			if err != nil || from != SchemaVersion-map[bool]int{true: 1}[want] {
				t.Errorf("Migrate began at %d, %v", from, err)
			}
		}
		wantComplete(t, db)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM admin_users`)
	})
}

func TestNewerTablesAreLeftAlone(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		must(t, db.CreateFirstAdmin(t.Context(), "ann", "hash", event("", core.ActionSetup, "")))
		_, err := db.CreateSession(t.Context(), 1, "key", 9e12)
		must(t, err)
		setVersion(t, db, SchemaVersion+1)
		execute(t, db, `DROP TABLE vpm_usage`)
		_, err = db.Migrate(t.Context())
		wantCode(t, err, core.CodeUnavailable)
		_, err = db.Session(t.Context(), "key")
		wantCode(t, err, core.CodeUnavailable)
		_, err = db.Login(t.Context(), "ann")
		wantCode(t, err, core.CodeUnavailable)
		if got := countTables(t, db); got != fmt.Sprint(allTables-1) {
			t.Errorf("there are %s tables; want %d", got, allTables-1)
		}
		wantValue(t, db, fmt.Sprint(SchemaVersion+1), "SELECT "+db.schemaVersion)
	})
}

// TestLostTableIsNotMadeAnew: tables that vanish from a database in use are trouble, not a first use.
func TestLostTableIsNotMadeAnew(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		execute(t, db, `DROP TABLE admin_sessions`)
		_, err := db.Session(t.Context(), "key")
		wantCode(t, err, core.CodeUnavailable)
		execute(t, db, `DROP TABLE login_attempts`)
		_, err = db.BeginAttempt(t.Context(), "192.0.2.1", "ann", time.Minute)
		wantCode(t, err, core.CodeUnavailable)
		execute(t, db, `DROP TABLE admin_users`)
		_, err = db.HasAdmin(t.Context())
		wantCode(t, err, core.CodeUnavailable)
		if got := countTables(t, db); got != fmt.Sprint(allTables-3) {
			t.Errorf("there are %s tables; want %d", got, allTables-3)
		}
	})
}
