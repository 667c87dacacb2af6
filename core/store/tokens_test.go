package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

const tokenDigest = "sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func createToken(t *testing.T, db *DB, name, scope, digest string) int64 {
	t.Helper()
	id, err := db.CreateToken(t.Context(), core.APIToken{Name: name, Scope: scope, CreatedBy: "ann", CreatedAt: at}, digest, event("", core.ActionToken, ""))
	must(t, err)
	return id
}

// otherDigest differs from tokenDigest in its end.
func otherDigest(n int) string { return tokenDigest[:len(tokenDigest)-2] + fmt.Sprintf("%02x", n) }

func TestTokensAreFoundByTheirDigest(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		if list, err := db.Tokens(t.Context()); err != nil || list == nil || len(list) > 0 {
			t.Errorf("of none the list is %v, %v", list, err)
		}
		for i, c := range []struct{ scope, may string }{
			{core.ScopeView, "[instances.view]"},
			{core.ScopeManage, "[instances.view instances.manage instances.create tick]"},
			{core.ScopeTick, "[tick]"},
			{"everything", "[]"}, // of a newer program, or by hand
			{"", "[]"},
		} {
			createToken(t, db, fmt.Sprint("Ünit ", i), c.scope, otherDigest(i))
			s, err := db.TokenSession(t.Context(), otherDigest(i), at)
			if err != nil || fmt.Sprint(s.User.Permissions) != c.may || s.User.Username != fmt.Sprint("token Ünit ", i) || s.User.ID != 0 || s.User.Role != "" ||
				s.Key != "" || s.Outdated {
				t.Errorf("%s: the session is %+v, %v", c.scope, s, err)
			}
		}
		list, err := db.Tokens(t.Context())
		must(t, err)
		if len(list) != 5 || list[0].Name != "Ünit 4" || list[4].Scope != core.ScopeView || list[4].CreatedBy != "ann" || list[4].CreatedAt.Unix() != at.Unix() {
			t.Errorf("the list is %+v", list)
		}
		for _, digest := range []string{"", tokenDigest, strings.ToUpper(otherDigest(0)), otherDigest(0)[7:], "%", "' OR ''='"} {
			_, err := db.TokenSession(t.Context(), digest, at)
			wantCode(t, err, core.CodeUnauthenticated)
		}
		_, err = db.CreateToken(t.Context(), core.APIToken{Name: "again", CreatedAt: at}, otherDigest(0), event("", core.ActionToken, ""))
		wantCode(t, err, core.CodeConflict)
		wantValue(t, db, "5", `SELECT COUNT(*) FROM vpm_events WHERE action = 'token'`)

		must(t, db.DeleteToken(t.Context(), list[4].ID, event("", core.ActionToken, "")))
		_, err = db.TokenSession(t.Context(), otherDigest(0), at)
		wantCode(t, err, core.CodeUnauthenticated)
		wantCode(t, db.DeleteToken(t.Context(), list[4].ID, event("", core.ActionToken, "")), core.CodeNotFound)
		wantValue(t, db, "6", `SELECT COUNT(*) FROM vpm_events WHERE action = 'token'`)
	})
}

// TestUseOfATokenIsNotedHourly: a write with every request would cost more than it says.
func TestUseOfATokenIsNotedHourly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		at := at.Truncate(time.Second)
		createToken(t, db, "cron", core.ScopeTick, tokenDigest)
		if list, err := db.Tokens(t.Context()); err != nil || !list[0].LastUsedAt.IsZero() {
			t.Errorf("before its first use it is %+v, %v", list, err)
		}
		for _, c := range []struct{ after, noted time.Duration }{
			{0, 0}, {time.Minute, 0}, {time.Hour, 0}, {time.Hour + time.Second, time.Hour + time.Second},
			{2 * time.Hour, time.Hour + time.Second}, {-time.Hour, time.Hour + time.Second}, // a clock that was put back
		} {
			_, err := db.TokenSession(t.Context(), tokenDigest, at.Add(c.after))
			must(t, err)
			list, err := db.Tokens(t.Context())
			if err != nil || list[0].LastUsedAt.Unix() != at.Add(c.noted).Unix() {
				t.Errorf("used after %s, it is noted at %s, %v", c.after, list[0].LastUsedAt.Sub(at), err)
			}
		}
		// That it cannot be noted keeps nobody out.
		refuse := `CREATE TRIGGER refuse BEFORE UPDATE ON vpm_tokens BEGIN SELECT RAISE(FAIL, 'full'); END`
		if db.name == "mysql" {
			refuse = `CREATE TRIGGER refuse BEFORE UPDATE ON vpm_tokens FOR EACH ROW SIGNAL SQLSTATE '45000'`
		}
		execute(t, db, refuse)
		if s, err := db.TokenSession(t.Context(), tokenDigest, at.Add(24*time.Hour)); err != nil || s.User.Username != "token cron" {
			t.Errorf("where its use cannot be noted the session is %+v, %v", s, err)
		}
		wantValue(t, db, fmt.Sprint(at.Add(time.Hour+time.Second).Unix()), `SELECT last_used_at FROM vpm_tokens`)
	})
}

func TestTokensAndTheVersionOfTheTables(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := version2(t, o) // it has no tokens
		_, err := db.TokenSession(t.Context(), tokenDigest, at)
		wantCode(t, err, core.CodeUnauthenticated)
		_, err = db.Tokens(t.Context())
		wantCode(t, err, core.CodeUnavailable)
		_, err = db.Migrate(t.Context())
		must(t, err)
		createToken(t, db, "cron", core.ScopeTick, tokenDigest)
		for version, check := range map[int]func(core.Session, error) bool{
			SchemaVersion:     func(s core.Session, err error) bool { return err == nil && !s.Outdated },
			SchemaVersion - 1: func(s core.Session, err error) bool { return err == nil && s.Outdated },
			SchemaVersion + 1: func(s core.Session, err error) bool {
				return core.CodeOf(err) == core.CodeUnavailable && strings.Contains(err.Error(), "newer")
			},
		} {
			must(t, db.setVersion(t.Context(), db.sql, version))
			if s, err := db.TokenSession(t.Context(), tokenDigest, at); !check(s, err) {
				t.Errorf("with tables of version %d the session is %+v, %v", version, s, err)
			}
		}
	})
}
