package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite"
)

// open gives the database for reading: of SQLite a copy, since the last to close the real one would tidy it up after those
// that were killed.
func (w *world) open() (db *sql.DB, end func(), err error) {
	if w.mariadb != nil {
		db, err = sql.Open("mysql", fmt.Sprintf("root@unix(%s)/%s", w.mariadb.Socket, w.dbName))
		return db, func() { db.Close() }, err
	}
	dir, err := os.MkdirTemp(w.dir, "copy-")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"vpm.sqlite", "vpm.sqlite-wal"} {
		data, err := os.ReadFile(filepath.Join(w.dataDir(), name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil && !os.IsNotExist(err) {
			return nil, nil, err
		}
	}
	db, err = sql.Open("sqlite", filepath.Join(dir, "vpm.sqlite"))
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}, err
}

func (w *world) dataDir() string { return filepath.Join(w.host.Home, "vpm-data") }

// row is what the database has of an instance.
type row struct {
	status, run, pid    string
	generation, applied int64
}

// happened is a row of vpm_events.
type happened struct {
	id                                    int64
	at                                    time.Time
	instance, action, reason, pid, result string
}

// kept is all that is looked at in the database.
type kept struct {
	rows   map[string]row
	events map[string][]happened // by instance, in order
	people map[string]int
	wrong  []string // with the database itself
	total  int      // events
}

func (w *world) read(ctx context.Context) (k kept, err error) {
	db, end, err := w.open()
	if err != nil {
		return k, err
	}
	defer end()
	k = kept{rows: map[string]row{}, events: map[string][]happened{}, people: map[string]int{}}
	each := func(query string, dest []any, take func()) {
		rows, rerr := db.QueryContext(ctx, query)
		if rerr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", query, rerr))
			return
		}
		defer rows.Close()
		for rows.Next() && err == nil {
			if err = rows.Scan(dest...); err == nil {
				take()
			}
		}
		err = errors.Join(err, rows.Err())
	}
	var id string
	var r row
	each(`SELECT i.instance_id, i.status, v.status, v.virtual_pid, COALESCE(g.generation, -1), COALESCE(g.applied, -1) FROM instances i
		LEFT JOIN virtual_processes v ON v.instance_id = i.instance_id LEFT JOIN vpm_gates g ON g.instance_row = i.id`,
		[]any{&id, &r.status, &r.run, &r.pid, &r.generation, &r.applied}, func() {
			if _, twice := k.rows[id]; twice {
				k.wrong = append(k.wrong, id+" is there twice")
			}
			k.rows[id] = r
		})
	var e happened
	var micros int64
	each(`SELECT id, occurred_at, COALESCE(instance_id, ''), action, COALESCE(reason, ''), COALESCE(pid, ''), result FROM vpm_events ORDER BY id`,
		[]any{&e.id, &micros, &e.instance, &e.action, &e.reason, &e.pid, &e.result}, func() {
			e.at = time.UnixMicro(micros)
			k.events[e.instance] = append(k.events[e.instance], e)
			k.total++
		})
	each("SELECT instance_id FROM virtual_processes WHERE stopped_at < started_at", []any{&id}, func() {
		k.wrong = append(k.wrong, id+" has a run that ended before it began")
	})
	var name string
	for kind, query := range map[string]string{"user ": "SELECT username FROM admin_users", "token ": "SELECT name FROM vpm_tokens"} {
		each(query, []any{&name}, func() { k.people[kind+name]++ })
	}
	for _, table := range strings.Fields("vpm_gates vpm_usage vpm_watch vpm_samples vpm_walks vpm_deliveries vpm_units") {
		var n int
		each("SELECT COUNT(*) FROM "+table+" WHERE instance_row NOT IN (SELECT id FROM instances)", []any{&n}, func() {
			if n > 0 {
				k.wrong = append(k.wrong, fmt.Sprintf("%d rows of %s belong to no instance", n, table))
			}
		})
	}
	var n int
	each("SELECT COUNT(*) FROM virtual_processes WHERE instance_id NOT IN (SELECT instance_id FROM instances)", []any{&n}, func() {
		if n > 0 {
			k.wrong = append(k.wrong, fmt.Sprintf("%d rows of virtual_processes belong to no instance", n))
		}
	})
	if err == nil {
		err = w.integrity(ctx, db, &k)
	}
	return k, err
}

// integrity has the database look at itself.
func (w *world) integrity(ctx context.Context, db *sql.DB, k *kept) error {
	if w.mariadb == nil {
		var verdict string
		if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			k.wrong = append(k.wrong, fmt.Sprintf("integrity_check says %q, %v", verdict, err))
		}
		return nil
	}
	tables, err := w.mariadb.Exec("SELECT table_name FROM information_schema.tables WHERE table_schema = '" + w.dbName + "'")
	if err != nil {
		return err
	}
	said, err := w.mariadb.Exec("USE " + w.dbName + "; CHECK TABLE " + strings.Join(strings.Fields(tables), ", ") + " EXTENDED")
	if err != nil {
		return err
	}
	for line := range strings.Lines(said) {
		if !strings.HasSuffix(strings.TrimSpace(line), "\tOK") {
			k.wrong = append(k.wrong, "CHECK TABLE says "+strings.TrimSpace(line))
		}
	}
	return nil
}
