package store

import (
	"context"
	"strings"
	"time"

	"vpm/core"
)

// Seen notes in one statement that a tick comes to the instances of the records.
func (db *DB) Seen(ctx context.Context, records []core.Record, at time.Time) error {
	if len(records) == 0 {
		return nil
	}
	var ids []any
	for _, r := range records {
		ids = append(ids, r.Instance.ID)
	}
	// From the table of instances, so that none is noted that is not there.
	_, err := db.execLazily(ctx, `INSERT INTO vpm_watch (instance_row, seen_at) SELECT id, ? FROM instances WHERE id IN (?`+
		strings.Repeat(", ?", len(ids)-1)+`)`+db.orUpdate("seen_at"), append([]any{microOrNull(at)}, ids...)...)
	return db.wrap(err, "cannot note which instances are seen")
}
