package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite" // database/sql driver
)

const (
	insertInstance = `INSERT INTO instances (instance_id, instance_name, cms_type, cms_version, domain, path_prefix, database_name,
		database_prefix, status, config, resources, created_at, updated_at, activated_at)
		VALUES (?, ?, 'wordpress', '6.4', ?, '/', ?, 'wp_', 'active', '{"memory_limit":"256M"}', '{"memory_limit":256}',
		CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`
	insertRun = `INSERT INTO virtual_processes (instance_id, virtual_pid, status, started_at, last_activity)
		VALUES (?, ?, 'running', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`
	insertUsage = `INSERT INTO vpm_usage (instance_row, memory, disk_usage, disk_allocated, files, database_size, database_tables, queries,
		cms_type, cms_version, changed_at, evidence, measured_at)
		SELECT id, 65536, 314572800, 335544320, 11873, 32768, 12, 120, 'wordpress', '6.4.3', ?, ?, ? FROM instances
		WHERE id NOT IN (SELECT instance_row FROM vpm_usage)`

	evidence = `{"disk_usage":"measured","database_size":"estimated: by InnoDB (data and indexes, from information_schema)",
		"memory":"estimated: twice the size of the database","queries":"estimated: ten for each table"}`
)

// fill adds started instances, as other programs' rows: those from first to last, and what was just measured of all.
func (d *database) fill(ctx context.Context, first, last int) error {
	return d.change(ctx, func(exec func(query string, args ...any)) {
		for i := first; i <= last; i++ {
			id := siteID(i)
			exec(insertInstance, id, fmt.Sprintf("Site %d", i), id+".test", fmt.Sprintf("site_%04d", i))
			exec(insertRun, id, fmt.Sprintf("v1795403510%09d", i))
		}
		now := time.Now().UnixMicro()
		exec(insertUsage, now, evidence, now)
	})
}

func siteID(i int) string { return fmt.Sprintf("site-%04d", i) }

const (
	insertGates = `INSERT INTO vpm_gates (instance_row, generation, applied) SELECT id, 0, 0 FROM instances
		WHERE id NOT IN (SELECT instance_row FROM vpm_gates)`
	updateGates = `UPDATE vpm_gates SET entry = '/home/acct/instances/site', observed = 'running', how = 'probe',
		seen = 'The front page answered 200, and so did a PHP file and a static file', observed_at = ?`
	insertWatch = `INSERT INTO vpm_watch (instance_row, seen_at, healthy, checked_at, wanted, failures, muted_until, checks)
		SELECT id, ?, 1, ?, 'running', 0, 1795403510, ? FROM instances WHERE id NOT IN (SELECT instance_row FROM vpm_watch)`

	checks = `[{"name":"directory","result":"ok","reason":"The directory /home/acct/instances/site can be read.","duration_ms":0.09},
		{"name":"configuration","result":"ok","reason":"The configuration /home/acct/instances/site/wp-config.php can be read.","duration_ms":0.12},
		{"name":"database","result":"ok","reason":"The database answers with the site's own credentials.","duration_ms":2.31},
		{"name":"gate","result":"ok","reason":"No gate is in /home/acct/instances/site/.htaccess, as it should be.","duration_ms":0.03},
		{"name":"http","result":"ok","reason":"The site answers.","duration_ms":84.2,"details":{"status":200,"ttfb_ms":81.7}},
		{"name":"certificate","result":"ok","reason":"The certificate is good for 61 days.","duration_ms":9.4,"details":{"days_left":61}},
		{"name":"disk_space","result":"ok","reason":"The file system has room.","duration_ms":0.02}]`
)

// watch gives every instance what a tick has just found of it.
func (d *database) watch(ctx context.Context) error {
	now := time.Now().UnixMicro()
	return d.change(ctx, func(exec func(query string, args ...any)) {
		exec(insertGates)
		exec(updateGates, now)
		exec(insertWatch, now, now, checks)
	})
}

// open waits for a server that writes to SQLite as well.
func (d *database) open() (*sql.DB, error) {
	source := d.source
	if d.driver == "sqlite" {
		source += "?_pragma=busy_timeout(30000)&_txlock=immediate"
	}
	return sql.Open(d.driver, source)
}

// ask reads one value.
func (d *database) ask(ctx context.Context, query string, value any) (err error) {
	db, err := d.open()
	if err == nil {
		err = db.QueryRowContext(ctx, query).Scan(value)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", d.label, err)
	}
	return nil
}

const duplicateEntry = 1062 // MariaDB's number

// change makes changes in a transaction, all or none, and again where a server that runs has written one of the rows meanwhile.
func (d *database) change(ctx context.Context, statements func(exec func(query string, args ...any))) error {
	for try := 1; ; try++ {
		err := d.tryChange(ctx, statements)
		if twice, ok := errors.AsType[*mysql.MySQLError](err); !ok || twice.Number != duplicateEntry || try == 3 {
			return err
		}
	}
}

func (d *database) tryChange(ctx context.Context, statements func(exec func(query string, args ...any))) (err error) {
	db, err := d.open()
	if err != nil {
		return fmt.Errorf("cannot fill %s: %w", d.label, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("cannot fill %s: %w", d.label, err)
	}
	statements(func(query string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, query, args...)
		}
	})
	if err != nil {
		return errors.Join(fmt.Errorf("cannot fill %s: %w", d.label, err), tx.Rollback())
	}
	return tx.Commit()
}
