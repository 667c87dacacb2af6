package provision

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"

	"vpm/core/atomicfile"
)

// allowStatistics lets the server's user see how much databases are asked, by an account that nobody else can be: without a
// password, and with nothing but the counts. An instance does without where that is not possible.
func (r *run) allowStatistics() {
	if _, err := os.Stat(r.MariaDB); err != nil {
		return
	}
	account := "'" + r.Server + "'@'localhost'"
	err := r.withDatabase(r.ctx, func(ctx context.Context, conn *sql.Conn) error {
		by, err := socketLogin(ctx, conn)
		if err != nil {
			return err
		}
		var there int
		if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM mysql.user WHERE Host = 'localhost' AND User = ?", r.Server).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			if err := atomicfile.Write(r.statistics(), []byte(r.Server), 0o600); err != nil {
				return err
			}
		} else if _, err := os.Stat(r.statistics()); err != nil {
			return nil // somebody else's, who knows what it may
		}
		for _, s := range []string{"CREATE USER IF NOT EXISTS " + account + " IDENTIFIED " + by,
			"GRANT SELECT ON performance_schema.events_statements_summary_by_digest TO " + account, "GRANT SELECT (db) ON mysql.slow_log TO " + account} {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.result.warn("the database's statistics cannot be read: " + message(err))
	}
}

// statistics is the note that the account is ours.
func (p Paths) statistics() string { return p.State + "/statistics" }

// endStatistics takes the account away with the last instance.
func (r *run) endStatistics() error {
	left, err := filepath.Glob(r.State + "/*.json")
	if err != nil || len(left) > 0 {
		return err
	}
	if _, err := os.Stat(r.statistics()); err != nil {
		return nil
	}
	err = r.withDatabase(r.ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DROP USER IF EXISTS '"+r.Server+"'@'localhost'")
		return err
	})
	if err != nil {
		r.result.warn("the account " + r.Server + " of the database server is left: " + message(err))
	}
	return remove(r.statistics())
}
