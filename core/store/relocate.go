package store

import (
	"context"
	"database/sql"

	"vpm/core"
)

// Relocate stores where the instances are after their account was moved: moved gives of a directory where it is now. It
// gives the ids of those that it changed. Each gets the event; the gate of a stopped one is where its file is now.
func (db *DB) Relocate(ctx context.Context, event core.Event, moved func(dir string) string) (ids []string, err error) {
	err = db.inTx(ctx, func(tx execer) error {
		ids = nil
		instances, entries, err := db.relocatable(ctx, tx)
		if err != nil {
			return err
		}
		for _, in := range instances {
			is, changed, err := in.Relocated(moved)
			if err != nil {
				return err
			}
			if entry := entries[in.ID]; moved(entry) != entry {
				if _, err := tx.ExecContext(ctx, `UPDATE vpm_gates SET entry = ? WHERE instance_row = ?`, moved(entry), in.ID); err != nil {
					return err
				}
				changed = true
			}
			if !changed {
				continue
			}
			if _, err := tx.ExecContext(ctx, `UPDATE instances SET config = ? WHERE id = ?`, is.Config, in.ID); err != nil {
				return err
			}
			ev := event
			ev.InstanceID = in.InstanceID
			if err := insertEvent(ctx, tx, ev); err != nil {
				return err
			}
			ids = append(ids, in.InstanceID)
		}
		return nil
	})
	return ids, db.wrap(err, "cannot store where the instances are")
}

// relocatable locks the instances and reads what of them names directories; entries are those of their gates.
func (db *DB) relocatable(ctx context.Context, tx execer) (instances []core.Instance, entries map[int64]string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT i.id, i.instance_id, i.config, g.entry FROM instances i`+gateTable+db.forUpdate)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	entries = map[int64]string{}
	for rows.Next() {
		var in core.Instance
		var entry sql.NullString
		if err := rows.Scan(&in.ID, &in.InstanceID, &in.Config, &entry); err != nil {
			return nil, nil, err
		}
		instances = append(instances, in)
		entries[in.ID] = entry.String
	}
	return instances, entries, rows.Err()
}
