package store

import "context"

// mysqlTokens and sqliteTokens belong to version 3, and create the table of units too.
func mysqlTokens(ctx context.Context, ex execer) error {
	_, err := ex.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS vpm_units (
			instance_row INT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'instances.id',
			slug VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'vpm-php@SLUG.service',
			crashes TEXT NULL COMMENT 'JSON',
			UNIQUE KEY slug (slug)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`)
	if err != nil {
		return err
	}
	_, err = ex.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS vpm_tokens (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
			digest CHAR(71) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'sha256: and the digest in hex',
			name VARCHAR(50) NOT NULL,
			scope VARCHAR(16) NOT NULL,
			created_by VARCHAR(50) NULL,
			created_at BIGINT NOT NULL COMMENT 'seconds since 1970, UTC',
			last_used_at BIGINT NULL COMMENT 'seconds since 1970, UTC, to the hour',
			UNIQUE KEY digest (digest)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`)
	return err
}

func sqliteTokens(ctx context.Context, ex execer) error {
	return execAll(ctx, ex,
		`CREATE TABLE IF NOT EXISTS vpm_units (
			instance_row INTEGER PRIMARY KEY, -- instances.id
			slug TEXT NOT NULL UNIQUE, -- vpm-php@SLUG.service
			crashes TEXT) -- JSON`,
		`CREATE TABLE IF NOT EXISTS vpm_tokens (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			digest TEXT NOT NULL UNIQUE,
			name TEXT NOT NULL,
			scope TEXT NOT NULL,
			created_by TEXT,
			created_at INTEGER NOT NULL, -- seconds since 1970, UTC
			last_used_at INTEGER) -- likewise, to the hour`)
}
