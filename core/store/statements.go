package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
)

// Statements counts what database servers were asked, as an account that may read their statistics and nothing else.
type Statements struct {
	Socket string // of the server, which takes the kernel's word for who asks
	User   string
}

// The sources of a count.
const (
	FromDigests = "all statements in the database since the server began to count, by performance_schema's digests"
	FromRoom    = "a part of the statements in the database: performance_schema has no room for the digests of more (performance_schema_digests_size)"
	FromSlowLog = "the slow statements in mysql.slow_log"
)

// Count gives the number of statements that were executed in a database, and where that is from. CodeUnavailable: the server
// cannot be asked, or counts nothing.
func (s Statements) Count(ctx context.Context, database string) (n int64, source string, err error) {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = s.User, "unix", s.Socket
	config.Timeout, config.ReadTimeout = time.Second, time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return 0, "", err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	var digests, slow int
	err = db.QueryRowContext(ctx, `SELECT @@performance_schema, @@slow_query_log AND FIND_IN_SET('TABLE', @@log_output) > 0`).Scan(&digests, &slow)
	if err == nil && digests == 1 {
		err = db.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM performance_schema.events_statements_summary_by_digest`).Scan(&digests)
	}
	switch {
	case err != nil:
		return 0, "", core.Errorf(core.CodeUnavailable, "cannot read the statistics of the database server").Because(err)
	case digests == 1:
		n, source, err = countDigests(ctx, db, database)
	case slow == 1:
		source = FromSlowLog
		err = db.QueryRowContext(ctx, `SELECT COUNT(db) FROM mysql.slow_log WHERE db = ?`, database).Scan(&n)
	default:
		return 0, "", core.Errorf(core.CodeUnavailable, "cannot count statements: the database server has neither performance_schema's digests nor its slow log in a table")
	}
	if err != nil {
		return 0, "", core.Errorf(core.CodeUnavailable, "cannot read the statistics of the database server").Because(err)
	}
	return n, source, nil
}

// countDigests counts by digests. What the table has no room for is added up in a row without a digest, of no database.
func countDigests(ctx context.Context, db *sql.DB, database string) (n int64, source string, err error) {
	full := false
	err = db.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN SCHEMA_NAME = ? THEN COUNT_STAR ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN DIGEST IS NULL THEN COUNT_STAR ELSE 0 END), 0) > 0
		FROM performance_schema.events_statements_summary_by_digest`, database).Scan(&n, &full)
	if full {
		return n, FromRoom, err
	}
	return n, FromDigests, err
}
