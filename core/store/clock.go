package store

import (
	"context"
	"time"

	"vpm/core"
)

// clockSlack is how much later than one that begins now a lease may end before it is taken for one of a clock that has been
// set back since. Leases of a name last nearly the same.
const clockSlack = time.Minute

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
