package store

import (
	"context"
	"database/sql"
	"errors"

	"vpm/core"
)

// Unit gives the slug by which systemd knows an instance, "" where it has no process of its own, and what the ticks
// remember of its failures.
func (db *DB) Unit(ctx context.Context, in core.Instance) (slug, crashes string, err error) {
	var c sql.NullString
	err = db.sql.QueryRowContext(ctx, `SELECT slug, crashes FROM vpm_units WHERE instance_row = ?`, in.ID).Scan(&slug, &c)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	return slug, c.String, db.wrap(err, "cannot read the instance's unit")
}

// Slugs gives all slugs, by the rows of their instances.
func (db *DB) Slugs(ctx context.Context) (map[int64]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT instance_row, slug FROM vpm_units`)
	if err != nil {
		return nil, db.wrap(err, "cannot list the units")
	}
	defer rows.Close()
	slugs := map[int64]string{}
	for rows.Next() {
		var row int64
		var slug string
		if err := rows.Scan(&row, &slug); err != nil {
			return nil, db.wrap(err, "cannot list the units")
		}
		slugs[row] = slug
	}
	return slugs, db.wrap(rows.Err(), "cannot list the units")
}

// AssignSlug gives an instance its slug; CodeConflict where another has it or had it: a slug names a user, and the files
// of the one before may still be there.
func (db *DB) AssignSlug(ctx context.Context, in core.Instance, slug string) error {
	_, err := db.exec(ctx, `INSERT INTO vpm_units (instance_row, slug) VALUES (?, ?)`, in.ID, slug)
	if err != nil && db.meaning(err) == failDuplicate {
		return core.Errorf(core.CodeConflict, "cannot use the slug %s: it is taken", slug)
	}
	return db.wrap(err, "cannot store the instance's unit")
}

// ReleaseSlug takes an instance's slug away: it has no process of its own any more.
func (db *DB) ReleaseSlug(ctx context.Context, in core.Instance) error {
	_, err := db.exec(ctx, `DELETE FROM vpm_units WHERE instance_row = ?`, in.ID)
	return db.wrap(err, "cannot forget the instance's unit")
}

// SaveCrashes stores what the ticks remember of an instance's failures.
func (db *DB) SaveCrashes(ctx context.Context, in core.Instance, crashes string) error {
	_, err := db.execLazily(ctx, `UPDATE vpm_units SET crashes = ? WHERE instance_row = ?`, crashes, in.ID)
	return db.wrap(err, "cannot store how the instance's process ended")
}
