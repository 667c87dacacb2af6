package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/fault"
)

// CreateInstance stores a new instance with its first run and the event.
func (db *DB) CreateInstance(ctx context.Context, in core.Instance, run core.Run, ev core.Event) error {
	err := db.inTx(ctx, func(tx execer) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO instances (instance_id, instance_name, cms_type, cms_version, domain, path_prefix,
			database_name, database_prefix, status, config, resources, created_at, updated_at, activated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`,
			in.InstanceID, in.Name, in.CMSType, in.CMSVersion, in.Domain, in.PathPrefix,
			in.DatabaseName, in.DatabasePrefix, string(in.Status), in.Config, in.Resources)
		if err != nil && db.meaning(err) == failDuplicate {
			return core.Errorf(core.CodeConflict, "Instance ID already exists")
		}
		if err != nil {
			return err
		}
		fault.Point("instance inserted")
		row, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if err := insertGate(ctx, tx, row); err != nil {
			return err
		}
		// A row without an instance can be left over where the tables have no foreign key.
		if _, err := tx.ExecContext(ctx, `DELETE FROM virtual_processes WHERE instance_id = ?`, in.InstanceID); err != nil {
			return err
		}
		fault.Point("old run deleted")
		if err := insertRun(ctx, tx, in.InstanceID, run.VirtualPID); err != nil {
			return err
		}
		fault.Point("run inserted")
		return insertEvent(ctx, tx, ev)
	})
	return db.wrap(err, "cannot create the instance")
}

// errNoGate tells that an instance, one that another program created, has no row in vpm_gates yet.
var errNoGate = errors.New("the instance has no row for its gate")

// ChangeInstance is one locked change: begin, read and lock, decide, write the rows, write the event, commit; five
// round trips in MySQL.
func (db *DB) ChangeInstance(ctx context.Context, id string, decide func(core.Record) (core.Change, error)) error {
	row := int64(0)
	change := func(tx execer) error {
		r, err := db.lockRecord(ctx, tx, id)
		if row = r.Instance.ID; err != nil {
			return err
		}
		fault.Point("instance locked")
		c, err := decide(r)
		if err != nil || c.Kind == core.ChangeNothing {
			return err
		}
		if err := db.applyChange(ctx, tx, r, c); err != nil {
			return err
		}
		fault.Point("rows changed")
		return insertEvent(ctx, tx, c.Event)
	}
	err := db.inTx(ctx, change)
	if errors.Is(err, errNoGate) {
		// Outside the transaction: its lock on the gap where the row is missing would stop every other first
		// change, and each of those would stop this one.
		if err = db.addGate(ctx, row); err == nil {
			err = db.inTx(ctx, change)
		}
	}
	return db.wrap(err, "cannot change the instance")
}

// lockRecord reads an instance for a change.
func (db *DB) lockRecord(ctx context.Context, tx execer, id string) (core.Record, error) {
	var row recordRow
	err := db.joined(func(tables string) error {
		row = recordRow{}
		return tx.QueryRowContext(ctx, "SELECT "+recordColumns+", "+gateColumns+tables+gateTable+" WHERE i.instance_id = ?"+db.forUpdate, id).
			Scan(append(row.dest(), row.gate.dest()...)...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return core.Record{}, errNotFound()
	}
	if err != nil {
		return core.Record{}, err
	}
	r, err := row.record()
	if err == nil && !row.gate.generation.Valid {
		err = errNoGate
	}
	return r, err
}

func (db *DB) applyChange(ctx context.Context, tx execer, r core.Record, c core.Change) error {
	const now = "CURRENT_TIMESTAMP"
	at, atArgs := db.moment(c.At)
	instance, run := []set{{column: "updated_at", value: now}}, []set{{column: "last_activity", value: now}, {column: "updated_at", value: now}}
	switch c.Kind {
	case core.ChangeStart:
		instance = append(instance, set{column: "status", value: "'active'"}, set{"activated_at", at, atArgs})
		run = append(run, set{"virtual_pid", "?", []any{c.PID}}, set{column: "status", value: "'running'"},
			set{"started_at", at, atArgs}, set{column: "stopped_at", value: "NULL"})
		if r.Run == (core.Run{}) {
			if err := insertRun(ctx, tx, r.Instance.InstanceID, c.PID); err != nil {
				return err
			}
			fault.Point("run inserted")
			run = nil
		}
	case core.ChangeStop:
		instance = append(instance, set{column: "status", value: "'inactive'"})
		run = append(run, set{column: "status", value: "'stopped'"},
			// A run does not end before it began, though the clock may have been set back in it.
			set{column: "stopped_at", value: "CASE WHEN started_at > " + now + " THEN started_at ELSE " + now + " END"})
	case core.ChangeUpdate:
		instance = append(instance, instanceSets(c.Instance)...)
	case core.ChangeDelete:
		return applyDelete(ctx, tx, r)
	}
	return db.updateRows(ctx, tx, r, instance, gateSets(c), run)
}

// instanceSets store what is registered of an instance.
func instanceSets(in core.Instance) []set {
	return []set{{"instance_name", "?", []any{in.Name}}, {"domain", "?", []any{in.Domain}}, {"path_prefix", "?", []any{in.PathPrefix}},
		{"database_name", "?", []any{in.DatabaseName}}, {"database_prefix", "?", []any{in.DatabasePrefix}},
		{"config", "?", []any{in.Config}}, {"resources", "?", []any{in.Resources}}}
}

// set is one column of an UPDATE.
type set struct {
	column, value string
	args          []any
}

// updateRows changes the rows of an instance, its gate and its run: in one statement where the database can, for each
// is a round trip.
func (db *DB) updateRows(ctx context.Context, tx execer, r core.Record, instance, gate, run []set) error {
	if db.joinsUpdates {
		sets, args := assignments("i.", instance)
		gateSets, gateArgs := assignments("g.", gate)
		runSets, runArgs := assignments("p.", run)
		sets, args = slices.Concat(sets, gateSets, runSets), slices.Concat(args, gateArgs, runArgs)
		_, err := tx.ExecContext(ctx, "UPDATE instances i JOIN vpm_gates g ON g.instance_row = i.id LEFT JOIN virtual_processes p ON p.instance_id = ? SET "+
			strings.Join(sets, ", ")+" WHERE i.id = ?", append(append([]any{r.Instance.InstanceID}, args...), r.Instance.ID)...)
		return err
	}
	for _, u := range []struct {
		table string
		sets  []set
		key   string
		value any
	}{
		{"instances", instance, "id", r.Instance.ID},
		{"vpm_gates", gate, "instance_row", r.Instance.ID},
		{"virtual_processes", run, "instance_id", r.Instance.InstanceID},
	} {
		if len(u.sets) == 0 {
			continue
		}
		sets, args := assignments("", u.sets)
		if _, err := tx.ExecContext(ctx, "UPDATE "+u.table+" SET "+strings.Join(sets, ", ")+" WHERE "+u.key+" = ?", append(args, u.value)...); err != nil {
			return err
		}
		fault.Point(u.table + " updated")
	}
	return nil
}

func assignments(prefix string, list []set) (sets []string, args []any) {
	for _, s := range list {
		sets = append(sets, prefix+s.column+" = "+s.value)
		args = append(args, s.args...)
	}
	return sets, args
}

func applyDelete(ctx context.Context, tx execer, r core.Record) error {
	for _, s := range []struct {
		statement string
		key       any
	}{
		{`DELETE FROM vpm_usage WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_watch WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_samples WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_walks WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_deliveries WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_units WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_gates WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM virtual_processes WHERE instance_id = ?`, r.Instance.InstanceID}, // not every installation has the foreign key
		{`DELETE FROM instances WHERE id = ?`, r.Instance.ID},
	} {
		if _, err := tx.ExecContext(ctx, s.statement, s.key); err != nil {
			return err
		}
		fault.Point("rows of an instance deleted")
	}
	return nil
}

// moment is an expression for t and its parameter; the zero time is now.
func (db *DB) moment(t time.Time) (expression string, args []any) {
	if t.IsZero() {
		return "CURRENT_TIMESTAMP", nil
	}
	return db.at, []any{t.Unix()}
}

func insertRun(ctx context.Context, tx execer, id, pid string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO virtual_processes (instance_id, virtual_pid, status, started_at, last_activity)
		VALUES (?, ?, 'running', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`, id, pid)
	return err
}
