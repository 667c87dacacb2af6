package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vpm/core"
)

// walLimit is the size of the write-ahead log, in bytes, past which a change empties it. SQLite's own
// wal_autocheckpoint cannot do that for us: it begins the log anew only for a process that still knows how far it
// was copied back, and under CGI each process makes one change and ends; the log would grow for ever. The limit is
// small because every process reads the whole log once to find its way in it.
const walLimit = 160 << 10

// openSQLite opens a database that is there: a request must never create one (mode=rw). Transactions are
// immediate, so that a change takes its lock at the start, when waiting for it is still possible; and
// commits are synced to disk before they are answered (SQLite's default, synchronous=FULL).
func openSQLite(path string, current func() bool) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, errNoFile(path, err)
	}
	// Without this a read could still be answered, and the next login would fail for no visible reason.
	const writable = 2 // W_OK of access(2)
	if err := syscall.Access(filepath.Dir(path), writable); err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot use the database %s: its directory cannot be written", path).Because(err)
	}
	return sqliteDSN(path, "rw", current)
}

func sqliteDSN(path, mode string, current func() bool) (*sql.DB, error) {
	c, err := newSQLiteConnector(path, mode, current)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

func newSQLiteConnector(path, mode string, current func() bool) (driver.Connector, error) {
	q := fmt.Sprintf("mode=%s&_txlock=immediate&_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)&_pragma=synchronous(2)&_pragma=wal_autocheckpoint(0)",
		mode, lockWait*1000)
	c, err := sqlite.NewConnector((&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q}).String())
	if err != nil {
		return nil, err
	}
	return sqliteConnector{c, path, current}, nil
}

// CreateSQLite creates an empty database file for its owner only, with a write-ahead log where the file
// system can hold one. A file that is there is used as it is.
func CreateSQLite(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot create the database: %w", err)
	}
	f.Close()
	db, err := sqliteDSN(path, "rw", nil)
	if err != nil {
		return err
	}
	defer db.Close()
	// The answer is the mode in force: where a log is not possible (some network file systems) it is
	// "delete", SQLite's own default, and just as safe.
	var mode string
	err = db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
	// SQLite does not wait here for another process that does the same.
	for until := time.Now().Add(lockWait * time.Second); err != nil && classifySQLite(err) == failBusy &&
		ctx.Err() == nil && time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		err = db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
	}
	if err != nil {
		return (&DB{sql: db, dialect: sqliteDialect}).wrap(err, "cannot create the database")
	}
	return nil
}

// trimWAL empties a log that has grown, after a commit and without waiting for anybody: where another process
// reads in it, the next change will do. A failure costs nothing but time, so it is not reported.
func trimWAL(ctx context.Context, db *sql.DB, path string) {
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() <= walLimit {
		return
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx) // or the connection would go back without its timeout
	for _, s := range []string{`PRAGMA busy_timeout = 0`, `PRAGMA wal_checkpoint(TRUNCATE)`, fmt.Sprintf(`PRAGMA busy_timeout = %d`, lockWait*1000)} {
		conn.ExecContext(ctx, s)
	}
}

var sqliteDialect = dialect{
	name:          "sqlite",
	schemaVersion: "(SELECT user_version FROM pragma_user_version)",
	later:         "datetime('now', ? || ' seconds')",
	earlier:       "datetime('now', '-' || ? || ' seconds')",
	base:          sqliteBaseTables,
	own:           sqliteOwnTables,
	gates:         sqliteGates,
	watch:         sqliteWatch,
	tokens:        sqliteTokens,
	hasColumn:     "SELECT COUNT(*) FROM pragma_table_info(?) WHERE name = ?",
	upsert:        " ON CONFLICT (instance_row) DO UPDATE SET ",
	inserted:      func(column string) string { return "excluded." + column },
	at:            "datetime(?, 'unixepoch')",
	unix:          "CAST(strftime('%%s', %s) AS INTEGER)",
	snapshot:      []string{"BEGIN DEFERRED"},
	exclusively: func(ctx context.Context, db *sql.DB, f func(execer) error) error {
		return (&DB{sql: db}).tryTx(ctx, f)
	},
	setVersion: func(ctx context.Context, ex execer, version int) error {
		_, err := ex.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version))
		return err
	},
	classify: classifySQLite,
}

// classifySQLite goes by the result codes of sqlite.org/rescode.html.
func classifySQLite(err error) failure {
	se, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return failUnknown
	}
	switch se.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return failDuplicate
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return failBusy
	case sqlite3.SQLITE_ERROR:
		return failNoTable // our statements have no other way to fail so: they are the same every time
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH: // a row of a backup with no number for its id
		return failBadValue
	case sqlite3.SQLITE_FULL:
		return failFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return failReadOnly
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB,
		sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM:
		return failUnavailable
	}
	return failUnknown
}
