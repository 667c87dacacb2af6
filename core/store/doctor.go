package store

import (
	"context"
	"time"
)

// Clock asks the database what time it is. The embedded one has this machine's clock.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	if db.name != "mysql" {
		return time.Now(), nil
	}
	var micros int64
	err := db.sql.QueryRowContext(ctx, `SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))`).Scan(&micros)
	return time.UnixMicro(micros), db.wrap(err, "cannot ask the database for the time")
}

// LastSeen is when a tick last came to an instance; zero: none ever did.
func (db *DB) LastSeen(ctx context.Context) (time.Time, error) {
	var at number
	err := db.sql.QueryRowContext(ctx, `SELECT MAX(seen_at) FROM vpm_watch`).Scan(&at)
	return at.micros(), db.wrap(err, "cannot read when the last tick was")
}

// Undelivered counts the alerts that an attempt to send has failed for, and gives why the last one did; "" where none has.
func (db *DB) Undelivered(ctx context.Context) (waiting int, reason string, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE((SELECT reason FROM vpm_deliveries WHERE attempts > 0 ORDER BY next_at DESC, id DESC LIMIT 1), '')
		FROM vpm_deliveries WHERE attempts > 0`).Scan(&waiting, &reason)
	return waiting, reason, db.wrap(err, "cannot read the alerts that are to be sent")
}

// WithoutPassword names the active users whose password is not stored as a hash that logins accept, and counts the active
// administrators with one.
func (db *DB) WithoutPassword(ctx context.Context) (names []string, admins int, err error) {
	const what = "cannot read the users"
	rows, err := db.sql.QueryContext(ctx, `SELECT COALESCE(username, ''), COALESCE(role, '') = 'admin', COALESCE(password, '') LIKE '$2_$__$%'
		FROM admin_users WHERE status = 'active' ORDER BY id`)
	if err != nil {
		return nil, 0, db.wrap(err, what)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var admin, usable bool
		if err := rows.Scan(&name, &admin, &usable); err != nil {
			return nil, 0, db.wrap(err, what)
		}
		switch {
		case !usable:
			names = append(names, name)
		case admin:
			admins++
		}
	}
	return names, admins, db.wrap(rows.Err(), what)
}
