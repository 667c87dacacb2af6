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
	return a, a.fill(ctx, n)
}

// accounts are one with a single instance and one with many on each database.
type accounts struct{ one, many [2]account } // MariaDB, SQLite

func (b *bench) newAccounts(ctx context.Context) (all accounts, err error) {
	for _, kind := range []struct {
		name string
		n    int
		to   *[2]account
	}{{"one", 1, &all.one}, {"many", manyInstances, &all.many}} {
		maria, err := mariaDatabase(b.server, kind.name)
		if err != nil {
			return all, err
		}
		for i, d := range []database{maria, sqliteDatabase()} {
			if kind.to[i], err = b.newAccount(ctx, d.label+"-"+kind.name, d, kind.n); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// task is a row of the section on bare processes.
type task struct {
	name string
	account
	request
	goal  string
	meets func(t *task, hello series) bool
	times series
}

func ratioAtMost(limit float64) func(*task, series) bool {
	return func(t *task, hello series) bool { return t.times.ratio(hello).median <= limit }
}

func tasks(all accounts) []*task {
	hello := account{process: all.one[0].process}
	hello.file = filepath.Join(hello.docroot, "hello", "hello.cgi")
	todo := []*task{{name: "Go CGI hello", account: hello, request: request{"GET", "/hello/hello.cgi", "", "hello"}}}
	for i, one := range all.one {
		many, on := all.many[i], ", "+one.label
		todo = append(todo,
			&task{name: "stop.php" + on, account: one, request: stop},
			&task{name: "start.php" + on, account: one, request: start, goal: "<= 3.0x", meets: ratioAtMost(3)},
			&task{name: "status.php" + on, account: one, request: status, goal: "<= 2.0x", meets: ratioAtMost(2)},
			&task{name: "list.php of 1" + on, account: one, request: list},
			&task{name: fmt.Sprint("list.php of ", manyInstances, on), account: many, request: list, goal: "< 40 ms",
				meets: func(t *task, _ series) bool { return t.times.quantile(0.5) < 40 }},
		)
	}
	return todo
}

// bare measures processes as Apache starts them, without Apache.
func (b *bench) bare(ctx context.Context) (err error) {
	if b.accounts, err = b.newAccounts(ctx); err != nil {
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
				t.times.add(round, float64(took)/float64(time.Millisecond))
			}
		}
	}
	var rows [][]string
	for _, t := range todo {
		s := t.times
		row := []string{t.name, number(s.quantile(0)), number(s.quantile(0.5)), number(s.quantile(0.99)), "1", "", ""}
		if t != hello {
			row[4] = s.ratio(hello.times).String()
		}
		if t.meets != nil {
			row[5], row[6] = t.goal, verdict(t.meets(t, hello.times))
		}
		rows = append(rows, row)
	}
	if err := b.print("Bare process", []string{"min", "p50", "p99", "x hello", "goal", ""}, rows); err != nil {
		return err
	}
	return b.roundTrips(ctx)
}
