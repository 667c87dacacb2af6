package store

import (
	"context"
	"time"

	"vpm/core"
)

// attemptsKept is how long login attempts are kept before a later one removes them.
const attemptsKept = 24 * time.Hour

// BeginAttempt records a login attempt before its password is looked at, so that many at once cannot slip
// past the count, and counts those within window. Of attempts from one address that come at the same time
// each counts itself and those recorded before it. One that lies further ahead than window was recorded before the clock
// was set back, and would keep people out for as long as that was.
func (db *DB) BeginAttempt(ctx context.Context, address, username string, window time.Duration) (core.Attempt, error) {
	const insert = `INSERT INTO login_attempts (ip_address, username, attempted_at) VALUES (?, ?, CURRENT_TIMESTAMP)`
	first := ctx
	if db.sqlite == "" { // SQLite answers at once or waits for a lock, which may take longer
		limited, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		first = limited
	}
	res, err := db.exec(first, insert, address, username)
	if again, ferr := db.firstUse(ctx, err); again {
		res, err = db.exec(ctx, insert, address, username)
	} else {
		err = ferr
	}
	if err != nil {
		return core.Attempt{}, db.wrap(err, "cannot log in")
	}
	var a core.Attempt
	if a.ID, err = res.LastInsertId(); err != nil {
		return core.Attempt{}, db.wrap(err, "cannot log in")
	}
	err = db.sql.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN ip_address = ? AND id <= ? THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN username = ? THEN 1 ELSE 0 END), 0)
		FROM login_attempts WHERE (ip_address = ? OR username = ?) AND attempted_at > `+db.earlier+` AND attempted_at < `+db.later,
		address, a.ID, username, address, username, int64(window/time.Second), int64(window/time.Second)).Scan(&a.FromAddress, &a.ForUsername)
	return a, db.wrap(err, "cannot log in")
}

// AttemptsBefore counts the attempts from address within window up to attempt id.
func (db *DB) AttemptsBefore(ctx context.Context, address string, id int64, window time.Duration) (n int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM login_attempts WHERE ip_address = ? AND id <= ? AND attempted_at > `+db.earlier+` AND attempted_at < `+db.later,
		address, id, int64(window/time.Second), int64(window/time.Second)).Scan(&n)
	return n, db.wrap(err, "cannot log in")
}

// CancelAttempt forgets an attempt that was refused before its password was looked at.
func (db *DB) CancelAttempt(ctx context.Context, id int64) error {
	_, err := db.exec(ctx, `DELETE FROM login_attempts WHERE id = ?`, id)
	return db.wrap(err, "cannot log in")
}

// ForgiveAttempts forgets the attempts of one user name from one address, and all that are too old to count, or too far ahead.
func (db *DB) ForgiveAttempts(ctx context.Context, address, username string) error {
	_, err := db.exec(ctx, `DELETE FROM login_attempts WHERE (ip_address = ? AND username = ?) OR attempted_at < `+db.earlier+` OR attempted_at > `+db.later,
		address, username, int64(attemptsKept/time.Second), int64(attemptsKept/time.Second))
	return db.wrap(err, "cannot log in")
}
