package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/scripts/lab"
)

// stopping compares a stop that asks nobody with what it was before vpm closed sites: rows and one commit, no file. A
// restart of a running site comes nearest to that: it writes the rows that a start writes and finds no gate to take
// out. (It does store what it saw, a small commit that a stop of those days did without.) So what a stop may take is
//
//	a restart + one atomic write + one commit
//
// where all are measured in turn. The write is that of a CGI process, less that process without it: what is done once
// in a process is slower than in a loop. The commit is of the smallest change, on a connection that is there.
type stopping struct {
	account
	yardstick
	hello, write process
	htaccess     string

	restarts, stops, starts, hellos, writers, commits series
}

func (b *bench) stop(ctx context.Context) error {
	pair, err := b.newPair(ctx, "stop", 1)
	if err != nil {
		return err
	}
	var rows []row
	for _, a := range pair {
		s, err := b.newStopping(a)
		if err == nil {
			err = s.measure(ctx, b.rounds)
		}
		if err != nil {
			return err
		}
		rows = append(rows, s.table()...)
	}
	return b.print("Stop without probe, of a site with .htaccess", []string{"min", "p50", "p99", "x allowed", "goal", "verdict"}, rows)
}

// newStopping gives the account's site the .htaccess of a WordPress, and lays out the yardsticks.
func (b *bench) newStopping(a account) (*stopping, error) {
	s := &stopping{account: a, hello: a.process, write: a.process}
	s.htaccess = filepath.Join(filepath.Dir(a.docroot), "instances", instance, ".htaccess")
	s.hello.file, s.write.file = filepath.Join(a.docroot, "hello", "hello.cgi"), filepath.Join(a.docroot, "hello", "write.cgi")
	s.write.env = []string{"WRITE=" + filepath.Join(filepath.Dir(s.htaccess), "yardstick")}
	if err := os.MkdirAll(filepath.Dir(s.htaccess), 0o755); err != nil {
		return nil, fmt.Errorf("cannot make a site: %w", err)
	}
	if err := os.WriteFile(s.htaccess, []byte(lab.WordPressRules), 0o644); err != nil {
		return nil, fmt.Errorf("cannot make a site: %w", err)
	}
	return s, errors.Join(copyProgram(b.built.hello, s.hello.file), copyProgram(b.built.write, s.write.file))
}

func (s *stopping) measure(ctx context.Context, rounds int) (err error) {
	if s.yardstick, err = newYardstick(ctx, s.database); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.yardstick.close()) }()
	for i := range (rounds + 1) * perRound {
		if err := s.once(ctx, i/perRound-1); err != nil {
			return err
		}
	}
	return nil
}

// once measures everything once. Round -1 warms up.
func (s *stopping) once(ctx context.Context, round int) error {
	var closed []byte
	ask := func(p process, r request) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			took, _, err := p.run(ctx, s.token, r)
			return took, err
		}
	}
	for _, step := range []struct {
		to *series
		do func() (time.Duration, error)
	}{
		{&s.restarts, ask(s.process, restart)},
		{&s.stops, ask(s.process, stopBlind)},
		{&s.writers, func() (_ time.Duration, err error) {
			if closed, err = os.ReadFile(s.htaccess); err != nil || !strings.Contains(string(closed), instance) {
				return 0, fmt.Errorf("cannot see that the site is closed: %w", err)
			}
			return ask(s.write, request{"POST", "/hello/write.cgi", string(closed), "written"})()
		}},
		{&s.hellos, ask(s.hello, request{"POST", "/hello/hello.cgi", string(closed), "hello"})},
		{&s.starts, ask(s.process, start)},
		{&s.commits, func() (time.Duration, error) { return s.commit(ctx) }},
	} {
		took, err := step.do()
		if err != nil {
			return err
		}
		if round >= 0 {
			step.to.add(round, milliseconds(took))
		}
	}
	return nil
}

func (s *stopping) table() []row {
	var writes, allowed series
	for i := range s.stops {
		writes.add(i, s.writers.median(i)-s.hellos.median(i))
		allowed.add(i, s.restarts.median(i)+writes.median(i)+s.commits.median(i))
	}
	var table []row
	for _, of := range []struct {
		name  string
		times series
	}{
		{"restart.php of a running site", s.restarts}, {"one atomic write", writes}, {"one commit", s.commits},
		{"start.php of a closed site", s.starts}, {"stop.php, \"verify\": false", s.stops},
	} {
		table = append(table, row{of.name + ", " + s.label,
			of.times.quantile(0), of.times.quantile(0.5), of.times.quantile(0.99), "", "", ""})
	}
	ratio := s.stops.ratio(allowed)
	copy(table[len(table)-1][4:], row{ratio, "<= 1.0x", verdict(ratio.Median <= 1)})
	return table
}
