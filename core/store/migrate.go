package store

import (
	"context"
	"database/sql"
	"errors"

	"vpm/core"
	"vpm/core/fault"
)

// SchemaVersion is the version of our tables that this program works with.
const SchemaVersion = 3

// migrations bring the tables from one version to the next: migrations[0] from nothing to 1. Each may be
// cut off anywhere and run again, because MySQL cannot undo a CREATE TABLE.
var migrations = []func(context.Context, *DB, execer) error{
	func(ctx context.Context, db *DB, ex execer) error {
		if err := db.base(ctx, ex); err != nil {
			return err
		}
		return db.own(ctx, ex)
	},
	func(ctx context.Context, db *DB, ex execer) error {
		if err := db.gates(ctx, ex); err != nil {
			return err
		}
		_, err := ex.ExecContext(ctx, `INSERT INTO vpm_gates (instance_row, generation, applied)
			SELECT id, 0, 0 FROM instances WHERE id NOT IN (SELECT instance_row FROM vpm_gates)`)
		return err
	},
	func(ctx context.Context, db *DB, ex execer) error {
		if err := db.watch(ctx, db, ex); err != nil {
			return err
		}
		return db.tokens(ctx, ex)
	},
}

// column is one that a later version adds to one of our tables.
type column struct{ table, name, definition string }

// addColumns adds those columns that are missing: MySQL cannot undo an ALTER TABLE, so some may be there.
func (db *DB) addColumns(ctx context.Context, ex execer, columns []column) error {
	for _, c := range columns {
		var there bool
		if err := ex.QueryRowContext(ctx, db.hasColumn, c.table, c.name).Scan(&there); err != nil {
			return err
		}
		if there {
			continue
		}
		if _, err := ex.ExecContext(ctx, "ALTER TABLE "+c.table+" ADD COLUMN "+c.name+" "+c.definition); err != nil {
			return err
		}
		fault.Point("column added")
	}
	return nil
}

// Migrate brings the tables to SchemaVersion and gives the version they had. Of two processes that try at
// once the second waits and finds nothing to do. Tables of a newer program are left alone.
func (db *DB) Migrate(ctx context.Context) (from int, err error) {
	err = db.exclusively(ctx, db.sql, func(ex execer) error {
		if from, err = db.version(ctx, ex); err != nil {
			return err
		}
		if from > SchemaVersion {
			return errNewer(from)
		}
		for v := from; v < SchemaVersion; v++ {
			if err := migrations[v](ctx, db, ex); err != nil {
				return err
			}
			if err := db.setVersion(ctx, ex, v+1); err != nil {
				return err
			}
			fault.Point("version set")
		}
		return nil
	})
	return from, db.wrap(err, "cannot set up the database")
}

func (db *DB) version(ctx context.Context, ex execer) (int, error) {
	var v sql.NullInt64
	err := ex.QueryRowContext(ctx, "SELECT "+db.schemaVersion).Scan(&v)
	if err != nil && db.meaning(err) == failNoTable {
		return 0, nil
	}
	return int(v.Int64), err
}

// firstUse sets up a database that has none of our tables, when err came from missing them. It tells whether
// the caller should try again, which it must do once only.
func (db *DB) firstUse(ctx context.Context, err error) (again bool, _ error) {
	if err == nil || errors.Is(err, sql.ErrNoRows) || db.meaning(err) != failNoTable {
		return false, err
	}
	if db.sqlite != "" {
		// Set-up gives an embedded database its tables. One without them was emptied or is being replaced,
		// and must not be filled anew behind its owner's back.
		return false, core.Errorf(core.CodeUnavailable, "cannot use the database %s: it is empty; put the file back as it was", db.sqlite)
	}
	v, verr := db.version(ctx, db.sql)
	if verr != nil {
		return false, err
	}
	if v != 0 { // another process has just set it up or, as the second try will tell, a table was lost
		return true, nil
	}
	if _, err := db.Migrate(ctx); err != nil {
		return false, err
	}
	return true, nil
}

// errCutOff stands for tables without a version. Only MySQL can have such: each CREATE TABLE is for good there.
var errCutOff = errors.New("the tables have no version: setting them up was cut off")

func errNewer(version int) error {
	return core.Errorf(core.CodeUnavailable,
		"cannot use this database: a newer vpm has upgraded it to version %d, and this one knows %d; upload the newer program", version, SchemaVersion)
}
