package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/fault"
)

// SaveWatch stores what a tick found. Of an instance forgotten meanwhile it stores nothing.
func (db *DB) SaveWatch(ctx context.Context, in core.Instance, w core.Watch, s *core.Sample, alerts []core.Alert, channels []string) error {
	checks, err := checksText(w.Health)
	if err != nil {
		return err
	}
	err = db.ofInstance(ctx, in, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO vpm_watch (instance_row, seen_at, healthy, checked_at, failures, alarm_unhealthy, alarm_disk, alarm_drift, checks, wanted)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`+db.orUpdate("wanted", "seen_at", "healthy", "checked_at", "failures", "alarm_unhealthy", "alarm_disk", "alarm_drift", "checks"),
			in.ID, microOrNull(w.SeenAt), boolOrNull(w.Health.Healthy), microOrNull(w.Health.CheckedAt), w.Failures,
			w.Alarms.Unhealthy, w.Alarms.Disk, w.Alarms.Drift, checks, orNull(string(w.Health.Wanted)))
		if err != nil {
			return err
		}
		fault.Point("watch stored")
		if s != nil {
			if err := insertSamples(ctx, tx, []sampleRow{rowOf(in.ID, *s)}); err != nil {
				return err
			}
			fault.Point("sample stored")
		}
		return insertDeliveries(ctx, tx, in, alerts, channels)
	})
	return db.wrap(unlessForgotten(err), "cannot store what the tick found")
}

// Mute sets until when no alert is sent.
func (db *DB) Mute(ctx context.Context, in core.Instance, until time.Time) error {
	err := db.ofInstance(ctx, in, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO vpm_watch (instance_row, muted_until) VALUES (?, ?)`+db.orUpdate("muted_until"), in.ID, unixOrNull(until))
		return err
	})
	return db.wrap(err, "cannot mute the alerts")
}

// SaveHealth stores a result that was found between ticks. Of an instance forgotten meanwhile it stores nothing.
func (db *DB) SaveHealth(ctx context.Context, in core.Instance, h core.Health) error {
	checks, err := checksText(h)
	if err != nil {
		return err
	}
	err = db.ofInstance(ctx, in, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO vpm_watch (instance_row, healthy, checked_at, checks, wanted) VALUES (?, ?, ?, ?, ?)`+
			db.orUpdate("healthy", "checked_at", "checks", "wanted"), in.ID, boolOrNull(h.Healthy), microOrNull(h.CheckedAt), checks, orNull(string(h.Wanted)))
		return err
	})
	return db.wrap(unlessForgotten(err), "cannot store the health")
}

// ofInstance runs f in a transaction that keeps the instance from being forgotten meanwhile, so that no row is left
// of one that is. Where it is forgotten already the error is CodeNotFound.
func (db *DB) ofInstance(ctx context.Context, in core.Instance, f func(execer) error) error {
	return db.inTx(ctx, func(tx execer) error {
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM instances WHERE id = ?`+db.forUpdate, in.ID).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return errNotFound()
		}
		if err != nil {
			return err
		}
		fault.Point("instance locked")
		return f(tx)
	})
}

// unlessForgotten forgives that an instance is not there.
func unlessForgotten(err error) error {
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	return err
}

// orUpdate ends an INSERT of an instance's row that changes those columns where the row is there. MySQL then locks that
// row alone; reading it first would lock the gap where it is missing, see addGate.
func (db *DB) orUpdate(columns ...string) string {
	var sets []string
	for _, c := range columns {
		sets = append(sets, c+" = "+db.inserted(c))
	}
	return db.upsert + strings.Join(sets, ", ")
}

func checksText(h core.Health) (sql.NullString, error) {
	if h.Checks == nil {
		return sql.NullString{}, nil
	}
	text, err := json.Marshal(h.Checks)
	return sql.NullString{String: string(text), Valid: true}, err
}

func boolOrNull(b *bool) sql.NullBool {
	if b == nil {
		return sql.NullBool{}
	}
	return sql.NullBool{Bool: *b, Valid: true}
}
