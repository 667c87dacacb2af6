package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"time"
)

// yardstick makes commits as small as there are, on a connection that stays open.
type yardstick struct{ db *sql.DB }

// newYardstick makes a table for them in the database; of SQLite in another file beside it, for a second process at
// the same file would save vpm from finding its way in the log anew.
func newYardstick(ctx context.Context, d database) (yardstick, error) {
	source := d.source
	if d.driver == "sqlite" {
		file := url.URL{Scheme: "file", Opaque: filepath.Join(filepath.Dir(d.source), "yardstick.sqlite"),
			RawQuery: "_pragma=journal_mode(wal)&_pragma=synchronous(full)"}
		source = file.String()
	}
	db, err := sql.Open(d.driver, source)
	for _, statement := range []string{`CREATE TABLE yardstick (n INTEGER NOT NULL)`, `INSERT INTO yardstick VALUES (0)`} {
		if err == nil {
			_, err = db.ExecContext(ctx, statement)
		}
	}
	if err != nil {
		return yardstick{}, fmt.Errorf("cannot make the yardstick of %s: %w", d.label, err)
	}
	return yardstick{db}, nil
}

// commit changes a row, waits until that is on disk, and gives how long it took.
func (y yardstick) commit(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	_, err := y.db.ExecContext(ctx, `UPDATE yardstick SET n = n + 1`)
	return time.Since(begin), err
}

func (y yardstick) close() error { return y.db.Close() }
