package store

import (
	"context"
	"database/sql"
	"strings"

	"vpm/core"
)

// SiteEvidence says where the size of a site's database comes from. InnoDB does not count: it estimates from a sample
// of its pages and counts whole pages, so that an empty table has some too.
const SiteEvidence = "estimated by InnoDB (data and indexes, from information_schema)"

// ofSite picks the tables of a site in information_schema.tables. MariaDB compares names there without regard to case,
// and wp_ and WP_ are two sites where the server keeps them apart. Its parameters are those of ofSiteArgs.
const ofSite = `table_schema = ? AND table_name LIKE ? ESCAPE '!'
	AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) LIKE CAST(? AS BINARY) ESCAPE '!')`

func ofSiteArgs(database, prefix string) []any {
	pattern := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(prefix) + "%"
	return []any{database, pattern, pattern}
}

// SiteTables gives the bytes and the number of the tables of a site, those of its database whose names begin
// with its prefix, as the server estimates them; see SiteEvidence. Views are not counted. The tables of another site
// count too where this site's prefix is empty or the beginning of the other's: names do not tell them from its own.
// A database of which this user may see nothing, or which lies in another server than vpm's own, is CodeNotFound.
func (db *DB) SiteTables(ctx context.Context, database, prefix string) (size, tables int64, err error) {
	if db.name != "mysql" {
		return 0, 0, core.Errorf(core.CodeNotFound, "vpm keeps its state in the embedded database and has no MySQL user of its own")
	}
	size, tables, err = siteTables(ctx, db.sql, database, prefix)
	if err != nil {
		return 0, 0, db.wrap(err, "cannot measure the site's database")
	}
	if tables == 0 {
		return 0, 0, core.Errorf(core.CodeNotFound, "vpm's database user sees no table of the site")
	}
	return size, tables, nil
}

// rowQuerier is a pool or a connection of its own.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func siteTables(ctx context.Context, q rowQuerier, database, prefix string) (size, tables int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(SUM(data_length + index_length), 0), COUNT(*) FROM information_schema.tables
		WHERE table_type <> 'VIEW' AND `+ofSite, ofSiteArgs(database, prefix)...).Scan(&size, &tables)
	return size, tables, err
}
