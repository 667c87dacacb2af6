package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"vpm/core"
)

// People lists all users, also those that may not log in.
func (db *DB) People(ctx context.Context) ([]core.Person, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+userColumns+`, COALESCE(u.status, '') = 'active', u.created_at,
		(SELECT COUNT(*) FROM admin_sessions s WHERE s.user_id = u.id AND s.expires_at > CURRENT_TIMESTAMP)
		FROM admin_users u ORDER BY u.id`)
	if err != nil {
		return nil, db.wrap(err, "cannot list the users")
	}
	defer rows.Close()
	people := []core.Person{}
	for rows.Next() {
		var u userRow
		var p core.Person
		if err := rows.Scan(append(u.dest(), &p.Active, &p.CreatedAt, &p.Sessions)...); err != nil {
			return nil, db.wrap(err, "cannot list the users")
		}
		p.User = u.user()
		people = append(people, p)
	}
	return people, db.wrap(rows.Err(), "cannot list the users")
}

// CreatePerson stores a new active user with the permissions of the role.
func (db *DB) CreatePerson(ctx context.Context, u core.User, passwordHash string, ev core.Event) (id int64, err error) {
	permissions, err := json.Marshal(core.DefaultPermissions(u.Role))
	if err != nil {
		return 0, err
	}
	err = db.inTx(ctx, func(tx execer) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO admin_users (username, full_name, email, password, role, permissions, status, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, 'active', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`, u.Username, u.FullName, u.Email, passwordHash, u.Role, string(permissions))
		if err != nil && db.meaning(err) == failDuplicate {
			return core.Errorf(core.CodeConflict, "cannot create this user: the name is taken")
		}
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		return insertEvent(ctx, tx, ev)
	})
	return id, db.wrap(err, "cannot create the user")
}

// ChangePerson changes a user, and ends the sessions that were begun with what no longer holds. The role that the user
// has already is no change.
func (db *DB) ChangePerson(ctx context.Context, id int64, c core.PersonChange, keep string, ev core.Event) error {
	err := db.inTx(ctx, func(tx execer) error {
		c := c // a transaction that is tried again finds other rows
		role, err := db.lockPerson(ctx, tx, id, c)
		if err != nil {
			return err
		}
		if c.Role != nil && *c.Role == role {
			c.Role = nil
		}
		sets, err := personSets(c)
		if err != nil {
			return err
		}
		columns, args := assignments("", sets)
		if _, err := tx.ExecContext(ctx, "UPDATE admin_users SET "+strings.Join(columns, ", ")+" WHERE id = ?", append(args, id)...); err != nil {
			return err
		}
		if c.PasswordHash != nil || c.Role != nil || c.Active != nil && !*c.Active {
			if _, err := tx.ExecContext(ctx, `DELETE FROM admin_sessions WHERE user_id = ? AND token <> ?`, id, keep); err != nil {
				return err
			}
		}
		return insertEvent(ctx, tx, ev)
	})
	return db.wrap(err, "cannot change the user")
}

// personSets store a change of a user.
func personSets(c core.PersonChange) ([]set, error) {
	sets := []set{{column: "updated_at", value: "CURRENT_TIMESTAMP"}}
	add := func(column string, value any) { sets = append(sets, set{column, "?", []any{value}}) }
	if c.FullName != nil {
		add("full_name", *c.FullName)
	}
	if c.Email != nil {
		add("email", *c.Email)
	}
	if c.PasswordHash != nil {
		add("password", *c.PasswordHash)
	}
	if c.Role != nil {
		permissions, err := json.Marshal(core.DefaultPermissions(*c.Role))
		if err != nil {
			return nil, err
		}
		add("role", *c.Role)
		add("permissions", string(permissions))
	}
	if c.Active != nil {
		status := "inactive"
		if *c.Active {
			status = "active"
		}
		add("status", status)
	}
	return sets, nil
}

// lockPerson locks the administrators and the user, in the order of their ids, gives the user's role, and refuses to
// take the last administrator away: of two who demote each other at once, one stays.
func (db *DB) lockPerson(ctx context.Context, tx execer, id int64, c core.PersonChange) (role string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, COALESCE(role, ''), COALESCE(status, '') = 'active' FROM admin_users
		WHERE id = ? OR role = 'admin' ORDER BY id`+db.forUpdate, id)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	found, isAdmin, others := false, false, 0
	for rows.Next() {
		var row int64
		var its string
		var active bool
		if err := rows.Scan(&row, &its, &active); err != nil {
			return "", err
		}
		admin := active && its == core.RoleAdmin
		switch {
		case row == id:
			found, role, isAdmin = true, its, admin
		case admin:
			others++
		}
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	leaves := c.Role != nil && *c.Role != core.RoleAdmin || c.Active != nil && !*c.Active
	switch {
	case !found:
		return "", core.Errorf(core.CodeNotFound, "User not found")
	case isAdmin && leaves && others == 0:
		return "", core.Errorf(core.CodeConflict, "cannot take the last administrator away: make another one first")
	}
	return role, nil
}

// PasswordHash gives what is stored of an active user's password.
func (db *DB) PasswordHash(ctx context.Context, id int64) (string, error) {
	var hash sql.NullString
	err := db.sql.QueryRowContext(ctx, `SELECT password FROM admin_users WHERE id = ? AND status = 'active'`, id).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", core.Errorf(core.CodeNotFound, "User not found")
	}
	return hash.String, db.wrap(err, "cannot read the user")
}

// Sessions lists unexpired sessions, newest first.
func (db *DB) Sessions(ctx context.Context, userID int64, current string) ([]core.SessionInfo, error) {
	query, args := `SELECT s.id, s.user_id, COALESCE(u.username, ''), s.created_at, s.expires_at, CURRENT_TIMESTAMP, COALESCE(s.token, '') FROM admin_sessions s
		JOIN admin_users u ON u.id = s.user_id WHERE s.expires_at > CURRENT_TIMESTAMP`, []any{}
	if userID != 0 {
		query, args = query+" AND s.user_id = ?", append(args, userID)
	}
	const most = 500
	rows, err := db.sql.QueryContext(ctx, query+" ORDER BY s.id DESC LIMIT ?", append(args, most)...)
	if err != nil {
		return nil, db.wrap(err, "cannot list the sessions")
	}
	defer rows.Close()
	list := []core.SessionInfo{}
	for rows.Next() {
		var s core.SessionInfo
		var token string
		if err := rows.Scan(&s.ID, &s.UserID, &s.Username, &s.CreatedAt, &s.ExpiresAt, &s.ReadAt, &token); err != nil {
			return nil, db.wrap(err, "cannot list the sessions")
		}
		s.Current = token == current && token != ""
		list = append(list, s)
	}
	return list, db.wrap(rows.Err(), "cannot list the sessions")
}

// EndSession ends one session.
func (db *DB) EndSession(ctx context.Context, id, userID int64, ev core.Event) error {
	err := db.inTx(ctx, func(tx execer) error {
		query, args := `DELETE FROM admin_sessions WHERE id = ?`, []any{id}
		if userID != 0 {
			query, args = query+" AND user_id = ?", append(args, userID)
		}
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, core.Errorf(core.CodeNotFound, "Session not found"))
		}
		return insertEvent(ctx, tx, ev)
	})
	return db.wrap(err, "cannot end the session")
}
