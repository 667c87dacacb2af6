package store

import (
	"context"
	"time"

	"vpm/core"
)

// clockSlack is how far ahead a stored time may lie before it is taken for one of a clock that has been set back since. It is
// more than any lease lasts.
const clockSlack = time.Hour

// Timestamps gives what writes a time as this database has them: in its session time zone, UTC in the embedded one. The
// zone is asked for once; where it has a summer, whoever runs over its change writes an hour off until asked again.
func (db *DB) Timestamps(ctx context.Context) (func(time.Time) core.Timestamp, error) {
	offset := 0
	if db.name == "mysql" {
		err := db.sql.QueryRowContext(ctx, `SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CURRENT_TIMESTAMP)`).Scan(&offset)
		if err != nil {
			return nil, db.wrap(err, "cannot ask the database for its time zone")
		}
	}
	zone := time.FixedZone("", offset)
	return func(t time.Time) core.Timestamp {
		if t.IsZero() {
			return ""
		}
		return core.Timestamp(t.In(zone).Format(time.DateTime))
	}, nil
}
