package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // database/sql driver
)

const (
	insertInstance = `INSERT INTO instances (instance_id, instance_name, cms_type, cms_version, domain, path_prefix, database_name,
		database_prefix, status, config, resources, created_at, updated_at, activated_at)
		VALUES (?, ?, 'wordpress', '6.4', ?, '/', ?, 'wp_', 'active', '{"memory_limit":"256M"}', '{"memory_limit":256}',
		CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`
	insertRun = `INSERT INTO virtual_processes (instance_id, virtual_pid, status, started_at, last_activity)
		VALUES (?, ?, 'running', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`
	insertUsage = `INSERT INTO vpm_usage (instance_row, memory, disk_usage, database_size, queries, evidence, measured_at)
		SELECT id, 65536, 300000, 32768, 20, '{"disk_usage":"measured","database_size":"measured"}', ? FROM instances`
)

// fill adds started and measured instances, as other programs' rows, until the account has n.
func (d *database) fill(ctx context.Context, n int) (err error) {
	db, err := sql.Open(d.driver, d.source)
	if err != nil {
		return fmt.Errorf("cannot fill %s: %w", d.label, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("cannot fill %s: %w", d.label, err)
	}
	exec := func(query string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, query, args...)
		}
	}
	for i := 2; i <= n; i++ {
		id := fmt.Sprintf("site-%04d", i)
		exec(insertInstance, id, fmt.Sprintf("Site %d", i), id+".test", fmt.Sprintf("site_%04d", i))
		exec(insertRun, id, fmt.Sprintf("v1795403510%09d", i))
	}
	exec(insertUsage, time.Now().UnixMicro())
	if err != nil {
		return errors.Join(fmt.Errorf("cannot fill %s: %w", d.label, err), tx.Rollback())
	}
	return tx.Commit()
}
