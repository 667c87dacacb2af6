package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"vpm/core"
)

const recordTables = ` FROM instances i LEFT JOIN virtual_processes p ON p.instance_id = i.instance_id`

// mixedTables are recordTables in an installation where the two compare text differently, which MySQL
// refuses to join as it is. No index helps then.
const mixedTables = ` FROM instances i LEFT JOIN virtual_processes p
	ON CONVERT(p.instance_id USING utf8mb4) COLLATE utf8mb4_general_ci = CONVERT(i.instance_id USING utf8mb4)`

// joined runs read on recordTables or, where the database refuses that, on mixedTables.
func (db *DB) joined(read func(tables string) error) error {
	err := read(recordTables)
	if err != nil && db.meaning(err) == failCollations {
		return read(mixedTables)
	}
	return err
}

// Record reads one instance.
func (db *DB) Record(ctx context.Context, id string) (core.Record, error) {
	var row recordRow
	err := db.joined(func(tables string) error {
		row = recordRow{}
		return db.sql.QueryRowContext(ctx, "SELECT "+recordColumns+wholeColumns+tables+ownTables+" WHERE i.instance_id = ?", id).Scan(row.wholeDest()...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return core.Record{}, errNotFound()
	}
	if err != nil {
		return core.Record{}, db.wrap(err, "cannot read the instance")
	}
	r, err := row.record()
	return r, db.wrap(err, "cannot read the instance")
}

func errNotFound() error { return core.Errorf(core.CodeNotFound, "Instance not found") }

// Records reads a page of instances; without a limit, all in one query. Of what the ticks know it reads
// whether an instance is healthy, for how many ticks it was not, and until when it is muted.
func (db *DB) Records(ctx context.Context, q core.Query) ([]core.Record, int, error) {
	where, args := conditions(q)
	sort := "id"
	if slices.Contains(core.SortFields, q.Sort) { // never anything else in the SQL text
		sort = q.Sort
	}
	direction := " ASC"
	if q.Reverse {
		direction = " DESC"
	}
	order := " ORDER BY i." + sort + direction + ", i.id" + direction
	pageArgs := args
	if q.Limit > 0 {
		order += " LIMIT ? OFFSET ?"
		pageArgs = append(slices.Clone(args), q.Limit, q.Offset)
	}
	var records []core.Record
	err := db.joined(func(tables string) (err error) {
		records, err = db.readRecords(ctx, (*recordRow).ownDest, "SELECT "+recordColumns+ownColumns+tables+ownTables+where+order, pageArgs...)
		return err
	})
	if err != nil {
		return nil, 0, db.wrap(err, "cannot list the instances")
	}
	if q.Limit == 0 {
		return records, len(records), nil
	}
	var total int
	err = db.sql.QueryRowContext(ctx, "SELECT COUNT(*) FROM instances i"+where, args...).Scan(&total)
	return records, total, db.wrap(err, "cannot count the instances")
}

func (db *DB) readRecords(ctx context.Context, dest func(*recordRow) []any, query string, args ...any) ([]core.Record, error) {
	rows, err := db.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	records := []core.Record{}
	for rows.Next() {
		var row recordRow
		if err := rows.Scan(dest(&row)...); err != nil {
			return nil, err
		}
		r, err := row.record()
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

func conditions(q core.Query) (where string, args []any) {
	var terms []string
	if q.Status != "" {
		terms = append(terms, "i.status = ?")
		args = append(args, string(q.Status))
	}
	if q.Search != "" {
		terms = append(terms, "(i.instance_id LIKE ? ESCAPE '!' OR i.instance_name LIKE ? ESCAPE '!' OR i.domain LIKE ? ESCAPE '!')")
		pattern := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(q.Search) + "%"
		args = append(args, pattern, pattern, pattern)
	}
	if len(terms) > 0 {
		where = " WHERE " + strings.Join(terms, " AND ")
	}
	return where, args
}

// SaveUsage stores a measurement, replacing the last one. Of an instance forgotten meanwhile it stores
// nothing.
func (db *DB) SaveUsage(ctx context.Context, id string, u core.Usage) error {
	evidence, err := json.Marshal(u.Evidence)
	if err != nil {
		return err
	}
	_, err = db.exec(ctx, `REPLACE INTO vpm_usage (instance_row, memory, disk_usage, disk_allocated, files, database_size, database_tables, queries,
		cms_type, cms_version, changed_at, evidence, measured_at)
		SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM instances WHERE instance_id = ?`,
		u.Memory, u.DiskUsage, u.DiskAllocated, u.Files, u.DatabaseSize, u.DatabaseTables, u.Queries,
		orNull(core.Cut(u.CMS.Type, 20)), orNull(core.Cut(u.CMS.Version, 50)), microOrNull(u.ChangedAt), string(evidence), u.MeasuredAt.UnixMicro(), id)
	return db.wrap(err, "cannot store the measurement")
}
