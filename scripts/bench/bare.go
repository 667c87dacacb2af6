package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// perRound is how often each process is run in a round.
const perRound = 20

// manyInstances is the size of the larger accounts.
const manyInstances = 1000

// account is a set-up installation of vpm that is reached without a web server.
type account struct {
	database
	process
	token string
}

// newAccount lays out an account with n instances as it is on a shared host.
func (b *bench) newAccount(ctx context.Context, name string, d database, n int) (account, error) {
	docroot := filepath.Join(b.dir, name, "public_html")
	if err := b.built.install(docroot, b.built.vpm); err != nil {
		return account{}, err
	}
	a := account{d, process{file: filepath.Join(docroot, "api", "vpm.cgi"), docroot: docroot}, ""}
	var err error
	if a.token, err = a.setUp(ctx, a.process); err != nil {
		return account{}, err
	}
	return a, a.fill(ctx, 2, n)
}

// newPair lays out an account on each database: MariaDB, then SQLite.
func (b *bench) newPair(ctx context.Context, name string, n int) (pair [2]account, err error) {
	maria, err := mariaDatabase(b.server, name)
	if err != nil {
		return pair, err
	}
	for i, d := range []database{maria, sqliteDatabase()} {
		if pair[i], err = b.newAccount(ctx, d.label+"-"+name, d, n); err != nil {
			return pair, err
		}
	}
	return pair, nil
}

// accounts are one with a single instance, one with many, and one with many that ticks come to, on each database.
type accounts struct{ one, many, watched [2]account }

// need makes the accounts that several groups share, where they are not there yet.
func (b *bench) need(ctx context.Context) error {
	if b.accounts != nil {
		return nil
	}
	all, err := b.newAccounts(ctx)
	b.accounts = &all
	return err
}

func (b *bench) newAccounts(ctx context.Context) (all accounts, err error) {
	if all.one, err = b.newPair(ctx, "one", 1); err != nil {
		return all, err
	}
	if all.many, err = b.newPair(ctx, "many", manyInstances); err != nil {
		return all, err
	}
	if all.watched, err = b.newPair(ctx, "watched", manyInstances); err != nil {
		return all, err
	}
	for _, a := range append(all.one[:], all.watched[:]...) {
		if err := a.watch(ctx); err != nil {
			return all, err
		}
	}
	return all, nil
}

// task is a row of the section on bare processes.
type task struct {
	name string
	account
	request
	goal  goal // nil: none
	times series
}

// goal says what is asked of a row, and whether it is met.
type goal func(times, hello series) (text string, met bool)

// ratioAtMost bounds the ratio to hello.
func ratioAtMost(limit float64) goal {
	return func(times, hello series) (string, bool) {
		return fmt.Sprintf("<= %.1fx", limit), times.ratio(hello).Median <= limit
	}
}

func under(limit float64) goal {
	return func(times, _ series) (string, bool) {
		return fmt.Sprintf("< %g ms", limit), times.quantile(0.5) < limit
	}
}

// atMostBeyond allows so many ms more than another row has.
func atMostBeyond(limit float64, other *task) goal {
	return func(times, _ series) (string, bool) {
		more := times.beyond(other.times).Median
		return fmt.Sprintf("<= %g ms more than status.php (%+.2f)", limit, more), more <= limit
	}
}

func tasks(all *accounts) []*task {
	hello := account{process: all.one[0].process}
	hello.file = filepath.Join(hello.docroot, "hello", "hello.cgi")
	todo := []*task{{name: "Go CGI hello", account: hello, request: request{"GET", "/hello/hello.cgi", "", "hello"}}}
	for i, one := range all.one {
		on := ", " + one.label
		ofStatus := &task{name: "status.php" + on, account: one, request: status, goal: ratioAtMost(1.6)}
		todo = append(todo,
			&task{name: "stop.php" + on, account: one, request: stop},
			&task{name: "start.php" + on, account: one, request: start, goal: ratioAtMost([]float64{2.5, 2.2}[i])},
			ofStatus,
			&task{name: "monitor.php" + on, account: one, request: monitor, goal: atMostBeyond(1, ofStatus)},
			&task{name: "list.php of 1" + on, account: one, request: list},
			&task{name: fmt.Sprint("list.php of ", manyInstances, on), account: all.many[i], request: list, goal: under(40)},
			&task{name: fmt.Sprint("list.php of ", manyInstances, " watched", on), account: all.watched[i], request: list, goal: under(60)},
		)
	}
	return todo
}

// bare measures processes as Apache starts them, without Apache.
func (b *bench) bare(ctx context.Context) (err error) {
	if err := b.need(ctx); err != nil {
		return err
	}
	todo := tasks(b.accounts)
	hello := todo[0]
	if err := copyProgram(b.built.hello, hello.file); err != nil {
		return err
	}
	// Round 0 warms everything up and counts for nothing.
	for i := range (b.rounds + 1) * perRound {
		for _, t := range todo {
			took, _, err := t.run(ctx, t.token, t.request)
			if err != nil {
				return err
			}
			if round := i/perRound - 1; round >= 0 {
				t.times.add(round, milliseconds(took))
			}
		}
	}
	b.changed += 2 * perRound * (b.rounds + 1)
	var rows []row
	for _, t := range todo {
		s := t.times
		cells := row{t.name, s.quantile(0), s.quantile(0.5), s.quantile(0.99), 1, "", ""}
		if t != hello {
			cells[4] = s.ratio(hello.times)
		}
		if t.goal != nil {
			text, met := t.goal(s, hello.times)
			cells[5], cells[6] = text, verdict(met)
		}
		rows = append(rows, cells)
	}
	if err := b.print("Bare process", []string{"min", "p50", "p99", "x hello", "goal", "verdict"}, rows); err != nil {
		return err
	}
	return b.roundTrips(ctx)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
