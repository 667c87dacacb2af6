package store

import (
	"context"
	"database/sql"
)

// dialect is where MySQL and SQLite differ.
type dialect struct {
	name string
	// forUpdate locks the rows a SELECT reads until the transaction ends. SQLite needs no word for it: an
	// immediate transaction has locked everything.
	forUpdate string
	// schemaVersion is an expression for the version of our tables. It fails in MySQL and is 0 in SQLite
	// where they are missing.
	schemaVersion string
	// later is an expression for the time some seconds from now, a parameter, and earlier for that many ago.
	later, earlier string
	// base creates the tables of the contract, own those of vpm.
	base, own func(ctx context.Context, ex execer) error
	// gates creates the table of version 2.
	gates func(ctx context.Context, ex execer) error
	// watch adds the columns and tables of version 3.
	watch func(ctx context.Context, db *DB, ex execer) error
	// tokens creates the table of API tokens, of version 3 too.
	tokens func(ctx context.Context, ex execer) error
	// hasColumn tells whether a table, a parameter, has a column, another one.
	hasColumn string
	// upsert ends an INSERT that changes the row of an instance where there is one, and inserted, of a column, is what
	// would have been inserted.
	upsert   string
	inserted func(column string) string
	// joinsUpdates: UPDATE can change rows of several tables.
	joinsUpdates bool
	// at is an expression for a moment given in Unix seconds, a parameter.
	at string
	// unix is a format that makes of a column an expression for its moment in Unix seconds.
	unix string
	// snapshot are statements that begin a transaction which reads everything as it is at one moment and keeps nobody
	// from writing.
	snapshot []string
	// exclusively runs f while no other process runs anything by exclusively on this database.
	exclusively func(ctx context.Context, db *sql.DB, f func(execer) error) error
	// setVersion writes what schemaVersion reads.
	setVersion func(ctx context.Context, ex execer, version int) error
	// classify gives what a driver's error means.
	classify func(error) failure
}

// failure is what an error of the database means to us.
type failure int

const (
	failUnknown failure = iota
	failUnavailable
	failBusy
	failDeadlock
	failNoTable
	failDuplicate
	failBadValue
	failCollations
	failFull
	failReadOnly
	failDenied
)
