package store

import "context"

// sqliteWatchColumns are added in version 3 to tables that are there. bypass_until is in seconds, changed_at in
// microseconds since 1970, UTC; disk_allocated is in bytes, and files counts directories too.
var sqliteWatchColumns = [...]column{
	{"vpm_gates", "bypass", "TEXT"},
	{"vpm_gates", "bypass_until", "INTEGER"},
	{"vpm_usage", "disk_allocated", "INTEGER NOT NULL DEFAULT 0"},
	{"vpm_usage", "files", "INTEGER NOT NULL DEFAULT 0"},
	{"vpm_usage", "database_tables", "INTEGER NOT NULL DEFAULT 0"},
	{"vpm_usage", "cms_type", "TEXT"},
	{"vpm_usage", "cms_version", "TEXT"},
	{"vpm_usage", "changed_at", "INTEGER"},
}

// sqliteWatch is version 3. The text of the checks comes last in its row, where reading the rest does not pass it.
// Samples lie in the order of their key, those of one instance together.
func sqliteWatch(ctx context.Context, db *DB, ex execer) error {
	if err := db.addColumns(ctx, ex, sqliteWatchColumns[:]); err != nil {
		return err
	}
	return execAll(ctx, ex,
		`CREATE TABLE IF NOT EXISTS vpm_watch (
			instance_row INTEGER PRIMARY KEY, -- instances.id
			seen_at INTEGER, -- by a tick, microseconds since 1970, UTC
			healthy INTEGER,
			checked_at INTEGER, -- microseconds since 1970, UTC
			wanted TEXT, -- of the instance when it was checked
			failures INTEGER NOT NULL DEFAULT 0, -- ticks in a row
			alarm_unhealthy INTEGER NOT NULL DEFAULT 0, -- people were told
			alarm_disk INTEGER NOT NULL DEFAULT 0, -- people were told
			alarm_drift INTEGER NOT NULL DEFAULT 0, -- vpm_gates.generation whose repair people were told of
			muted_until INTEGER, -- seconds since 1970, UTC
			checks TEXT) -- JSON`,
		`CREATE TABLE IF NOT EXISTS vpm_samples (
			instance_row INTEGER NOT NULL, -- instances.id
			at INTEGER NOT NULL, -- seconds since 1970, UTC; of a span its beginning
			span INTEGER NOT NULL, -- seconds; 0: one tick
			ticks INTEGER NOT NULL,
			healthy INTEGER NOT NULL, -- ticks
			unhealthy INTEGER NOT NULL, -- ticks
			memory INTEGER, -- bytes
			disk_usage INTEGER, -- bytes
			database_size INTEGER, -- bytes
			queries INTEGER,
			probe INTEGER, -- microseconds
			probe_max INTEGER, -- microseconds
			PRIMARY KEY (instance_row, at)) WITHOUT ROWID`,
		`CREATE INDEX IF NOT EXISTS vpm_samples_span ON vpm_samples (span, at)`,
		`CREATE TABLE IF NOT EXISTS vpm_walks (
			instance_row INTEGER PRIMARY KEY, -- instances.id
			position BLOB NOT NULL,
			updated_at INTEGER NOT NULL) -- microseconds since 1970, UTC`,
		`CREATE TABLE IF NOT EXISTS vpm_deliveries (
			id INTEGER PRIMARY KEY AUTOINCREMENT, -- a number that is used twice would end another delivery
			instance_row INTEGER NOT NULL, -- instances.id
			channel TEXT NOT NULL,
			alert TEXT NOT NULL, -- JSON
			attempts INTEGER NOT NULL DEFAULT 0,
			next_at INTEGER NOT NULL, -- microseconds since 1970, UTC
			reason TEXT, -- why the last attempt failed
			created_at INTEGER NOT NULL)`,
		`CREATE INDEX IF NOT EXISTS vpm_deliveries_instance ON vpm_deliveries (instance_row)`,
		`CREATE TABLE IF NOT EXISTS vpm_leases (
			name TEXT NOT NULL PRIMARY KEY,
			owner TEXT NOT NULL,
			until_at INTEGER NOT NULL) -- microseconds since 1970, UTC`,
	)
}
