package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vpm/core"
)

// CreateInstance stores a new instance with its first run and the event.
func (db *DB) CreateInstance(ctx context.Context, in core.Instance, run core.Run, ev core.Event) error {
	err := db.inTx(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO instances (instance_id, instance_name, cms_type, cms_version, domain, path_prefix,
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
		// A row without an instance can be left over where the tables have no foreign key.
		if _, err := tx.ExecContext(ctx, `DELETE FROM virtual_processes WHERE instance_id = ?`, in.InstanceID); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, in.InstanceID, run.VirtualPID); err != nil {
			return err
		}
		return insertEvent(ctx, tx, ev)
	})
	return db.wrap(err, "cannot create the instance")
}

// ChangeInstance is one locked change: read and lock, decide, write the rows and the event, commit; eight
// round trips.
func (db *DB) ChangeInstance(ctx context.Context, id string, decide func(core.Record) (core.Change, error)) error {
	err := db.inTx(ctx, func(tx execer) error {
		var r core.Record
		err := db.joined(func(tables string) (err error) {
			r, err = scanRecord(tx.QueryRowContext(ctx,
				"SELECT "+recordColumns+tables+" WHERE i.instance_id = ?"+db.forUpdate, id), false)
			return err
		})
		if errors.Is(err, sql.ErrNoRows) {
			return errNotFound()
		}
		if err != nil {
			return err
		}
		if r.Gate, err = readGate(ctx, tx, r); err != nil {
			return err
		}
		c, err := decide(r)
		if err != nil || c.Kind == core.ChangeNothing {
			return err
		}
		if err := db.applyChange(ctx, tx, r, c); err != nil {
			return err
		}
		return insertEvent(ctx, tx, c.Event)
	})
	return db.wrap(err, "cannot change the instance")
}

func (db *DB) applyChange(ctx context.Context, tx execer, r core.Record, c core.Change) error {
	switch c.Kind {
	case core.ChangeStart:
		return db.applyStart(ctx, tx, r, c)
	case core.ChangeStop:
		return db.applyStop(ctx, tx, r, c)
	case core.ChangeDelete:
		return applyDelete(ctx, tx, r)
	}
	return nil
}

func (db *DB) applyStart(ctx context.Context, tx execer, r core.Record, c core.Change) error {
	now, at := db.moment(c.At)
	_, err := tx.ExecContext(ctx, `UPDATE instances SET status = 'active', activated_at = `+now+`, updated_at = CURRENT_TIMESTAMP WHERE id = ?`,
		append(at, r.Instance.ID)...)
	if err != nil {
		return err
	}
	if err := nextGate(ctx, tx, r, core.Stop{}); err != nil {
		return err
	}
	if r.Run == (core.Run{}) {
		return insertRun(ctx, tx, r.Instance.InstanceID, c.PID)
	}
	_, err = tx.ExecContext(ctx, `UPDATE virtual_processes SET virtual_pid = ?, status = 'running', started_at = `+now+`,
		stopped_at = NULL, last_activity = CURRENT_TIMESTAMP, updated_at = CURRENT_TIMESTAMP WHERE instance_id = ?`,
		append(append([]any{c.PID}, at...), r.Instance.InstanceID)...)
	return err
}

func (db *DB) applyStop(ctx context.Context, tx execer, r core.Record, c core.Change) error {
	_, err := tx.ExecContext(ctx, `UPDATE instances SET status = 'inactive', updated_at = CURRENT_TIMESTAMP WHERE id = ?`, r.Instance.ID)
	if err != nil {
		return err
	}
	if err := nextGate(ctx, tx, r, c.Stop); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE virtual_processes SET status = 'stopped', stopped_at = CURRENT_TIMESTAMP,
		last_activity = CURRENT_TIMESTAMP, updated_at = CURRENT_TIMESTAMP WHERE instance_id = ?`, r.Instance.InstanceID)
	return err
}

func applyDelete(ctx context.Context, tx execer, r core.Record) error {
	for _, s := range []struct {
		statement string
		key       any
	}{
		{`DELETE FROM vpm_usage WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM vpm_gates WHERE instance_row = ?`, r.Instance.ID},
		{`DELETE FROM virtual_processes WHERE instance_id = ?`, r.Instance.InstanceID}, // not every installation has the foreign key
		{`DELETE FROM instances WHERE id = ?`, r.Instance.ID},
	} {
		if _, err := tx.ExecContext(ctx, s.statement, s.key); err != nil {
			return err
		}
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

func insertEvent(ctx context.Context, tx execer, ev core.Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO vpm_events (occurred_at, instance_id, action, actor_id, actor, address, reason, result, pid)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, ev.At.UnixMicro(), orNull(ev.InstanceID), ev.Action,
		sql.NullInt64{Int64: ev.Actor.UserID, Valid: ev.Actor.UserID != 0}, orNull(ev.Actor.Name), orNull(ev.Actor.Address),
		orNull(ev.Reason), ev.Result, orNull(ev.PID))
	return err
}

// orNull stores "" as NULL.
func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// RecordEvent stores an event of the panel itself, one that changes no instance.
func (db *DB) RecordEvent(ctx context.Context, ev core.Event) error {
	err := insertEvent(ctx, db.sql, ev)
	if err == nil {
		db.committed(ctx)
	}
	return db.wrap(err, "cannot store the event")
}
