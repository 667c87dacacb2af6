package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// cut is a real database that fails once: at a statement that is chosen by its number, begins and commits counted too.
type cut struct {
	driver.Connector
	at   int  // the statement that fails, from 1; 0: none
	late bool // a query is carried out, and its rows end in the middle
	seen int
	what string // failed
}

var errCut = errors.New("the server has gone away")

// due tells whether the next statement is the one.
func (c *cut) due(what string) bool {
	c.seen++
	if c.seen != c.at {
		return false
	}
	c.what = what
	return true
}

func (c *cut) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &cutConn{conn.(fullConn), c}, nil
}

type cutConn struct {
	fullConn
	*cut
}

// context is over where the statement fails: the time of whoever asks is up.
func (c *cutConn) context(ctx context.Context, what string) context.Context {
	if !c.due(what) {
		return ctx
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	return over
}

func (c *cutConn) CheckNamedValue(v *driver.NamedValue) error {
	if own, ok := c.fullConn.(driver.NamedValueChecker); ok {
		return own.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *cutConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.fullConn.ExecContext(c.context(ctx, query), query, args)
}

func (c *cutConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !c.late {
		return c.fullConn.QueryContext(c.context(ctx, query), query, args)
	}
	rows, err := c.fullConn.QueryContext(ctx, query, args)
	if c.due(query) && err == nil {
		return cutRows{rows}, nil
	}
	return rows, err
}

func (c *cutConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.fullConn.BeginTx(c.context(ctx, "BEGIN"), o)
	if err != nil {
		return nil, err
	}
	return cutTx{tx, c.cut}, nil
}

type cutTx struct {
	driver.Tx
	*cut
}

func (t cutTx) Commit() error {
	if t.due("COMMIT") {
		return errors.Join(errCut, t.Tx.Rollback())
	}
	return t.Tx.Commit()
}

type cutRows struct{ driver.Rows }

func (cutRows) Next([]driver.Value) error { return io.ErrUnexpectedEOF }

// openCut opens a database that can be cut.
func openCut(t *testing.T, o Options) (*DB, *cut) {
	t.Helper()
	db := open(t, o)
	var c driver.Connector
	var err error
	if o.SQLite != "" {
		c, err = newSQLiteConnector(o.SQLite, "rw", nil)
	} else {
		c, err = newMySQLConnector(o.MySQL)
	}
	must(t, err)
	cutter := &cut{Connector: c}
	db.sql = sql.OpenDB(cutter)
	db.sql.SetMaxOpenConns(1)
	t.Cleanup(func() { db.sql.Close() })
	return db, cutter
}

// everything is every row that there is, as text.
func everything(t *testing.T, db *DB) string {
	t.Helper()
	var text strings.Builder
	for row, err := range db.Dump(t.Context()) {
		must(t, err)
		fmt.Fprintln(&text, row.Table, row.Values)
	}
	fmt.Fprintln(&text, "sessions:", value(t, db, "SELECT COUNT(*) FROM admin_sessions"))
	return text.String()
}

// operation is a call of the store, named for the tests.
type operation struct {
	name string
	do   func(ctx context.Context, db *DB) error
}

// inParts is a call that makes several changes, each of them whole.
const inParts = "ThinSamples"

// operations are made one after the other, in a database with instances one and two and an administrator.
func operations(in, other core.Instance, admin int64) []operation {
	name := text("Ann")
	return []operation{
		{"Version", func(ctx context.Context, db *DB) error { _, err := db.Version(ctx); return err }},
		{"HasAdmin", func(ctx context.Context, db *DB) error { _, err := db.HasAdmin(ctx); return err }},
		{"Timestamps", func(ctx context.Context, db *DB) error { _, err := db.Timestamps(ctx); return err }},
		{"Login", func(ctx context.Context, db *DB) error { _, err := db.Login(ctx, "root"); return err }},
		{"CreateSession", func(ctx context.Context, db *DB) error {
			_, err := db.CreateSession(ctx, admin, "key", time.Hour)
			return err
		}},
		{"Session", func(ctx context.Context, db *DB) error { _, err := db.Session(ctx, "key"); return err }},
		{"SessionReading", func(ctx context.Context, db *DB) error { _, _, err := db.SessionReading(ctx, "one", "key"); return err }},
		{"Sessions", func(ctx context.Context, db *DB) error { _, err := db.Sessions(ctx, admin, "key"); return err }},
		{"DeleteSession", func(ctx context.Context, db *DB) error { return db.DeleteSession(ctx, "key") }},
		{"AttemptsBefore", func(ctx context.Context, db *DB) error {
			_, err := db.AttemptsBefore(ctx, "192.0.2.1", 9, time.Hour)
			return err
		}},
		{"CancelAttempt", func(ctx context.Context, db *DB) error { return db.CancelAttempt(ctx, 9) }},
		{"ForgiveAttempts", func(ctx context.Context, db *DB) error { return db.ForgiveAttempts(ctx, "192.0.2.1", "root") }},
		{"CreateInstance", func(ctx context.Context, db *DB) error {
			return db.CreateInstance(ctx, core.Instance{InstanceID: "new", Name: "New", CMSType: "native", Status: core.StatusActive},
				core.Run{VirtualPID: "v-new", Status: core.RunRunning}, event("new", core.ActionCreate, "v-new"))
		}},
		{"a stop", func(ctx context.Context, db *DB) error { return db.ChangeInstance(ctx, "one", stop) }},
		{"a start", func(ctx context.Context, db *DB) error { return db.ChangeInstance(ctx, "one", start("v2")) }},
		{"Record", func(ctx context.Context, db *DB) error { _, err := db.Record(ctx, "one"); return err }},
		{"Records", func(ctx context.Context, db *DB) error {
			_, _, err := db.Records(ctx, core.Query{Search: "o", Sort: "domain", Limit: 5})
			return err
		}},
		{"SaveGate", func(ctx context.Context, db *DB) error {
			return db.SaveGate(ctx, in, 2, true, "/srv/one", core.Evidence{Observed: core.ObservedRunning, How: core.HowGate, Seen: "open", At: at})
		}},
		{"SaveUsage", func(ctx context.Context, db *DB) error {
			return db.SaveUsage(ctx, "one", core.Usage{Memory: 7, MeasuredAt: at})
		}},
		{"Active", func(ctx context.Context, db *DB) error { return db.Active(ctx, in, at) }},
		{"SaveWatch", func(ctx context.Context, db *DB) error {
			return db.SaveWatch(ctx, in, found(at), &core.Sample{At: at, Ticks: 1}, []core.Alert{alert("one")}, channels)
		}},
		{"Samples", func(ctx context.Context, db *DB) error {
			_, err := db.Samples(ctx, in, at.Add(-time.Hour), at.Add(time.Hour), time.Hour)
			return err
		}},
		{inParts, func(ctx context.Context, db *DB) error {
			_, err := db.ThinSamples(ctx, at.AddDate(1, 0, 0))
			return err
		}},
		{"Deliveries", func(ctx context.Context, db *DB) error { _, err := db.Deliveries(ctx, at, 5); return err }},
		{"PostponeDelivery", func(ctx context.Context, db *DB) error { return db.PostponeDelivery(ctx, 1, 2, at, "later") }},
		{"EndDelivery", func(ctx context.Context, db *DB) error { return db.EndDelivery(ctx, 1) }},
		{"Undelivered", func(ctx context.Context, db *DB) error { _, _, err := db.Undelivered(ctx); return err }},
		{"WithoutPassword", func(ctx context.Context, db *DB) error { _, _, err := db.WithoutPassword(ctx); return err }},
		{"Clock", func(ctx context.Context, db *DB) error { _, err := db.Clock(ctx); return err }},
		{"LastSeen", func(ctx context.Context, db *DB) error { _, err := db.LastSeen(ctx); return err }},
		{"RecordEvent", func(ctx context.Context, db *DB) error {
			return db.RecordEvent(ctx, event("one", core.ActionUpdate, ""))
		}},
		{"Events", func(ctx context.Context, db *DB) error { _, err := db.Events(ctx, "one", 0, 5); return err }},
		{"Mute", func(ctx context.Context, db *DB) error { return db.Mute(ctx, in, at) }},
		{"SaveHealth", func(ctx context.Context, db *DB) error { return db.SaveHealth(ctx, in, core.Health{}) }},
		{"SaveWalk", func(ctx context.Context, db *DB) error { return db.SaveWalk(ctx, in, []byte("here")) }},
		{"Walk", func(ctx context.Context, db *DB) error { _, err := db.Walk(ctx, in); return err }},
		{"Unseen", func(ctx context.Context, db *DB) error {
			_, err := db.Unseen(ctx, at.Add(time.Hour), at.Add(2*time.Hour), 5)
			return err
		}},
		{"Seen", func(ctx context.Context, db *DB) error {
			return db.Seen(ctx, []core.Record{{Instance: in}, {Instance: other}}, at.Add(time.Minute))
		}},
		{"Lease", func(ctx context.Context, db *DB) error {
			_, err := db.Lease(ctx, "tick", "me", at, at.Add(time.Minute))
			return err
		}},
		{"Release", func(ctx context.Context, db *DB) error { return db.Release(ctx, "tick", "me") }},
		{"AssignSlug", func(ctx context.Context, db *DB) error { return db.AssignSlug(ctx, in, "one") }},
		{"SaveCrashes", func(ctx context.Context, db *DB) error { return db.SaveCrashes(ctx, in, "{}") }},
		{"Unit", func(ctx context.Context, db *DB) error { _, _, err := db.Unit(ctx, in); return err }},
		{"Slugs", func(ctx context.Context, db *DB) error { _, err := db.Slugs(ctx); return err }},
		{"ReleaseSlug", func(ctx context.Context, db *DB) error { return db.ReleaseSlug(ctx, in) }},
		{"CreatePerson", func(ctx context.Context, db *DB) error {
			_, err := db.CreatePerson(ctx, core.User{Username: "ann", Role: core.RoleViewer}, "hash", userEvent("joins"))
			return err
		}},
		{"People", func(ctx context.Context, db *DB) error { _, err := db.People(ctx); return err }},
		{"PasswordHash", func(ctx context.Context, db *DB) error { _, err := db.PasswordHash(ctx, admin); return err }},
		{"ChangePerson", func(ctx context.Context, db *DB) error {
			return db.ChangePerson(ctx, admin, core.PersonChange{FullName: name, PasswordHash: text("other")}, "", userEvent("changes"))
		}},
		{"SetPassword", func(ctx context.Context, db *DB) error {
			return db.SetPassword(ctx, "root", "third", userEvent("resets"))
		}},
		{"CreateToken", func(ctx context.Context, db *DB) error {
			_, err := db.CreateToken(ctx, core.APIToken{Name: "cron", Scope: core.ScopeTick, CreatedBy: "root", CreatedAt: at}, "digest", userEvent("issues"))
			return err
		}},
		{"Tokens", func(ctx context.Context, db *DB) error { _, err := db.Tokens(ctx); return err }},
		{"TokenSession", func(ctx context.Context, db *DB) error { _, err := db.TokenSession(ctx, "digest", at); return err }},
		{"DeleteToken", func(ctx context.Context, db *DB) error {
			all, err := db.Tokens(ctx)
			if err != nil {
				return err
			}
			return db.DeleteToken(ctx, all[0].ID, userEvent("revokes"))
		}},
		{"Dump", func(ctx context.Context, db *DB) error {
			for _, err := range db.Dump(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Relocate", func(ctx context.Context, db *DB) error {
			_, err := db.Relocate(ctx, userEvent("moves"), func(dir string) string { return "/new" + dir })
			return err
		}},
		{"Load", func(ctx context.Context, db *DB) error {
			return db.Load(ctx, func(yield func(Row, error) bool) {
				yield(Row{"vpm_tokens", []string{"id", "digest", "name", "scope", "created_by", "created_at", "last_used_at"}, []any{int64(3), "d", "n", "tick", "root", int64(1), int64(0)}}, nil)
			}, true)
		}},
		{"CreateFirstAdmin", func(ctx context.Context, db *DB) error {
			return db.CreateFirstAdmin(ctx, "first", "hash", userEvent("sets up"))
		}},
	}
}

// TestCutAtEveryStatement has each call fail at each of its statements in turn. Each time it says so, and nothing of it is
// stored; then it is made.
func TestCutAtEveryStatement(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		admin := user(t, db, "root", core.RoleAdmin, "active", nil)
		for _, op := range operations(instance(t, db, "one"), instance(t, db, "two"), admin) {
			for at, made := 1, false; !made; at++ {
				made = cutAt(t, db, o, op, at, true) || cutAt(t, db, o, op, at, false)
			}
		}
	})
}

// unimportant are statements without which a call is made all the same: how SQLite writes, the end of a reading, of
// a lock that goes with its connection too, and when a token was used last.
var unimportant = []string{"PRAGMA ", "ROLLBACK", "DO RELEASE_LOCK", "UPDATE vpm_tokens SET last_used_at"}

// cutAt has a call fail at a statement, and tells whether it was made all the same: it has no so many, or it was none that
// matters.
func cutAt(t *testing.T, db *DB, o Options, op operation, at int, late bool) (made bool) {
	t.Helper()
	before := everything(t, db)
	broken, c := openCut(t, o)
	c.at, c.late = at, late
	err := op.do(t.Context(), broken)
	must(t, broken.sql.Close())
	if err == nil {
		if c.what != "" && !slices.ContainsFunc(unimportant, func(s string) bool { return strings.HasPrefix(c.what, s) }) {
			t.Errorf("%s does not notice that it was cut at %q", op.name, c.what)
		}
		return true
	}
	if code := core.CodeOf(err); c.what == "" || code != core.CodeUnavailable && code != core.CodeInternal {
		t.Fatalf("%s was cut at %q and says %v (%s)", op.name, c.what, err, code)
	}
	if after := everything(t, db); after != before && op.name != inParts {
		t.Errorf("%s was cut at %q and leaves\n%s\nof\n%s", op.name, c.what, after, before)
	}
	return false
}

// TestCutMigration is completed by the next one, wherever it was cut.
func TestCutMigration(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		for at := 1; ; at++ {
			broken, c := openCut(t, o)
			c.at = at
			_, err := broken.Migrate(t.Context())
			must(t, broken.sql.Close())
			// The rest is how SQLite writes, and a lock that ends with the connection.
			matters := c.what != "" && (!strings.HasPrefix(c.what, "PRAGMA ") || strings.Contains(c.what, "user_version")) && !strings.Contains(c.what, "RELEASE_LOCK")
			if (err != nil) != matters {
				t.Errorf("the migration was cut at %q: %v", c.what, err)
			}
			if c.what == "" {
				break
			}
		}
		db := ready(t, o)
		create(t, db, "one")
		wantValue(t, db, "create", historyOf(db), "one")
	})
}
