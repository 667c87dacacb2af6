package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"vpm/core"
)

// userColumns also hold in an installation whose columns allow NULL.
const userColumns = `u.id, COALESCE(u.username, ''), u.full_name, u.email, COALESCE(u.role, ''), u.permissions`

// userRow scans userColumns.
type userRow struct {
	core.User
	permissions sql.NullString
}

func (u *userRow) dest() []any {
	return []any{&u.ID, &u.Username, &u.FullName, &u.Email, &u.Role, &u.permissions}
}

// user reads the list of permissions. NULL means those of the role; a column that holds something else than
// a list of words grants nothing.
func (u *userRow) user() core.User {
	u.Permissions = core.DefaultPermissions(u.Role)
	if u.permissions.Valid && u.permissions.String != "null" {
		var list []core.Permission
		if json.Unmarshal([]byte(u.permissions.String), &list) != nil || list == nil {
			list = []core.Permission{}
		}
		u.Permissions = list
	}
	return u.User
}

// Login reads the active user of that name; for an unknown name, somebody, who is not Known.
func (db *DB) Login(ctx context.Context, username string) (core.Login, error) {
	var u userRow
	var l core.Login
	var version sql.NullInt64
	query := `SELECT ` + userColumns + `, COALESCE(u.password, ''), COALESCE(u.username = ? AND u.status = 'active', 0), ` + db.schemaVersion + `,
		(SELECT COALESCE(MAX(SUBSTR(x.password, 5, 2)), '') FROM admin_users x WHERE x.password LIKE '$2_$%')
		FROM admin_users u ORDER BY (u.username = ? AND u.status = 'active') DESC, u.id LIMIT 1`
	read := func() error {
		err := db.sql.QueryRowContext(ctx, query, username, username).Scan(append(u.dest(), &l.PasswordHash, &l.Known, &version, &l.HighestCost)...)
		if err == nil && !version.Valid {
			return errCutOff
		}
		return err
	}
	err := read()
	if again, ferr := db.firstUse(ctx, err); again {
		err = read()
	} else {
		err = ferr
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return core.Login{}, nil
	case err != nil:
		return core.Login{}, db.wrap(err, "cannot log in")
	case version.Int64 > SchemaVersion:
		return core.Login{}, errNewer(int(version.Int64))
	}
	l.User = u.user()
	return l, nil
}

// Session finds an unexpired session of an active user by the stored form of its token. It also checks the
// version of the tables, so that no request needs a round trip for that.
func (db *DB) Session(ctx context.Context, keys ...string) (core.Session, error) {
	s, err := db.session(ctx, sessionQuery{keys: keys})
	if again, ferr := db.firstUse(ctx, err); again {
		s, err = db.session(ctx, sessionQuery{keys: keys})
	} else {
		err = ferr
	}
	if errors.Is(err, sql.ErrNoRows) {
		return core.Session{}, errNoSession()
	}
	return s, db.wrap(err, "cannot check the session")
}

func errNoSession() error { return core.Errorf(core.CodeUnauthenticated, "Invalid or expired token") }

// SessionReading finds a session as Session does and reads an instance in the same round trip, nil where there
// is none of that id.
func (db *DB) SessionReading(ctx context.Context, id string, keys ...string) (core.Session, *core.Record, error) {
	q := sessionQuery{keys: keys, instance: id, record: new(recordRow)}
	s, err := db.session(ctx, q)
	if err == nil {
		if !q.record.id.Valid {
			return s, nil, nil
		}
		r, err := q.record.record()
		return s, &r, db.wrap(err, "cannot read the instance")
	}
	switch db.meaning(err) {
	case failNoTable, failCollations:
		// The tables are of another version, or do not fit together: the plain question tells.
		s, err = db.Session(ctx, keys...)
		return s, nil, err
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoSession()
	}
	return s, nil, db.wrap(err, "cannot check the session")
}

// sessionQuery asks for the session with one of keys and, with a record to scan into, an instance.
type sessionQuery struct {
	keys     []string
	instance string
	record   *recordRow
}

func (q sessionQuery) statement(version string) (query string, args []any) {
	columns, tables := userColumns+", s.token, "+version, " FROM admin_sessions s JOIN admin_users u ON u.id = s.user_id"
	if q.record != nil {
		columns += ", " + recordColumns + wholeColumns
		tables += ` LEFT JOIN instances i ON i.instance_id = ? LEFT JOIN virtual_processes p ON p.instance_id = i.instance_id` + ownTables
		args = append(args, q.instance)
	}
	for _, k := range q.keys {
		args = append(args, k)
	}
	return "SELECT " + columns + tables + " WHERE s.token IN (?" + strings.Repeat(", ?", len(q.keys)-1) +
		") AND s.expires_at > CURRENT_TIMESTAMP AND u.status = 'active'", args
}

func (db *DB) session(ctx context.Context, q sessionQuery) (core.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	query, args := q.statement(db.schemaVersion)
	rows, err := db.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return core.Session{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var u userRow
		var s core.Session
		var version sql.NullInt64
		dest := append(u.dest(), &s.Key, &version)
		if q.record != nil {
			*q.record = recordRow{}
			dest = append(dest, q.record.wholeDest()...)
		}
		if err := rows.Scan(dest...); err != nil {
			return core.Session{}, err
		}
		if !version.Valid {
			return core.Session{}, errCutOff
		}
		if version.Int64 > SchemaVersion {
			return core.Session{}, errNewer(int(version.Int64))
		}
		// MySQL compares without regard to case and trailing spaces; a token must match exactly.
		if slices.Contains(q.keys, s.Key) {
			s.User, s.Outdated = u.user(), version.Int64 < SchemaVersion
			return s, nil
		}
	}
	if err := rows.Err(); err != nil {
		return core.Session{}, err
	}
	return core.Session{}, sql.ErrNoRows
}

// CreateSession stores a session that ends after ttl and forgets the user's expired ones.
func (db *DB) CreateSession(ctx context.Context, userID int64, key string, ttl time.Duration) (core.Timestamp, error) {
	var end core.Timestamp
	err := db.inTx(ctx, func(tx execer) error {
		if err := tx.QueryRowContext(ctx, "SELECT "+db.later, int64(ttl/time.Second)).Scan(&end); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM admin_sessions WHERE user_id = ? AND expires_at < CURRENT_TIMESTAMP`, userID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO admin_sessions (user_id, token, expires_at, created_at) VALUES (?, ?, ?, CURRENT_TIMESTAMP)`,
			userID, key, string(end))
		return err
	})
	return end, db.wrap(err, "cannot store the session")
}

// DeleteSession forgets one session.
func (db *DB) DeleteSession(ctx context.Context, key string) error {
	_, err := db.exec(ctx, `DELETE FROM admin_sessions WHERE token = ?`, key)
	return db.wrap(err, "cannot end the session")
}
