package store

import (
	"context"

	"vpm/core/fault"
)

// mysqlWatchColumns are added in version 3 to tables that are there.
var mysqlWatchColumns = [...]column{
	{"vpm_gates", "bypass", "VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the secret of the link past the gate'"},
	{"vpm_gates", "bypass_until", "BIGINT NULL COMMENT 'seconds since 1970, UTC'"},
	{"vpm_usage", "disk_allocated", "BIGINT NOT NULL DEFAULT 0 COMMENT 'bytes, what a quota counts'"},
	{"vpm_usage", "files", "BIGINT NOT NULL DEFAULT 0 COMMENT 'and directories'"},
	{"vpm_usage", "database_tables", "BIGINT NOT NULL DEFAULT 0"},
	{"vpm_usage", "cms_type", "VARCHAR(20) NULL COMMENT 'by the files'"},
	{"vpm_usage", "cms_version", "VARCHAR(50) NULL COMMENT 'by the files'"},
	{"vpm_usage", "changed_at", "BIGINT NULL COMMENT 'newest change of a file, microseconds since 1970, UTC'"},
}

// mysqlWatch is version 3.
func mysqlWatch(ctx context.Context, db *DB, ex execer) error {
	if err := db.addColumns(ctx, ex, mysqlWatchColumns[:]); err != nil {
		return err
	}
	for _, table := range []string{
		`vpm_watch (
			instance_row INT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'instances.id',
			seen_at BIGINT NULL COMMENT 'by a tick, microseconds since 1970, UTC',
			healthy TINYINT NULL,
			checked_at BIGINT NULL COMMENT 'microseconds since 1970, UTC',
			wanted VARCHAR(16) NULL COMMENT 'of the instance when it was checked',
			failures INT NOT NULL DEFAULT 0 COMMENT 'ticks in a row',
			alarm_unhealthy TINYINT NOT NULL DEFAULT 0 COMMENT 'people were told',
			alarm_disk TINYINT NOT NULL DEFAULT 0 COMMENT 'people were told',
			alarm_drift BIGINT NOT NULL DEFAULT 0 COMMENT 'vpm_gates.generation whose repair people were told of',
			muted_until BIGINT NULL COMMENT 'seconds since 1970, UTC',
			checks MEDIUMTEXT NULL COMMENT 'JSON')`,
		`vpm_samples (
			instance_row INT UNSIGNED NOT NULL COMMENT 'instances.id',
			at BIGINT NOT NULL COMMENT 'seconds since 1970, UTC; of a span its beginning',
			span INT NOT NULL COMMENT 'seconds; 0: one tick',
			ticks INT NOT NULL,
			healthy INT NOT NULL COMMENT 'ticks',
			unhealthy INT NOT NULL COMMENT 'ticks',
			memory BIGINT NULL COMMENT 'bytes',
			disk_usage BIGINT NULL COMMENT 'bytes',
			database_size BIGINT NULL COMMENT 'bytes',
			queries BIGINT NULL,
			probe BIGINT NULL COMMENT 'microseconds',
			probe_max BIGINT NULL COMMENT 'microseconds',
			PRIMARY KEY (instance_row, at),
			KEY span (span, at))`,
		`vpm_walks (
			instance_row INT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'instances.id',
			position MEDIUMBLOB NOT NULL,
			updated_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC')`,
		`vpm_deliveries (
			id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
			instance_row INT UNSIGNED NOT NULL COMMENT 'instances.id',
			channel VARCHAR(16) NOT NULL,
			alert MEDIUMTEXT NOT NULL COMMENT 'JSON',
			attempts INT NOT NULL DEFAULT 0,
			next_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
			reason VARCHAR(500) NULL COMMENT 'why the last attempt failed',
			created_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
			KEY instance_row (instance_row))`,
		`vpm_leases (
			name VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
			owner VARCHAR(128) COLLATE utf8mb4_bin NOT NULL,
			until_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC')`,
	} {
		if _, err := ex.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+table+" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"); err != nil {
			return err
		}
		fault.Point("table created")
	}
	return nil
}
