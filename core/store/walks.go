package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vpm/core"
)

// maxPosition is the longest position of a walk, in bytes.
const maxPosition = 64 << 10

// positionKept is how long after its last pass a walk is gone on with. What an older one counted is no measurement of
// today's tree.
const positionKept = 24 * time.Hour

// Walk gives where the walk through an instance's tree stopped.
func (db *DB) Walk(ctx context.Context, in core.Instance) ([]byte, error) {
	var position []byte
	err := db.sql.QueryRowContext(ctx, `SELECT position FROM vpm_walks WHERE instance_row = ? AND updated_at > ?`,
		in.ID, time.Now().Add(-positionKept).UnixMicro()).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return position, db.wrap(err, "cannot read where the walk stopped")
}

// SaveWalk stores where a walk stopped, at most 64 kB. Of an instance forgotten meanwhile it stores nothing.
func (db *DB) SaveWalk(ctx context.Context, in core.Instance, position []byte) error {
	const what = "cannot store where the walk stopped"
	if len(position) == 0 {
		_, err := db.exec(ctx, `DELETE FROM vpm_walks WHERE instance_row = ?`, in.ID)
		return db.wrap(err, what)
	}
	if len(position) > maxPosition {
		return core.Errorf(core.CodeInvalid, "%s: it takes %d bytes, more than %d", what, len(position), maxPosition)
	}
	err := db.ofInstance(ctx, in, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO vpm_walks (instance_row, position, updated_at) VALUES (?, ?, ?)`+
			db.orUpdate("position", "updated_at"), in.ID, position, time.Now().UnixMicro())
		return err
	})
	return db.wrap(unlessForgotten(err), what)
}
