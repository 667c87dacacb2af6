// Package store keeps vpm's state in MySQL/MariaDB or in an embedded SQLite database, with one behaviour:
// the same statements run on both wherever the two agree, and a dialect holds the few words where they do
// not. Exported methods are whole transactions; lower-case helpers take the one they run in.
package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"

	"vpm/core"
	"vpm/core/fault"
)

// Options say which database to open.
type Options struct {
	SQLite string // path of the embedded database; "" for MySQL
	// Current tells whether SQLite is still where the database is: it is asked once the file is open, so that who moves the
	// database sees it open, or has this process see that it was moved. nil: it is.
	Current func() bool `json:"-"`
	MySQL   MySQL
	// MaxConns bounds the connections of this process; 0 is 1, which is what a CGI process needs.
	MaxConns int
}

// DB is an open database. It is a core.Store, a core.WatchStore and a core.AccountStore.
type DB struct {
	sql    *sql.DB
	sqlite string // the path of the embedded database
	dialect
}

var (
	_ core.Store        = (*DB)(nil)
	_ core.WatchStore   = (*DB)(nil)
	_ core.AccountStore = (*DB)(nil)
)

// Open prepares a database; it connects at the first use.
func Open(o Options) (*DB, error) {
	db := &DB{}
	if o.SQLite != "" {
		s, err := openSQLite(o.SQLite, o.Current)
		if err != nil {
			return nil, err
		}
		db.sql, db.sqlite, db.dialect = s, o.SQLite, sqliteDialect
	} else {
		s, err := openMySQL(o.MySQL)
		if err != nil {
			return nil, err
		}
		db.sql, db.dialect = s, mysqlDialect
	}
	db.sql.SetMaxOpenConns(max(o.MaxConns, 1))
	db.sql.SetMaxIdleConns(max(o.MaxConns, 1))
	return db, nil
}

// Close ends all connections. A CGI process just exits instead: its last connection would otherwise copy
// SQLite's whole write-ahead log back on every request.
func (db *DB) Close() error { return db.sql.Close() }

// Stats gives figures of the pool of connections.
func (db *DB) Stats() sql.DBStats { return db.sql.Stats() }

// execer is what statements run on: the pool, one connection or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// inTx runs f in a transaction, again when the database chose this one to break a deadlock. In SQLite it is
// an immediate one (see openSQLite), so that it can always be completed once it has begun.
func (db *DB) inTx(ctx context.Context, f func(execer) error) error {
	const attempts = 12
	for i := 1; ; i++ {
		err := db.tryTx(ctx, f)
		if err == nil {
			db.committed(ctx)
		}
		if err == nil || i == attempts || !db.isDeadlock(err) {
			return err
		}
		// The others of the circle try again too: at different moments, or they would meet again.
		time.Sleep(rand.N(time.Duration(i) * 5 * time.Millisecond))
	}
}

// exec runs one statement that changes something, as a transaction of its own.
func (db *DB) exec(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	fault.Point("before a statement of its own")
	res, err := db.sql.ExecContext(ctx, statement, args...)
	if err == nil {
		db.committed(ctx)
	}
	return res, err
}

// execLazily runs one statement whose loss to a power failure does no harm: SQLite then does not wait for the disk. (The
// other changes before it are on disk already; MySQL has no such choice for one statement.)
func (db *DB) execLazily(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	if db.sqlite == "" {
		return db.exec(ctx, statement, args...)
	}
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `PRAGMA synchronous = NORMAL`); err != nil {
		return nil, err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA synchronous = FULL`)
	fault.Point("before a statement of its own")
	res, err := conn.ExecContext(ctx, statement, args...)
	fault.Point("committed")
	return res, err
}

// committed does what is due after a change is on disk.
func (db *DB) committed(ctx context.Context) {
	fault.Point("committed")
	if db.sqlite != "" {
		trimWAL(ctx, db.sql, db.sqlite)
	}
	fault.Point("log trimmed")
}

func (db *DB) tryTx(ctx context.Context, f func(execer) error) error {
	fault.Point("before a transaction")
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	fault.Point("transaction begun")
	defer tx.Rollback() // after Commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	fault.Point("before the commit")
	return tx.Commit()
}
