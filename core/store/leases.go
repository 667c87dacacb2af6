package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Lease takes a lease for owner, or tells that somebody else has it. Each statement decides by itself, so that of
// several processes at once one gets it.
func (db *DB) Lease(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	const what = "cannot take the lease"
	res, err := db.exec(ctx, `UPDATE vpm_leases SET owner = ?, until_at = ? WHERE name = ? AND (owner = ? OR until_at <= ? OR until_at > ?)`,
		owner, until.UnixMicro(), name, owner, now.UnixMicro(), until.Add(clockSlack).UnixMicro())
	if err != nil {
		return false, db.wrap(err, what)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return n > 0, db.wrap(err, what)
	}
	// MySQL counts no row that an UPDATE left as it was: this owner may have the lease, for as long as it asks.
	var ours bool
	err = db.sql.QueryRowContext(ctx, `SELECT owner = ? AND until_at = ? FROM vpm_leases WHERE name = ?`, owner, until.UnixMicro(), name).Scan(&ours)
	if !errors.Is(err, sql.ErrNoRows) {
		return ours, db.wrap(err, what)
	}
	_, err = db.exec(ctx, `INSERT INTO vpm_leases (name, owner, until_at) VALUES (?, ?, ?)`, name, owner, until.UnixMicro())
	if err != nil && db.meaning(err) == failDuplicate { // another was the first ever
		return false, nil
	}
	return err == nil, db.wrap(err, what)
}

// Release gives a lease back. Its row stays: MySQL would have those who take it anew wait for one another in a circle.
func (db *DB) Release(ctx context.Context, name, owner string) error {
	_, err := db.exec(ctx, `UPDATE vpm_leases SET owner = '', until_at = 0 WHERE name = ? AND owner = ?`, name, owner)
	return db.wrap(err, "cannot give the lease back")
}
