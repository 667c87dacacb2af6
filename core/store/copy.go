package store

import (
	"context"
	"os"

	"vpm/core"
)

// CopySQLite makes a consistent copy of an embedded database that others may have open, as a new file that only its owner
// may read.
func CopySQLite(ctx context.Context, from, to string) error {
	fail := func(err error) error {
		return core.Errorf(core.CodeUnavailable, "cannot copy the database %s to %s", from, to).Because(err)
	}
	db, err := Open(Options{SQLite: from})
	if err != nil {
		return err
	}
	defer db.Close()
	// VACUUM INTO wants no file there, and gives it the umask's permissions.
	if err := db.vacuumInto(ctx, to); err != nil {
		return fail(err)
	}
	if err := os.Chmod(to, 0o600); err != nil {
		return fail(err)
	}
	f, err := os.Open(to)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fail(err)
	}
	return nil
}

func (db *DB) vacuumInto(ctx context.Context, to string) error {
	_, err := db.sql.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// Version gives the version of the tables, 0 where there are none.
func (db *DB) Version(ctx context.Context) (int, error) {
	v, err := db.version(ctx, db.sql)
	return v, db.wrap(err, "cannot read the version of the tables")
}
