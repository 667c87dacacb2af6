package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
	"vpm/scripts/lab"
)

func TestMySQLRefusesSeveralStatements(t *testing.T) {
	t.Parallel()
	db := ready(t, emptyMariaDB(t))
	if _, err := db.sql.ExecContext(t.Context(), `DELETE FROM instances; DELETE FROM vpm_events`); err == nil {
		t.Error("two statements in one were accepted")
	}
}

func TestMySQLKeepsEveryCharacter(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	db := ready(t, o)
	for _, mode := range []string{"@@sql_mode", "CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')", "CONCAT(@@sql_mode, ',ANSI_QUOTES')"} {
		execute(t, db, `SET SESSION sql_mode = `+mode)
		for _, name := range []string{"😀 Größe 日本", `'; DROP TABLE instances; -- `, `\' OR 1=1 -- `, "\x00\x1a\n\r\"`%?", `\\`} {
			execute(t, db, `DELETE FROM instances`)
			in := core.Instance{InstanceID: "one", Name: name, CMSType: "native", Status: core.StatusActive}
			must(t, db.CreateInstance(t.Context(), in, core.Run{VirtualPID: "v"}, event("one", core.ActionCreate, "v")))
			r, err := db.Record(t.Context(), "one")
			if err != nil || r.Instance.Name != name {
				t.Errorf("%s: %q came back as %q, %v", mode, name, r.Instance.Name, err)
			}
		}
	}
	create(t, db, "smile")
	execute(t, db, `UPDATE instances SET instance_name = ? WHERE instance_id = 'smile'`, "😀")
	stored, err := server.Exec("SELECT HEX(instance_name) FROM " + o.MySQL.Database + ".instances WHERE instance_id = 'smile'")
	if err != nil || stored != "F09F9880" { // a connection in another character set stores other bytes
		t.Errorf("stored is %s, %v; want F09F9880", stored, err)
	}
}

// TestMySQLTimesAreInTheSessionZone: the server's zone is 5 hours off UTC, see TestMain.
func TestMySQLTimesAreInTheSessionZone(t *testing.T) {
	t.Parallel()
	db := ready(t, emptyMariaDB(t))
	now := func(offset string) core.Timestamp {
		t.Helper()
		s, err := server.Exec("SELECT NOW() + INTERVAL " + offset)
		must(t, err)
		return core.Timestamp(s)
	}
	before, hourBefore := now("0 SECOND"), now("1 HOUR")
	create(t, db, "one")
	must(t, db.ChangeInstance(t.Context(), "one", stop))
	execute(t, db, `INSERT INTO admin_users (username, password) VALUES ('ann', 'h')`)
	end, err := db.CreateSession(t.Context(), 1, "key", time.Hour)
	must(t, err)
	r, err := db.Record(t.Context(), "one")
	must(t, err)
	after, hourAfter := now("0 SECOND"), now("1 HOUR")
	for name, got := range map[string]core.Timestamp{"created_at": r.Instance.CreatedAt, "updated_at": r.Instance.UpdatedAt,
		"activated_at": r.Instance.ActivatedAt, "started_at": r.Run.StartedAt, "stopped_at": r.Run.StoppedAt, "now": r.ReadAt} {
		if got < before || got > after {
			t.Errorf("%s is %q; want between %q and %q", name, got, before, after)
		}
	}
	if end < hourBefore || end > hourAfter {
		t.Errorf("the session ends at %q; want between %q and %q", end, hourBefore, hourAfter)
	}
	if utc := core.Timestamp(time.Now().UTC().Add(4 * time.Hour).Format(time.DateTime)); before < utc {
		t.Errorf("the server's zone is not in force: it is %q there", before)
	}
}

func TestMySQLRefusalTellsNoSecret(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	o.MySQL.Password = "s3cret'; --"
	_, err := open(t, o).HasAdmin(t.Context())
	wantCode(t, err, core.CodeUnavailable)
	e, _ := errors.AsType[*core.Error](err)
	if e == nil || !strings.Contains(e.Message, "refuses the user name or password") || strings.Contains(e.Message, o.MySQL.User) {
		t.Errorf("the message is %v", e)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the log would have the password: %v", err)
	}
}

// TestMySQLUserWithoutRights may read and write but create no tables.
func TestMySQLUserWithoutRights(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	_, err := server.Exec("REVOKE CREATE ON `" + strings.ReplaceAll(o.MySQL.Database, "_", `\_`) + "`.* FROM " + o.MySQL.User)
	must(t, err)
	_, err = open(t, o).HasAdmin(t.Context())
	wantCode(t, err, core.CodeUnavailable)
}

// TestMySQLEndsAmidTheGreetings: the server greets and is gone before it can be answered.
func TestMySQLEndsAmidTheGreetings(t *testing.T) {
	t.Parallel()
	real, err := net.Dial("unix", server.Socket)
	must(t, err)
	defer real.Close()
	greeting := make([]byte, 1000)
	n, err := real.Read(greeting)
	must(t, err)
	o := Options{MySQL: MySQL{Socket: filepath.Join(t.TempDir(), "mysql.sock"), Database: "x", User: "x"}}
	l, err := net.Listen("unix", o.MySQL.Socket)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.(*net.UnixConn).CloseRead() // so that the client's answer fails
			c.Write(greeting[:n])
			c.Close()
		}
	}()
	_, err = open(t, o).HasAdmin(t.Context())
	wantCode(t, err, core.CodeUnavailable)
}

// TestMySQLServerGone stops a server in every way: calls must fail within 3 seconds, and work again afterwards
// without help.
// TestMySQLErrorsByNumber: what the labs' server does not come to.
func TestMySQLErrorsByNumber(t *testing.T) {
	t.Parallel()
	db := &DB{dialect: mysqlDialect}
	for number, want := range map[uint16]struct {
		code  core.Code
		words string
	}{
		1205: {core.CodeBusy, "try again"}, 1062: {core.CodeConflict, "exists already"}, 1406: {core.CodeInvalid, "one of the values"},
		1021: {core.CodeUnavailable, "no space"}, 1114: {core.CodeUnavailable, "no space"},
		1290: {core.CodeUnavailable, "cannot be written"}, 1836: {core.CodeUnavailable, "cannot be written"},
		1040: {core.CodeUnavailable, "does not answer"}, 1226: {core.CodeUnavailable, "does not answer"}, 3024: {core.CodeUnavailable, "does not answer"},
		1064: {core.CodeInternal, "cannot do it"},
	} {
		err := db.wrap(fmt.Errorf("in a query: %w", &mysql.MySQLError{Number: number, Message: "with a secret"}), "cannot do it")
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Code != want.code || !strings.Contains(e.Message, want.words) || strings.Contains(e.Message, "secret") {
			t.Errorf("%d: %v; want %s: %s", number, err, want.code, want.words)
		}
	}
}

func TestMySQLServerGone(t *testing.T) {
	t.Parallel()
	own := lab.NewMariaDB(t)
	o := emptyDatabaseOn(t, own)
	used := ready(t, o)
	create(t, used, "one")
	fresh := open(t, o)

	// What takes too long, does so each time; a machine that is busy with something else, now and then.
	wantDown := func(db *DB, what string) {
		t.Helper()
		for try := 1; ; try++ {
			begun := time.Now()
			_, err := db.Record(t.Context(), "one")
			wantCode(t, err, core.CodeUnavailable)
			if time.Since(begun) <= 3*time.Second {
				return
			}
			if try == 5 {
				t.Fatalf("%s: it took longer than 3 s, %d times", what, try)
			}
		}
	}
	wantUp := func(what string) {
		t.Helper()
		for _, db := range []*DB{used, fresh} {
			if _, err := db.Record(t.Context(), "one"); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if err := db.ChangeInstance(t.Context(), "one", start("v2")); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	own.Kill()
	wantDown(used, "killed, with a connection")
	wantDown(fresh, "killed, without a connection")
	must(t, own.Restart())
	wantUp("after the restart")

	// A server that was killed amid a change: nothing of it is stored.
	err := used.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
		own.Kill()
		return stop(r)
	})
	wantCode(t, err, core.CodeUnavailable)
	must(t, own.Restart())
	r, err := used.Record(t.Context(), "one")
	if err != nil || !r.Running() {
		t.Errorf("after a crash amid a stop it is %+v, %v", r.Run, err)
	}

	must(t, own.Pause())
	wantDown(open(t, o), "frozen, without a connection")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // as a request has a deadline
	defer cancel()
	_, err = used.Record(ctx, "one")
	wantCode(t, err, core.CodeUnavailable)
	must(t, own.Resume())
	wantUp("after it was frozen")
}

func TestSiteTables(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	db := ready(t, o)
	for _, name := range []string{"wp_posts", "wp_users", "wpx_other", "j_users"} {
		execute(t, db, "CREATE TABLE "+name+" (id INT PRIMARY KEY)")
	}
	size, tables, err := db.SiteTables(t.Context(), o.MySQL.Database, "wp_")
	if err != nil || tables != 2 || size < 2 {
		t.Errorf("the site has %d tables of %d bytes, %v; want 2", tables, size, err)
	}
	for _, other := range []string{"mysql", "no_such", "%"} {
		_, _, err = db.SiteTables(t.Context(), other, "")
		wantCode(t, err, core.CodeNotFound)
	}
	_, _, err = ready(t, emptySQLite(t)).SiteTables(t.Context(), "wp", "")
	wantCode(t, err, core.CodeNotFound)
}
