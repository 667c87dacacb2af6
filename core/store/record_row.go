package store

import (
	"encoding/json"
	"slices"

	"vpm/core"
)

const recordColumns = `i.id, i.instance_id, i.instance_name, i.cms_type, i.cms_version, i.domain, i.path_prefix,
	i.database_name, i.database_prefix, COALESCE(i.status, 'active'), i.config, i.resources,
	i.created_at, i.updated_at, i.activated_at, CURRENT_TIMESTAMP,
	p.virtual_pid, CASE WHEN p.id IS NOT NULL THEN COALESCE(p.status, 'stopped') END, p.started_at, p.stopped_at`

// ownColumns and ownTables add the gate, the last measurement and what the ticks know; wholeColumns are ownColumns with
// what is too much for a list.
const (
	ownColumns = `, ` + gateColumns + `, m.memory, m.disk_usage, m.disk_allocated, m.files, m.database_size, m.database_tables, m.queries,
		m.cms_type, m.cms_version, m.changed_at, m.evidence, m.measured_at` + watchColumns
	wholeColumns = ownColumns + wholeWatchColumns
	ownTables    = gateTable + ` LEFT JOIN vpm_usage m ON m.instance_row = i.id LEFT JOIN vpm_watch w ON w.instance_row = i.id`
)

// recordRow scans recordColumns and wholeColumns. All of it may be NULL, where an outer join found nothing.
type recordRow struct {
	core.Record
	id                                     number
	instanceID, name, cms, database        word
	pid, status, runStatus                 word
	gate                                   gateRow
	memory, disk, allocated, files         number
	databaseSize, tables, queries          number
	changedAt, measuredAt                  number
	foundType, foundVersion, usageEvidence word
	watch                                  watchRow
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
	return slices.Concat(r.dest(), r.gate.dest(), []any{&r.memory, &r.disk, &r.allocated, &r.files, &r.databaseSize, &r.tables, &r.queries,
		&r.foundType, &r.foundVersion, &r.changedAt, &r.usageEvidence, &r.measuredAt}, r.watch.dest())
}

func (r *recordRow) wholeDest() []any { return append(r.ownDest(), r.watch.wholeDest()...) }

// record gives what was scanned.
func (r *recordRow) record() (core.Record, error) {
	in := &r.Instance
	in.ID, in.InstanceID, in.Name, in.CMSType = r.id.Int64, r.instanceID.String, r.name.String, r.cms.String
	in.DatabaseName, in.Status = r.database.String, core.InstanceStatus(r.status.String)
	r.Run.VirtualPID, r.Run.Status = r.pid.String, core.RunStatus(r.runStatus.String)
	r.Gate = r.gate.gate()
	if r.measuredAt.Valid {
		r.Usage = core.Usage{Memory: r.memory.Int64, DiskUsage: r.disk.Int64, DiskAllocated: r.allocated.Int64, Files: r.files.Int64,
			DatabaseSize: r.databaseSize.Int64, DatabaseTables: r.tables.Int64, Queries: r.queries.Int64,
			CMS:       core.CMS{Type: r.foundType.String, Version: r.foundVersion.String},
			ChangedAt: r.changedAt.micros(), MeasuredAt: r.measuredAt.micros()}
		if err := json.Unmarshal([]byte(r.usageEvidence.String), &r.Usage.Evidence); err != nil {
			return core.Record{}, err
		}
	}
	var err error
	r.Watch, err = r.watch.watch()
	return r.Record, err
}
