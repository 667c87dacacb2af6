package store

import (
	"context"

	"vpm/core/fault"
)

// Moments are TEXT, "YYYY-MM-DD HH:MM:SS" in UTC, as CURRENT_TIMESTAMP gives them: that is the contract's
// form, and the driver would turn columns declared TIMESTAMP into another one. Ids and user names compare
// without regard to case, as they do in MySQL.

func sqliteBaseTables(ctx context.Context, ex execer) error {
	return execAll(ctx, ex,
		`CREATE TABLE IF NOT EXISTS instances (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			instance_id TEXT NOT NULL UNIQUE COLLATE NOCASE,
			instance_name TEXT NOT NULL,
			cms_type TEXT NOT NULL CHECK (cms_type IN ('wordpress','joomla','drupal','native')),
			cms_version TEXT,
			domain TEXT COLLATE NOCASE,
			path_prefix TEXT,
			database_name TEXT NOT NULL,
			database_prefix TEXT DEFAULT '',
			status TEXT DEFAULT 'active' CHECK (status IN ('active','inactive','maintenance','error')),
			config TEXT,
			resources TEXT,
			created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
			updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
			activated_at TEXT)`,
		`CREATE TABLE IF NOT EXISTS virtual_processes (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			instance_id TEXT NOT NULL UNIQUE COLLATE NOCASE REFERENCES instances(instance_id) ON DELETE CASCADE,
			virtual_pid TEXT NOT NULL,
			status TEXT DEFAULT 'running' CHECK (status IN ('running','stopped','error')),
			started_at TEXT,
			stopped_at TEXT,
			last_activity TEXT,
			created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
			updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
		`CREATE TABLE IF NOT EXISTS admin_users (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			username TEXT NOT NULL UNIQUE COLLATE NOCASE,
			password TEXT NOT NULL,
			full_name TEXT,
			email TEXT,
			role TEXT NOT NULL DEFAULT 'viewer' CHECK (role IN ('admin','manager','viewer')),
			permissions TEXT,
			status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active','inactive')),
			created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
			updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
		`CREATE TABLE IF NOT EXISTS admin_sessions (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			user_id INTEGER NOT NULL REFERENCES admin_users(id) ON DELETE CASCADE,
			token TEXT NOT NULL UNIQUE,
			expires_at TEXT NOT NULL,
			created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
		`CREATE TABLE IF NOT EXISTS login_attempts (
			id INTEGER PRIMARY KEY AUTOINCREMENT,
			ip_address TEXT NOT NULL,
			username TEXT COLLATE NOCASE,
			attempted_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
		`CREATE INDEX IF NOT EXISTS login_attempts_ip ON login_attempts (ip_address, attempted_at)`,
		`CREATE INDEX IF NOT EXISTS login_attempts_username ON login_attempts (username, attempted_at)`,
	)
}

// sqliteGates is version 2.
func sqliteGates(ctx context.Context, ex execer) error {
	return execAll(ctx, ex, `CREATE TABLE IF NOT EXISTS vpm_gates (
			instance_row INTEGER PRIMARY KEY, -- instances.id
			generation INTEGER NOT NULL, -- counts the changes of what is wanted
			applied INTEGER NOT NULL, -- the generation that was carried out
			reason TEXT,
			until_at INTEGER, -- seconds since 1970, UTC
			include_nested INTEGER NOT NULL DEFAULT 0,
			entry TEXT, -- directory of the .htaccess with the gate
			observed TEXT,
			how TEXT,
			seen TEXT,
			observed_at INTEGER)`)
}

func sqliteOwnTables(ctx context.Context, ex execer) error {
	return execAll(ctx, ex,
		`CREATE TABLE IF NOT EXISTS vpm_events (
			id INTEGER PRIMARY KEY, -- rows are never deleted, so no number is used twice
			occurred_at INTEGER NOT NULL, -- microseconds since 1970, UTC
			instance_id TEXT COLLATE NOCASE,
			action TEXT NOT NULL,
			actor_id INTEGER,
			actor TEXT,
			address TEXT,
			reason TEXT,
			result TEXT NOT NULL,
			pid TEXT)`,
		`CREATE INDEX IF NOT EXISTS vpm_events_instance ON vpm_events (instance_id, id)`,
		`CREATE TABLE IF NOT EXISTS vpm_usage (
			instance_row INTEGER PRIMARY KEY, -- instances.id
			memory INTEGER NOT NULL,
			disk_usage INTEGER NOT NULL,
			database_size INTEGER NOT NULL,
			queries INTEGER NOT NULL,
			evidence TEXT NOT NULL,
			measured_at INTEGER NOT NULL)`,
	)
}

func execAll(ctx context.Context, ex execer, statements ...string) error {
	for _, s := range statements {
		if _, err := ex.ExecContext(ctx, s); err != nil {
			return err
		}
		fault.Point("table created")
	}
	return nil
}
