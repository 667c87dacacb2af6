package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/fault"
)

func insertEvent(ctx context.Context, tx execer, ev core.Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO vpm_events (occurred_at, instance_id, action, actor_id, actor, address, reason, result, pid)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, ev.At.UnixMicro(), orNull(ev.InstanceID), ev.Action,
		sql.NullInt64{Int64: ev.Actor.UserID, Valid: ev.Actor.UserID != 0}, orNull(ev.Actor.Name), orNull(ev.Actor.Address),
		orNull(ev.Reason), ev.Result, orNull(ev.PID))
	return err
}

// RecordEvent stores an event of the panel itself, one that changes no instance.
func (db *DB) RecordEvent(ctx context.Context, ev core.Event) error {
	fault.Point("before an event of its own")
	err := insertEvent(ctx, db.sql, ev)
	if err == nil {
		db.committed(ctx)
	}
	return db.wrap(err, "cannot store the event")
}

// Events reads the history, newest first.
func (db *DB) Events(ctx context.Context, instanceID string, before int64, limit int) ([]core.Event, error) {
	var terms []string
	var args []any
	if instanceID != "" {
		terms, args = append(terms, "instance_id = ?"), append(args, instanceID)
	}
	if before > 0 {
		terms, args = append(terms, "id < ?"), append(args, before)
	}
	query := `SELECT id, occurred_at, instance_id, action, actor_id, actor, address, reason, result, pid FROM vpm_events`
	if len(terms) > 0 {
		query += " WHERE " + strings.Join(terms, " AND ")
	}
	events, err := db.readEvents(ctx, query+" ORDER BY id DESC LIMIT ?", append(args, max(limit, 0))...)
	return events, db.wrap(err, "cannot read the history")
}

func (db *DB) readEvents(ctx context.Context, query string, args ...any) ([]core.Event, error) {
	rows, err := db.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	events := []core.Event{}
	for rows.Next() {
		var ev core.Event
		var at int64
		var user number
		var instance, actor, address, reason, pid word
		if err := rows.Scan(&ev.ID, &at, &instance, &ev.Action, &user, &actor, &address, &reason, &ev.Result, &pid); err != nil {
			return nil, err
		}
		ev.At = time.UnixMicro(at)
		ev.InstanceID, ev.Reason, ev.PID = instance.String, reason.String, pid.String
		ev.Actor = core.Actor{UserID: user.Int64, Name: actor.String, Address: address.String}
		events = append(events, ev)
	}
	return events, rows.Err()
}

// orNull stores "" as NULL.
func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
