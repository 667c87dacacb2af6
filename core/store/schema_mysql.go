package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// mysqlBaseTables creates those tables of the contract that are missing. Ones that are there are left as
// they are: other programs use them.
func mysqlBaseTables(ctx context.Context, ex execer) error {
	suffix, err := mysqlTableOptions(ctx, ex)
	if err != nil {
		return err
	}
	for _, table := range []string{
		`instances (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
			instance_id VARCHAR(64) NOT NULL,
			instance_name VARCHAR(255) NOT NULL,
			cms_type ENUM('wordpress','joomla','drupal','native') NOT NULL,
			cms_version VARCHAR(50) NULL,
			domain VARCHAR(255) NULL,
			path_prefix VARCHAR(100) NULL,
			database_name VARCHAR(64) NOT NULL,
			database_prefix VARCHAR(20) DEFAULT '',
			status ENUM('active','inactive','maintenance','error') DEFAULT 'active',
			config JSON NULL,
			resources JSON NULL,
			created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
			updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
			activated_at TIMESTAMP NULL DEFAULT NULL,
			UNIQUE KEY instance_id (instance_id))`,
		`admin_users (
			id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
			username VARCHAR(50) NOT NULL,
			password VARCHAR(255) NOT NULL,
			full_name VARCHAR(100) NULL,
			email VARCHAR(100) NULL,
			role ENUM('admin','manager','viewer') NOT NULL DEFAULT 'viewer',
			permissions JSON NULL,
			status ENUM('active','inactive') NOT NULL DEFAULT 'active',
			created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
			updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
			UNIQUE KEY username (username))`,
		`login_attempts (
			id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
			ip_address VARCHAR(45) NOT NULL,
			username VARCHAR(100) NULL,
			attempted_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
			KEY ip_address (ip_address, attempted_at),
			KEY username (username, attempted_at))`,
	} {
		if _, err := ex.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+table+suffix); err != nil {
			return err
		}
	}
	const runs = `virtual_processes (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
			instance_id VARCHAR(64) NOT NULL,
			virtual_pid VARCHAR(20) NOT NULL,
			status ENUM('running','stopped','error') DEFAULT 'running',
			started_at TIMESTAMP NULL DEFAULT NULL,
			stopped_at TIMESTAMP NULL DEFAULT NULL,
			last_activity TIMESTAMP NULL DEFAULT NULL,
			created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
			updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
			UNIQUE KEY instance_id (instance_id)%s)%s`
	err = mysqlWithForeignKey(ctx, ex, runs, `, FOREIGN KEY (instance_id) REFERENCES instances(instance_id) ON DELETE CASCADE`, suffix)
	if err != nil {
		return err
	}
	const sessions = `admin_sessions (
			id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
			user_id INT NOT NULL,
			token VARCHAR(512) NOT NULL,
			expires_at DATETIME NOT NULL,
			created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
			UNIQUE KEY token (token)%s)%s`
	return mysqlWithForeignKey(ctx, ex, sessions, `, FOREIGN KEY (user_id) REFERENCES admin_users(id) ON DELETE CASCADE`, suffix)
}

// mysqlWithForeignKey creates a table that refers to another one, without the reference where that other
// one is somebody else's and cannot be referred to (another engine, type or collation). Deleting does not
// count on it.
func mysqlWithForeignKey(ctx context.Context, ex execer, table, key, suffix string) error {
	_, err := ex.ExecContext(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS "+table, key, suffix))
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch me.Number {
		case 1005, 1215, 1822, 3780: // the foreign key is incorrectly formed, in several versions' words
			_, err = ex.ExecContext(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS "+table, "", suffix))
		}
	}
	return err
}

// mysqlTableOptions makes new tables compare text as an existing instances table does: MySQL refuses to join
// or refer between two collations.
func mysqlTableOptions(ctx context.Context, ex execer) (string, error) {
	var charset, collation sql.NullString
	err := ex.QueryRowContext(ctx, `SELECT character_set_name, collation_name FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = 'instances' AND column_name = 'instance_id'`).Scan(&charset, &collation)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	if !charset.Valid || !collation.Valid {
		charset.String, collation.String = "utf8mb4", "utf8mb4_unicode_ci"
	}
	return fmt.Sprintf(" ENGINE=InnoDB DEFAULT CHARSET=%s COLLATE=%s", charset.String, collation.String), nil
}

// mysqlGates is version 2.
func mysqlGates(ctx context.Context, ex execer) error {
	_, err := ex.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS vpm_gates (
			instance_row INT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'instances.id',
			generation BIGINT NOT NULL COMMENT 'counts the changes of what is wanted',
			applied BIGINT NOT NULL COMMENT 'the generation that was carried out',
			reason VARCHAR(500) NULL,
			until_at BIGINT NULL COMMENT 'seconds since 1970, UTC',
			include_nested TINYINT NOT NULL DEFAULT 0,
			entry VARCHAR(1024) NULL COMMENT 'directory of the .htaccess with the gate',
			observed VARCHAR(16) NULL,
			how VARCHAR(16) NULL,
			seen VARCHAR(500) NULL,
			observed_at BIGINT NULL COMMENT 'microseconds since 1970, UTC') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`)
	return err
}

func mysqlOwnTables(ctx context.Context, ex execer) error {
	for _, table := range []string{
		`vpm_schema (id TINYINT NOT NULL PRIMARY KEY, version INT NOT NULL)`,
		`vpm_events (
			id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
			occurred_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
			instance_id VARCHAR(64) NULL,
			action VARCHAR(32) NOT NULL,
			actor_id INT NULL,
			actor VARCHAR(50) NULL,
			address VARCHAR(45) NULL,
			reason VARCHAR(500) NULL,
			result VARCHAR(32) NOT NULL,
			pid VARCHAR(20) NULL,
			KEY instance_id (instance_id, id))`,
		`vpm_usage (
			instance_row INT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'instances.id',
			memory BIGINT NOT NULL,
			disk_usage BIGINT NOT NULL,
			database_size BIGINT NOT NULL,
			queries BIGINT NOT NULL,
			evidence TEXT NOT NULL,
			measured_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC')`,
	} {
		if _, err := ex.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+table+" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"); err != nil {
			return err
		}
	}
	return nil
}
