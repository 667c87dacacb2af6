package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"vpm/core"
	"vpm/core/fault"
)

// Row is a row of one of vpm's tables in a form that both databases can take: its values are nil, int64 or string, and
// moments are Unix seconds whatever time zone the database keeps them in.
type Row struct {
	Table   string
	Columns []string // shared between rows
	Values  []any
}

// dumped is a table that a dump has. Columns that other programs added to the contract's tables are theirs.
type dumped struct {
	name, columns string
	// moments are those columns that are kept in the database's own form of time.
	moments string
}

// dump is all there is to keep, tables that others refer to first. Not in it: counters of failed logins, positions of
// walks that are under way, leases, and the version, which belong to the moment and the place; and sessions, of which some
// may have been ended since.
var dump = []dumped{
	{"instances", "id instance_id instance_name cms_type cms_version domain path_prefix database_name database_prefix status config resources",
		"created_at updated_at activated_at"},
	{"virtual_processes", "id instance_id virtual_pid status", "started_at stopped_at last_activity created_at updated_at"},
	{"admin_users", "id username password full_name email role permissions status", "created_at updated_at"},
	{"vpm_gates", "instance_row generation applied reason until_at include_nested entry observed how seen observed_at bypass bypass_until", ""},
	{"vpm_units", "instance_row slug crashes", ""},
	{"vpm_tokens", "id digest name scope created_by created_at last_used_at", ""},
	{"vpm_events", "id occurred_at instance_id action actor_id actor address reason result pid", ""},
	{"vpm_usage", "instance_row memory disk_usage database_size queries evidence measured_at disk_allocated files database_tables cms_type cms_version changed_at", ""},
	{"vpm_watch", "instance_row seen_at healthy checked_at wanted failures alarm_unhealthy alarm_disk alarm_drift muted_until checks", ""},
	{"vpm_samples", "instance_row at span ticks healthy unhealthy memory disk_usage database_size queries probe probe_max", ""},
	{"vpm_deliveries", "id instance_row channel alert attempts next_at reason created_at", ""},
}

func (t dumped) all() []string {
	return append(strings.Fields(t.columns), strings.Fields(t.moments)...)
}

func (t dumped) isMoment(column string) bool {
	return slices.Contains(strings.Fields(t.moments), column)
}

// Dump gives every row, all as they were at one moment, while others go on changing them. It ends with the first error.
func (db *DB) Dump(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		conn, err := db.sql.Conn(ctx)
		if err != nil {
			yield(Row{}, db.wrap(err, "cannot read the database"))
			return
		}
		defer conn.Close()
		// Not by BeginTx, whose transactions keep others from writing in SQLite.
		defer conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		if err = execAll(ctx, conn, db.snapshot...); err == nil {
			err = db.dumpTables(ctx, conn, yield)
		}
		if err != nil {
			yield(Row{}, db.wrap(err, "cannot read the database"))
		}
	}
}

// dumpTables gives nil where yield wants no more.
func (db *DB) dumpTables(ctx context.Context, ex execer, yield func(Row, error) bool) error {
	for _, t := range dump {
		columns := t.all()
		terms := slices.Clone(columns)
		for i, c := range terms {
			if t.isMoment(c) {
				terms[i] = fmt.Sprintf(db.unix, c)
			}
		}
		more, err := readRows(ctx, ex, "SELECT "+strings.Join(terms, ", ")+" FROM "+t.name, len(columns), func(values []any) bool {
			return yield(Row{t.name, columns, values}, nil)
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func readRows(ctx context.Context, ex execer, query string, width int, each func([]any) bool) (more bool, _ error) {
	rows, err := ex.QueryContext(ctx, query)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		values, into := make([]any, width), make([]any, width)
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return false, err
		}
		for i, v := range values {
			switch v := v.(type) {
			case []byte:
				values[i] = string(v)
			case uint64: // an unsigned column of MySQL
				values[i] = int64(v)
			}
		}
		if !each(values) {
			return false, nil
		}
	}
	return true, rows.Err()
}

// Load puts rows of a dump into a database that has no instance and no user, or in the place of all that it has; all or
// nothing. CodeConflict: it has some and replace is not asked for. CodeInvalid: the rows are of a newer vpm.
func (db *DB) Load(ctx context.Context, rows iter.Seq2[Row, error], replace bool) error {
	err := db.inTx(ctx, func(tx execer) error {
		var used bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM instances) OR EXISTS (SELECT 1 FROM admin_users)`).Scan(&used)
		switch {
		case err != nil:
			return err
		case used && !replace:
			return core.Errorf(core.CodeConflict, "cannot restore into a database that has instances or users: ask for their replacement")
		}
		if err := execAll(ctx, tx, "DELETE FROM admin_sessions"); err != nil { // they name users
			return err
		}
		for _, t := range slices.Backward(dump) {
			if err := execAll(ctx, tx, "DELETE FROM "+t.name); err != nil {
				return err
			}
		}
		fault.Point("tables emptied")
		return db.loadRows(ctx, tx, rows)
	})
	return db.wrap(err, "cannot restore")
}

// loadAtOnce is how many rows one statement inserts.
const loadAtOnce = 100

func (db *DB) loadRows(ctx context.Context, tx execer, rows iter.Seq2[Row, error]) error {
	var waiting []Row
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		defer func() { waiting = waiting[:0] }()
		return db.insertRows(ctx, tx, waiting)
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if len(waiting) == loadAtOnce || len(waiting) > 0 && (waiting[0].Table != row.Table || !slices.Equal(waiting[0].Columns, row.Columns)) {
			if err := flush(); err != nil {
				return err
			}
		}
		waiting = append(waiting, row)
	}
	return flush()
}

func (db *DB) insertRows(ctx context.Context, tx execer, rows []Row) error {
	columns := rows[0].Columns
	i := slices.IndexFunc(dump, func(t dumped) bool { return t.name == rows[0].Table })
	if i < 0 || slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(dump[i].all(), c) }) {
		return core.Errorf(core.CodeInvalid, "cannot restore what a newer vpm has kept: %s (%s)", rows[0].Table, strings.Join(columns, ", "))
	}
	terms := make([]string, len(columns))
	for at, c := range columns {
		terms[at] = "?"
		if dump[i].isMoment(c) {
			terms[at] = db.at
		}
		if c == "updated_at" || c == "created_at" && dump[i].isMoment(c) { // which other programs may leave empty where the column is theirs
			terms[at] = "COALESCE(" + terms[at] + ", CURRENT_TIMESTAMP)"
		}
	}
	tuple := "(" + strings.Join(terms, ", ") + ")"
	args := make([]any, 0, len(rows)*len(columns))
	for _, row := range rows {
		if len(row.Values) != len(columns) {
			return core.Errorf(core.CodeInvalid, "cannot restore a row of %s: it has %d values for %d columns", row.Table, len(row.Values), len(columns))
		}
		args = append(args, row.Values...)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+rows[0].Table+" ("+strings.Join(columns, ", ")+") VALUES "+
		tuple+strings.Repeat(", "+tuple, len(rows)-1), args...)
	return err
}
