package store

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"vpm/core"
)

// user adds one straight into the table; permissions is the column's text, or nil for NULL.
func user(t *testing.T, db *DB, name, role, status string, permissions any) (id int64) {
	t.Helper()
	execute(t, db, `INSERT INTO admin_users (username, password, role, status, permissions) VALUES (?, ?, ?, ?, ?)`,
		name, "hash of "+name, role, status, permissions)
	l, err := db.Login(t.Context(), name)
	must(t, err)
	return l.User.ID
}

func TestPermissionsAreWhatTheColumnSays(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for i, c := range []struct {
			role   string
			column any
			want   []core.Permission
		}{
			{"admin", nil, []core.Permission{"*"}},
			{"admin", "[]", []core.Permission{}},
			{"manager", nil, []core.Permission{"instances.view", "instances.manage", "instances.create"}},
			{"manager", "null", []core.Permission{"instances.view", "instances.manage", "instances.create"}},
			{"viewer", nil, []core.Permission{"instances.view"}},
			{"viewer", `["instances.manage"]`, []core.Permission{"instances.manage"}},
			{"viewer", "[]", []core.Permission{}},
			{"manager", `{"instances.manage": true}`, []core.Permission{}},
			{"manager", `"*"`, []core.Permission{}},
			{"manager", `["*", 7]`, []core.Permission{}},
		} {
			name := fmt.Sprint("user", i)
			user(t, db, name, c.role, "active", c.column)
			l, err := db.Login(t.Context(), name)
			if err != nil || !slices.Equal(l.User.Permissions, c.want) || l.User.Permissions == nil {
				t.Errorf("%s with %v may %q, %v; want %q", c.role, c.column, l.User.Permissions, err, c.want)
			}
		}
	})
}

func TestLoginKnowsActiveUsersOnly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		if l, err := db.Login(t.Context(), "ann"); err != nil || l.Known || l.PasswordHash != "" {
			t.Errorf("without any user the login is %+v, %v", l, err)
		}
		user(t, db, "first", "viewer", "active", nil)
		user(t, db, "ann", "viewer", "active", nil)
		user(t, db, "bob", "admin", "inactive", nil)
		for name, want := range map[string]string{"ann": "true hash of ann", "ANN": "true hash of ann",
			"bob": "false hash of first", "nobody": "false hash of first", "": "false hash of first", "' OR ''='": "false hash of first"} {
			l, err := db.Login(t.Context(), name)
			if got := fmt.Sprint(l.Known, " ", l.PasswordHash); err != nil || got != want {
				t.Errorf("the login of %q is %q, %v; want %q", name, got, err, want)
			}
		}
		if has, err := db.HasAdmin(t.Context()); err != nil || !has {
			t.Errorf("an administrator who is not active counts as none (%v)", err)
		}
	})
}

func TestSessionNeedsItsExactToken(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		ann := user(t, db, "ann", "viewer", "active", nil)
		for _, key := range []string{"sha256:ab", "bare"} {
			_, err := db.CreateSession(t.Context(), ann, key, time.Hour)
			must(t, err)
		}
		for _, keys := range [][]string{{"sha256:ab"}, {"none", "bare"}, {"bare", "none"}} {
			s, err := db.Session(t.Context(), keys...)
			if err != nil || s.User.ID != ann || !slices.Contains(keys, s.Key) {
				t.Errorf("the session of %q is %+v, %v", keys, s, err)
			}
		}
		// MySQL's comparison takes these for the same.
		for _, key := range []string{"SHA256:AB", "sha256:ab ", "bare  ", "BARE", "báre", "", "bar_", "%"} {
			_, err := db.Session(t.Context(), key, key)
			wantCode(t, err, core.CodeUnauthenticated)
		}
		must(t, db.DeleteSession(t.Context(), "bare"))
		must(t, db.DeleteSession(t.Context(), "bare")) // gone already
		_, err := db.Session(t.Context(), "bare")
		wantCode(t, err, core.CodeUnauthenticated)
		execute(t, db, `UPDATE admin_users SET status = 'inactive'`)
		_, err = db.Session(t.Context(), "sha256:ab")
		wantCode(t, err, core.CodeUnauthenticated)
	})
}

func TestSessionsExpire(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		ann, bob := user(t, db, "ann", "viewer", "active", nil), user(t, db, "bob", "viewer", "active", nil)
		for key, id := range map[string]int64{"old": ann, "bob's": bob} {
			_, err := db.CreateSession(t.Context(), id, key, time.Hour)
			must(t, err)
			if _, err = db.Session(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		execute(t, db, `UPDATE admin_sessions SET expires_at = '2001-01-01 00:00:00'`)
		_, err := db.Session(t.Context(), "old")
		wantCode(t, err, core.CodeUnauthenticated)
		_, err = db.CreateSession(t.Context(), ann, "new", time.Minute)
		must(t, err)
		wantValue(t, db, "0", `SELECT COUNT(*) FROM admin_sessions WHERE token = 'old'`)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM admin_sessions WHERE token = ?`, "bob's")
	})
}

func TestSetPasswordEndsTheUsersSessions(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		ann, bob := user(t, db, "ann", "admin", "active", nil), user(t, db, "bob", "viewer", "active", nil)
		for key, id := range map[string]int64{"a1": ann, "a2": ann, "b": bob} {
			_, err := db.CreateSession(t.Context(), id, key, time.Hour)
			must(t, err)
		}
		execute(t, db, `UPDATE admin_users SET status = 'inactive' WHERE username = 'ann'`)
		must(t, db.SetPassword(t.Context(), "ann", "new", event("", core.ActionReset, "")))
		wantValue(t, db, "b", `SELECT token FROM admin_sessions`)
		wantValue(t, db, "new", `SELECT password FROM admin_users WHERE username = 'ann' AND status = 'active'`)
		wantValue(t, db, "hash of bob", `SELECT password FROM admin_users WHERE username = 'bob'`)
		wantCode(t, db.SetPassword(t.Context(), "nobody", "new", event("", core.ActionReset, "")), core.CodeNotFound)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_events WHERE action = 'reset_password' AND instance_id IS NULL`)
	})
}

// TestFirstAdministratorIsTheOnlyOne: who comes to set-up second gets no account by it, and is told.
func TestFirstAdministratorIsTheOnlyOne(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		must(t, db.CreateFirstAdmin(t.Context(), "ann", "hash", event("", core.ActionSetup, "")))
		execute(t, db, `UPDATE admin_users SET status = 'inactive'`)
		wantCode(t, db.CreateFirstAdmin(t.Context(), "eve", "hash", event("", core.ActionSetup, "")), core.CodeConflict)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM admin_users`)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_events`)
	})
}

func TestAttemptsAreCounted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		begin := func(address, name string, fromAddress, forUsername int) core.Attempt {
			t.Helper()
			a, err := db.BeginAttempt(t.Context(), address, name, 15*time.Minute)
			if err != nil || a.FromAddress != fromAddress || a.ForUsername != forUsername {
				t.Errorf("the attempt is %+v, %v; want %d from the address and %d for the name", a, err, fromAddress, forUsername)
			}
			return a
		}
		begin("192.0.2.1", "ann", 1, 1)
		begin("192.0.2.1", "bob", 2, 1)
		begin("192.0.2.2", "ann", 1, 2)
		begin("192.0.2.1", "ANN", 3, 3)
		execute(t, db, `UPDATE login_attempts SET attempted_at = '2001-01-01 00:00:00' WHERE username = 'bob'`)
		last := begin("192.0.2.1", "ann", 3, 4)
		must(t, db.CancelAttempt(t.Context(), last.ID))
		begin("192.0.2.1", "cat", 3, 1)
		must(t, db.ForgiveAttempts(t.Context(), "192.0.2.1", "ann"))
		wantValue(t, db, "0", `SELECT COUNT(*) FROM login_attempts WHERE username = 'bob'`) // too old to count
		begin("192.0.2.1", "ann", 2, 2)
		begin("", "", 1, 1)
	})
}

// TestAttemptsBeforeTheClockWasSetBack keep nobody out until the time comes again.
func TestAttemptsBeforeTheClockWasSetBack(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for range 3 {
			_, err := db.BeginAttempt(t.Context(), "192.0.2.1", "ann", 15*time.Minute)
			must(t, err)
		}
		execute(t, db, `UPDATE login_attempts SET attempted_at = '2037-01-01 00:00:00'`)
		a, err := db.BeginAttempt(t.Context(), "192.0.2.1", "ann", 15*time.Minute)
		if err != nil || a.FromAddress != 1 || a.ForUsername != 1 {
			t.Errorf("the attempt is %+v, %v; want the only one that counts", a, err)
		}
		if n, err := db.AttemptsBefore(t.Context(), "192.0.2.1", a.ID, 15*time.Minute); err != nil || n != 1 {
			t.Errorf("counted anew they are %d, %v", n, err)
		}
		must(t, db.ForgiveAttempts(t.Context(), "192.0.2.9", "bob"))
		wantValue(t, db, "1", `SELECT COUNT(*) FROM login_attempts`)
	})
}

// TestSessionReading reads the instance along with the session as Record alone does, and finds the session whatever
// becomes of the instance.
func TestSessionReading(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "wp-1")
		must(t, db.SaveUsage(t.Context(), "wp-1", core.Usage{Memory: 7, MeasuredAt: time.UnixMicro(5)}))
		_, err := db.CreateSession(t.Context(), user(t, db, "ann", "viewer", "active", nil), "key", time.Hour)
		must(t, err)
		want, err := db.Record(t.Context(), "wp-1")
		must(t, err)
		s, got, err := db.SessionReading(t.Context(), "wp-1", "none", "key")
		must(t, err)
		if s.User.Username != "ann" || got == nil {
			t.Fatalf("read %+v %+v", s, got)
		}
		if got.ReadAt = want.ReadAt; !reflect.DeepEqual(*got, want) {
			t.Errorf("read along: %+v\nread alone: %+v", *got, want)
		}
		if s, got, err := db.SessionReading(t.Context(), "none", "key"); err != nil || got != nil || s.User.Username != "ann" {
			t.Errorf("for an unknown instance: %+v %+v %v", s, got, err)
		}
		_, _, err = db.SessionReading(t.Context(), "wp-1", "none", "KEY")
		wantCode(t, err, core.CodeUnauthenticated)
		execute(t, db, `DROP TABLE vpm_usage`) // as in an older version
		must(t, db.setVersion(t.Context(), db.sql, 0))
		if s, got, err := db.SessionReading(t.Context(), "wp-1", "key"); err != nil || got != nil || !s.Outdated {
			t.Errorf("with older tables: %+v %+v %v", s, got, err)
		}
	})
}
