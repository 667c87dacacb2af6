package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"vpm/scripts/lab"
)

// TestDatabaseRestarts: while the database is away requests are answered so, and afterwards all is well at once, on
// every connection of the pool.
func TestDatabaseRestarts(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	p, held := newPanel(t, db), holdSocket(t)
	socket := held.Addr().String()
	c := launch(t, held, nil, p.args()...)
	all := func(want int) {
		t.Helper()
		var wg sync.WaitGroup
		for range 3 * databaseConns {
			wg.Go(func() { p.wantStatus(socket, want) })
		}
		wg.Wait()
	}
	for _, end := range []func(){
		db.Kill,
		func() { must(t, db.Restart()) }, // in one go: the pool's connections are dead and nobody has noticed
	} {
		all(200)
		end()
		if _, err := db.Exec("SELECT 1"); err != nil {
			all(503)
			must(t, db.Restart())
		}
		all(200)
	}
	c.stop()
}

// TestDatabaseClosesIdleConnections: a connection that the server has dropped (wait_timeout) costs no request.
func TestDatabaseClosesIdleConnections(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	_, err := db.Exec("SET GLOBAL wait_timeout = 5")
	must(t, err)
	p, held := newPanel(t, db), holdSocket(t)
	socket := held.Addr().String()
	c := launch(t, held, nil, p.args()...)
	for range 3 {
		p.wantStatus(socket, 200)
		eventually(t, "the database has closed the connection", func() bool {
			n, err := db.Exec("SELECT COUNT(*) FROM information_schema.processlist WHERE user LIKE 'vpm_serve%'")
			must(t, err)
			return n == "0"
		})
	}
	c.stop()
}

// TestPoolIsBounded: the server takes no more of the database's connections than it says.
func TestPoolIsBounded(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	p, held := newPanel(t, db), holdSocket(t)
	c := launch(t, held, nil, p.args()...)
	l := newLoad(t)
	l.begin(40, func() bool { p.wantStatus(held.Addr().String(), 200); return true })
	l.more(t, 500)
	most, err := db.Exec("SHOW STATUS LIKE 'Max_used_connections'")
	l.end()
	must(t, err)
	var n int
	if _, err := fmt.Sscan(strings.Fields(most)[1], &n); err != nil || n > databaseConns+2 { // and those of the test itself
		t.Errorf("%s %v", most, err)
	}
	c.stop()
}
