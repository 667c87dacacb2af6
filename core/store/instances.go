package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"vpm/core"
)

const recordColumns = `i.id, i.instance_id, i.instance_name, i.cms_type, i.cms_version, i.domain, i.path_prefix,
	i.database_name, i.database_prefix, COALESCE(i.status, 'active'), i.config, i.resources,
	i.created_at, i.updated_at, i.activated_at, CURRENT_TIMESTAMP,
	p.virtual_pid, CASE WHEN p.id IS NOT NULL THEN COALESCE(p.status, 'stopped') END, p.started_at, p.stopped_at`

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

// ownColumns and ownTables add the gate and the last measurement.
const (
	ownColumns = `, ` + gateColumns + `, m.memory, m.disk_usage, m.database_size, m.queries, m.evidence, m.measured_at`
	ownTables  = gateTable + ` LEFT JOIN vpm_usage m ON m.instance_row = i.id`
)

type scanner interface{ Scan(dest ...any) error }

// recordRow scans recordColumns and ownColumns. All of it may be NULL, where an outer join found nothing.
type recordRow struct {
	core.Record
	id                                          sql.NullInt64
	instanceID, name, cms, database             sql.NullString
	pid, status, runStatus, evidence            sql.NullString
	memory, disk, databaseSize, queries, microS sql.NullInt64
	gate                                        gateRow
}

func (r *recordRow) dest() []any {
	in := &r.Instance
	return []any{
		&r.id, &r.instanceID, &r.name, &r.cms, &in.CMSVersion, &in.Domain, &in.PathPrefix,
		&r.database, &in.DatabasePrefix, &r.status, &in.Config, &in.Resources,
		&in.CreatedAt, &in.UpdatedAt, &in.ActivatedAt, &r.ReadAt,
		&r.pid, &r.runStatus, &r.Run.StartedAt, &r.Run.StoppedAt,
	}
}

func (r *recordRow) ownDest() []any {
	return append(r.gate.dest(), &r.memory, &r.disk, &r.databaseSize, &r.queries, &r.evidence, &r.microS)
}

// record gives what was scanned.
func (r *recordRow) record() (core.Record, error) {
	in := &r.Instance
	in.ID, in.InstanceID, in.Name, in.CMSType = r.id.Int64, r.instanceID.String, r.name.String, r.cms.String
	in.DatabaseName, in.Status = r.database.String, core.InstanceStatus(r.status.String)
	r.Run.VirtualPID, r.Run.Status = r.pid.String, core.RunStatus(r.runStatus.String)
	r.Gate = r.gate.gate()
	if r.microS.Valid {
		r.Usage = core.Usage{Memory: r.memory.Int64, DiskUsage: r.disk.Int64, DatabaseSize: r.databaseSize.Int64,
			Queries: r.queries.Int64, MeasuredAt: time.UnixMicro(r.microS.Int64)}
		if err := json.Unmarshal([]byte(r.evidence.String), &r.Usage.Evidence); err != nil {
			return core.Record{}, err
		}
	}
	return r.Record, nil
}

func scanRecord(row scanner, withOwn bool) (core.Record, error) {
	var r recordRow
	dest := r.dest()
	if withOwn {
		dest = append(dest, r.ownDest()...)
	}
	if err := row.Scan(dest...); err != nil {
		return core.Record{}, err
	}
	return r.record()
}

// Record reads one instance.
func (db *DB) Record(ctx context.Context, id string) (core.Record, error) {
	var r core.Record
	err := db.joined(func(tables string) (err error) {
		r, err = scanRecord(db.sql.QueryRowContext(ctx,
			"SELECT "+recordColumns+ownColumns+tables+ownTables+" WHERE i.instance_id = ?", id), true)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return core.Record{}, errNotFound()
	}
	return r, db.wrap(err, "cannot read the instance")
}

func errNotFound() error { return core.Errorf(core.CodeNotFound, "Instance not found") }

// Records reads a page of instances; without a limit, all in one query.
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
		records, err = db.readRecords(ctx, "SELECT "+recordColumns+ownColumns+tables+ownTables+where+order, pageArgs)
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

func (db *DB) readRecords(ctx context.Context, query string, args []any) ([]core.Record, error) {
	rows, err := db.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	records := []core.Record{}
	for rows.Next() {
		r, err := scanRecord(rows, true)
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
	_, err = db.exec(ctx, `REPLACE INTO vpm_usage (instance_row, memory, disk_usage, database_size, queries, evidence, measured_at)
		SELECT id, ?, ?, ?, ?, ?, ? FROM instances WHERE instance_id = ?`,
		u.Memory, u.DiskUsage, u.DatabaseSize, u.Queries, string(evidence), u.MeasuredAt.UnixMicro(), id)
	return db.wrap(err, "cannot store the measurement")
}
