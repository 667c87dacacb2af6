package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/fault"
)

// insertDeliveries stores each alert once for each channel, due at once, in the order of the alerts.
func insertDeliveries(ctx context.Context, tx execer, in core.Instance, alerts []core.Alert, channels []string) error {
	var rows []string
	var args []any
	for _, a := range alerts {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		for _, c := range channels {
			rows = append(rows, "(?, ?, ?, ?, ?)")
			args = append(args, in.ID, c, string(text), a.At.UnixMicro(), a.At.UnixMicro())
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO vpm_deliveries (instance_row, channel, alert, next_at, created_at) VALUES `+strings.Join(rows, ", "), args...)
	fault.Point("deliveries stored")
	return err
}

// Deliveries reads deliveries that are due, in the order in which they were stored.
func (db *DB) Deliveries(ctx context.Context, now time.Time, limit int) ([]core.Delivery, error) {
	const what = "cannot read the alerts that are to be sent"
	rows, err := db.sql.QueryContext(ctx, `SELECT id, channel, alert, attempts, next_at FROM vpm_deliveries
		WHERE next_at <= ? ORDER BY id LIMIT ?`, now.UnixMicro(), max(limit, 0))
	if err != nil {
		return nil, db.wrap(err, what)
	}
	defer rows.Close()
	var due []core.Delivery
	for rows.Next() {
		var d core.Delivery
		var alert word
		var next number
		if err := rows.Scan(&d.ID, &d.Channel, &alert, &d.Attempts, &next); err != nil {
			return nil, db.wrap(err, what)
		}
		if err := json.Unmarshal([]byte(alert.String), &d.Alert); err != nil {
			return nil, db.wrap(fmt.Errorf("delivery %d: %w", d.ID, err), what)
		}
		d.NextAt = next.micros()
		due = append(due, d)
	}
	return due, db.wrap(rows.Err(), what)
}

// PostponeDelivery stores a failed attempt.
func (db *DB) PostponeDelivery(ctx context.Context, id int64, attempts int, next time.Time, reason string) error {
	_, err := db.exec(ctx, `UPDATE vpm_deliveries SET attempts = ?, next_at = ?, reason = ? WHERE id = ?`,
		attempts, next.UnixMicro(), orNull(core.Cut(reason, 500)), id)
	return db.wrap(err, "cannot put the alert off")
}

// EndDelivery forgets a delivery.
func (db *DB) EndDelivery(ctx context.Context, id int64) error {
	_, err := db.exec(ctx, `DELETE FROM vpm_deliveries WHERE id = ?`, id)
	return db.wrap(err, "cannot forget the alert")
}
