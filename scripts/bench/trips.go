package main

import (
	"database/sql"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// trips counts what a request has MariaDB do, by the server's own counters.
type trips struct {
	db       *sql.DB
	counters string // a pattern of their names
	own      int    // what asking for them adds
}

const (
	roundTripCounters = "^(QUESTIONS|CONNECTIONS)$" // statements, and connections made
	rowCounters       = "^HANDLER_READ_"            // rows that statements looked at
)

// newTrips gives nil where the database is not MariaDB: there is nobody to wait for but the disk.
func (b *bench) newTrips(driver, counters string) (*trips, error) {
	if driver != "mysql" {
		return nil, nil
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.InterpolateParams = "unix", b.server.Socket, "root", true
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	t := &trips{db: db, counters: counters}
	if _, err := t.count(); err != nil { // makes the connection
		return nil, err
	}
	t.own, err = t.between(func() error { return nil })
	return t, err
}

func (t *trips) close() {
	if t != nil {
		t.db.Close() // it was only read
	}
}

func (t *trips) count() (n int, err error) {
	err = t.db.QueryRow(`SELECT CAST(SUM(VARIABLE_VALUE) AS INTEGER) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME REGEXP ?`, t.counters).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("cannot read MariaDB's counters: %w", err)
	}
	return n, nil
}

func (t *trips) between(f func() error) (int, error) {
	before, err := t.count()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := t.count()
	return after - before, err
}

// of gives how much a request adds to the counters; nil where there are none.
func (t *trips) of(ask func() error) (any, error) {
	if t == nil {
		return nil, ask()
	}
	n, err := t.between(ask)
	return n - t.own, err
}
