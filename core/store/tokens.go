package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vpm/core"
)

// CreateToken stores an API token by its digest, with the event.
func (db *DB) CreateToken(ctx context.Context, t core.APIToken, digest string, ev core.Event) (id int64, err error) {
	err = db.inTx(ctx, func(tx execer) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO vpm_tokens (digest, name, scope, created_by, created_at) VALUES (?, ?, ?, ?, ?)`,
			digest, t.Name, t.Scope, orNull(t.CreatedBy), t.CreatedAt.Unix())
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		return insertEvent(ctx, tx, ev)
	})
	return id, db.wrap(err, "cannot store the token")
}

// Tokens lists the API tokens, newest first.
func (db *DB) Tokens(ctx context.Context) ([]core.APIToken, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id, name, scope, created_by, created_at, last_used_at FROM vpm_tokens ORDER BY id DESC`)
	if err != nil {
		return nil, db.wrap(err, "cannot list the tokens")
	}
	defer rows.Close()
	list := []core.APIToken{}
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, db.wrap(err, "cannot list the tokens")
		}
		list = append(list, t)
	}
	return list, db.wrap(rows.Err(), "cannot list the tokens")
}

func scanToken(row interface{ Scan(dest ...any) error }, more ...any) (core.APIToken, error) {
	var t core.APIToken
	var by sql.NullString
	var created, used sql.NullInt64
	err := row.Scan(append([]any{&t.ID, &t.Name, &t.Scope, &by, &created, &used}, more...)...)
	t.CreatedBy, t.CreatedAt = by.String, time.Unix(created.Int64, 0)
	if used.Valid {
		t.LastUsedAt = time.Unix(used.Int64, 0)
	}
	return t, err
}

// DeleteToken forgets an API token, with the event.
func (db *DB) DeleteToken(ctx context.Context, id int64, ev core.Event) error {
	err := db.inTx(ctx, func(tx execer) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM vpm_tokens WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, core.Errorf(core.CodeNotFound, "Token not found"))
		}
		return insertEvent(ctx, tx, ev)
	})
	return db.wrap(err, "cannot revoke the token")
}

// tokenUsedEvery is how often the use of a token is noted: a write with every request would cost more than it says.
const tokenUsedEvery = time.Hour

// TokenSession finds an API token by its digest and gives it as a session. It also checks the version of the tables.
func (db *DB) TokenSession(ctx context.Context, digest string, now time.Time) (core.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var version sql.NullInt64
	row := db.sql.QueryRowContext(ctx, `SELECT id, name, scope, created_by, created_at, last_used_at, `+db.schemaVersion+
		` FROM vpm_tokens WHERE digest = ?`, digest)
	t, err := scanToken(row, &version)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err != nil && db.meaning(err) == failNoTable: // older tables have no tokens
		return core.Session{}, errNoSession()
	case err != nil:
		return core.Session{}, db.wrap(err, "cannot check the token")
	case version.Int64 > SchemaVersion:
		return core.Session{}, errNewer(int(version.Int64))
	}
	if now.Sub(t.LastUsedAt) > tokenUsedEvery {
		// A full disk is no reason to refuse who only reads; whoever changes something will hear of it.
		_, _ = db.execLazily(ctx, `UPDATE vpm_tokens SET last_used_at = ? WHERE id = ?`, now.Unix(), t.ID)
	}
	return core.Session{User: core.User{Username: "token " + t.Name, Permissions: t.Permissions()},
		Outdated: version.Int64 < SchemaVersion}, nil
}
