package store

import (
	"context"
	"strings"

	"vpm/core"
)

// SiteTables gives the bytes and the number of the tables of a site, those of its database whose names begin
// with its prefix, as the server estimates them. A database of which this user may see nothing, or which
// lies in another server than vpm's own, is CodeNotFound.
func (db *DB) SiteTables(ctx context.Context, database, prefix string) (size, tables int64, err error) {
	if db.name != "mysql" {
		return 0, 0, core.Errorf(core.CodeNotFound, "vpm keeps its state in the embedded database and has no MySQL user of its own")
	}
	pattern := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(prefix) + "%"
	err = db.sql.QueryRowContext(ctx, `SELECT COALESCE(SUM(data_length + index_length), 0), COUNT(*) FROM information_schema.tables
		WHERE table_schema = ? AND table_name LIKE ? ESCAPE '!'`, database, pattern).Scan(&size, &tables)
	if err != nil {
		return 0, 0, db.wrap(err, "cannot measure the site's database")
	}
	if tables == 0 {
		return 0, 0, core.Errorf(core.CodeNotFound, "vpm's database user sees no table of the site")
	}
	return size, tables, nil
}
