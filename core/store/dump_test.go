package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"vpm/core"
)

// notDumped are tables and columns that belong to the moment.
var notDumped = []string{"admin_sessions", "login_attempts", "vpm_schema", "vpm_walks", "vpm_leases"}

// TestDumpHasEveryColumn: a column that a later version adds is not forgotten.
func TestDumpHasEveryColumn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		query := `SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
		if db.name == "mysql" {
			query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()`
		}
		rows, err := db.sql.QueryContext(t.Context(), query)
		must(t, err)
		defer rows.Close()
		seen := 0
		for rows.Next() {
			var table, column string
			must(t, rows.Scan(&table, &column))
			if slices.Contains(notDumped, table) {
				continue
			}
			seen++
			if !slices.ContainsFunc(dump, func(d dumped) bool { return d.name == table && slices.Contains(d.all(), column) }) {
				t.Errorf("a dump does not have %s.%s", table, column)
			}
		}
		must(t, rows.Err())
		want := 0
		for _, d := range dump {
			want += len(d.all())
		}
		if seen != want {
			t.Errorf("a dump names %d columns; there are %d", want, seen)
		}
	})
}

// TestDumpIsOfOneMoment: pairs of rows that are written together are both there, or neither, and nobody waits.
func TestDumpIsOfOneMoment(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db, other := ready(t, o), open(t, o)
		execute(t, db, `INSERT INTO vpm_events (occurred_at, action, result) VALUES (1, 'first', 'ok')`)
		written := 0
		counts := map[string]int{}
		for row, err := range db.Dump(t.Context()) {
			must(t, err)
			if row.Table == "vpm_events" && written == 0 {
				// The tables before are read. A writer goes on meanwhile, in those and in ones that come after.
				for written = range 3 {
					execute(t, other, `INSERT INTO vpm_events (occurred_at, action, result) VALUES (2, 'later', 'ok')`)
					execute(t, other, `INSERT INTO vpm_samples (instance_row, at, span, ticks, healthy, unhealthy) VALUES (1, ?, 0, 1, 1, 0)`, written)
				}
			}
			counts[row.Table]++
		}
		if counts["vpm_events"] != 1 || counts["vpm_samples"] != 0 || written != 2 {
			t.Errorf("the dump has %v, though the writer came after it began", counts)
		}
	})
}

// TestDumpEndsEarly: whoever wants no more leaves nothing locked.
func TestDumpEndsEarly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for i := range 3 {
			execute(t, db, `INSERT INTO vpm_events (occurred_at, action, result) VALUES (?, 'x', 'ok')`, i)
		}
		for range db.Dump(t.Context()) {
			break
		}
		execute(t, db, `DELETE FROM vpm_events`)
	})
}

// TestLoadRefuses what does not fit, and changes nothing.
func TestLoadRefuses(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		execute(t, db, `INSERT INTO admin_users (id, username, password) VALUES (7, 'kept', 'x')`)
		user := []string{"id", "username", "password"}
		for name, rows := range map[string][]Row{
			"a table of a newer vpm":  {{"admin_users", user, []any{int64(1), "a", "b"}}, {"vpm_newer", []string{"id"}, []any{int64(1)}}},
			"a column of a newer vpm": {{"admin_users", append(slices.Clone(user), "newer"), []any{int64(1), "a", "b", "c"}}},
			"SQL for a column":        {{"admin_users", append(slices.Clone(user), "id) VALUES (1); --"), []any{int64(1), "a", "b", "c"}}},
			"too few values":          {{"admin_users", user, []any{int64(1)}}},
			"a value of no kind":      {{"admin_users", user, []any{"one", "a", "b"}}},
			"the same name twice":     {{"admin_users", user, []any{int64(1), "a", "b"}}, {"admin_users", user, []any{int64(2), "a", "b"}}},
		} {
			err := db.Load(t.Context(), each(rows), true)
			if err == nil || !strings.HasPrefix(err.Error(), "cannot restore") {
				t.Errorf("%s: %v", name, err)
			}
			if name == "a value of no kind" {
				wantCode(t, err, core.CodeInvalid)
			}
		}
		wantCode(t, db.Load(t.Context(), each(nil), false), "conflict")
		if got := value(t, db, `SELECT username FROM admin_users`); got != "kept" {
			t.Errorf("the user is %q now", got)
		}
	})
}

// each gives rows as a dump does.
func each(rows []Row) func(func(Row, error) bool) {
	return func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// TestLoadInParts: more rows than one statement takes, of changing columns.
func TestLoadInParts(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		must(t, db.Load(t.Context(), each(nil), false)) // of none
		var rows []Row
		for i := range 2*loadAtOnce + 1 {
			rows = append(rows, Row{"vpm_events", []string{"id", "occurred_at", "action", "result"}, []any{int64(i + 1), int64(i), fmt.Sprint("a", i), "ok"}})
		}
		rows = append(rows, Row{"vpm_events", []string{"id", "occurred_at", "action", "result", "reason"}, []any{int64(900), int64(1), "b", "ok", "why"}})
		must(t, db.Load(t.Context(), each(rows), false))
		if got := value(t, db, `SELECT COUNT(*) FROM vpm_events`); got != fmt.Sprint(len(rows)) {
			t.Errorf("%s of %d rows are there", got, len(rows))
		}
	})
}

// TestDumpWithoutMoments: other programs may have stored 0000-00-00 where there was no moment, which a server in strict mode
// takes from nobody. A backup that was made with it as the moment 0 can be brought back too.
func TestDumpWithoutMoments(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		from := ready(t, emptyMariaDB(t))
		create(t, from, "one")
		execute(t, from, `SET SESSION sql_mode = ''`)
		execute(t, from, `UPDATE instances SET created_at = '0000-00-00', activated_at = '0000-00-00'`)
		var rows []Row
		for row, err := range from.Dump(t.Context()) {
			must(t, err)
			rows = append(rows, row)
		}
		db := ready(t, o)
		must(t, db.Load(t.Context(), each(rows), false))
		wantValue(t, db, "1", `SELECT COUNT(*) FROM instances WHERE activated_at IS NULL AND created_at > '2000-01-01'`)
		at := slices.Index(rows[0].Columns, "created_at")
		rows[0].Values[at] = int64(0)
		must(t, db.Load(t.Context(), each(rows), true))
	})
}
