package store

import (
	"context"
	"database/sql"
	"errors"

	"vpm/core"
)

// HasAdmin tells whether anybody has the role admin, active or not. A database without our tables is set up.
func (db *DB) HasAdmin(ctx context.Context) (bool, error) {
	has, err := db.hasAdmin(ctx, db.sql)
	if again, ferr := db.firstUse(ctx, err); again {
		has, err = db.hasAdmin(ctx, db.sql)
	} else {
		err = ferr
	}
	return has, db.wrap(err, "cannot look for an administrator")
}

func (db *DB) hasAdmin(ctx context.Context, ex execer) (bool, error) {
	var one int
	err := ex.QueryRowContext(ctx, `SELECT 1 FROM admin_users WHERE role = 'admin' LIMIT 1`).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// CreateFirstAdmin creates an administrator where there is none; else CodeConflict. Of two at once one wins.
func (db *DB) CreateFirstAdmin(ctx context.Context, username, passwordHash string, ev core.Event) error {
	err := db.exclusively(ctx, db.sql, func(ex execer) error {
		if has, err := db.hasAdmin(ctx, ex); err != nil {
			return err
		} else if has {
			return core.Errorf(core.CodeConflict, "cannot set up: there is an administrator already")
		}
		return together(ctx, ex, func(tx execer) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO admin_users (username, full_name, email, password, role, permissions, status, created_at, updated_at)
				VALUES (?, ?, '', ?, 'admin', '["*"]', 'active', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`, username, username, passwordHash)
			if err != nil {
				return err
			}
			return insertEvent(ctx, tx, ev)
		})
	})
	return db.wrap(err, "cannot create the administrator")
}

// together runs f in a transaction on ex, which is one already in SQLite and a connection in MySQL.
func together(ctx context.Context, ex execer, f func(execer) error) error {
	conn, ok := ex.(*sql.Conn)
	if !ok {
		return f(ex)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// SetPassword replaces the password of the user of that name, makes the user active and ends all sessions of
// that user. CodeNotFound where there is none.
func (db *DB) SetPassword(ctx context.Context, username, passwordHash string, ev core.Event) error {
	err := db.inTx(ctx, func(tx execer) error {
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM admin_users WHERE username = ?`+db.forUpdate, username).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return core.Errorf(core.CodeNotFound, "cannot reset the password: there is no user of that name")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE admin_users SET password = ?, status = 'active', updated_at = CURRENT_TIMESTAMP WHERE id = ?`, passwordHash, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM admin_sessions WHERE user_id = ?`, id); err != nil {
			return err
		}
		return insertEvent(ctx, tx, ev)
	})
	return db.wrap(err, "cannot reset the password")
}
