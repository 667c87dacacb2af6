package store

import (
	"context"
	"database/sql"
	"errors"

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

// ChangeInstance is one locked change: read and lock, decide, write both rows and the event, commit; six
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
		c, err := decide(r)
		if err != nil || c.Kind == core.ChangeNothing {
			return err
		}
		if err := applyChange(ctx, tx, r, c); err != nil {
			return err
		}
		return insertEvent(ctx, tx, c.Event)
	})
	return db.wrap(err, "cannot change the instance")
}

func applyChange(ctx context.Context, tx execer, r core.Record, c core.Change) error {
	id := r.Instance.InstanceID
	switch c.Kind {
	case core.ChangeStart:
		_, err := tx.ExecContext(ctx, `UPDATE instances SET status = 'active', activated_at = CURRENT_TIMESTAMP, updated_at = CURRENT_TIMESTAMP WHERE id = ?`, r.Instance.ID)
		if err != nil {
			return err
		}
		if r.Run == (core.Run{}) {
			return insertRun(ctx, tx, id, c.PID)
		}
		_, err = tx.ExecContext(ctx, `UPDATE virtual_processes SET virtual_pid = ?, status = 'running', started_at = CURRENT_TIMESTAMP,
			stopped_at = NULL, last_activity = CURRENT_TIMESTAMP, updated_at = CURRENT_TIMESTAMP WHERE instance_id = ?`, c.PID, id)
		return err
	case core.ChangeStop:
		_, err := tx.ExecContext(ctx, `UPDATE instances SET status = 'inactive', updated_at = CURRENT_TIMESTAMP WHERE id = ?`, r.Instance.ID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE virtual_processes SET status = 'stopped', stopped_at = CURRENT_TIMESTAMP,
			last_activity = CURRENT_TIMESTAMP, updated_at = CURRENT_TIMESTAMP WHERE instance_id = ?`, id)
		return err
	case core.ChangeDelete:
		for _, s := range []struct {
			statement string
			key       any
		}{
			{`DELETE FROM vpm_usage WHERE instance_row = ?`, r.Instance.ID},
			{`DELETE FROM virtual_processes WHERE instance_id = ?`, id}, // not every installation has the foreign key
			{`DELETE FROM instances WHERE id = ?`, r.Instance.ID},
		} {
			if _, err := tx.ExecContext(ctx, s.statement, s.key); err != nil {
				return err
			}
		}
	}
	return nil
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
	return db.wrap(insertEvent(ctx, db.sql, ev), "cannot store the event")
}
