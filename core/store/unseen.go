package store

import (
	"context"
	"time"

	"vpm/core"
)

// Unseen reads instances that no tick has come to since before. The rows are chosen by a query of their own, which
// sorts none of the long texts. One that was seen later than latest was seen before the clock was set back.
func (db *DB) Unseen(ctx context.Context, before, latest time.Time, limit int) ([]core.Record, error) {
	const chosen = ` JOIN (SELECT n.id FROM instances n LEFT JOIN vpm_watch s ON s.instance_row = n.id
		WHERE s.seen_at IS NULL OR s.seen_at < ? OR s.seen_at > ? ORDER BY s.seen_at, n.id LIMIT ?) c ON c.id = i.id`
	var records []core.Record
	err := db.joined(func(tables string) (err error) {
		records, err = db.readRecords(ctx, (*recordRow).wholeDest,
			"SELECT "+recordColumns+wholeColumns+tables+ownTables+chosen+" ORDER BY w.seen_at, i.id", before.UnixMicro(), latest.UnixMicro(), max(limit, 0))
		return err
	})
	return records, db.wrap(err, "cannot read the instances that are due")
}
