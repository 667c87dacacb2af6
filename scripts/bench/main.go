// Command bench measures vpm's speed and size on this machine and prints one table: each figure beside its goal.
// Machines drift, so goals are ratios to yardsticks that are measured in turn with vpm, round by round. It needs
// root and what scripts/setup installs. A missed goal is reported, not a failure.
//
// A whole run, and one with -json, saves what it measured. With -report it measures nothing, and makes docs/results.md and
// its plots of what was saved.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"vpm/scripts/lab"
)

// savedResults is where a whole run is saved, in the module.
const savedResults = "docs/results.json"

func main() {
	rounds := flag.Int("n", 10, "rounds of each measurement; more take longer and spread less")
	only := flag.String("only", "", "the groups to measure, by commas; all where not given: "+strings.Join(groupNames(), ", "))
	file := flag.String("json", "", "the `file` that what was measured is saved in, and that -report reads; without -only, "+savedResults+" where not given")
	report := flag.Bool("report", false, "measure nothing: make docs/results.md and docs/images of the file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(*only)
	if err != nil || *rounds < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *file == "" && (*only == "" || *report) {
		*file = savedResults
	}
	if *report {
		err = writeReport(*file, "docs")
	} else {
		err = run(ctx, os.Stdout, *rounds, chosen, *file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is what all measurements share.
type bench struct {
	out    io.Writer
	rounds int
	dir    string // of this run
	built  programs
	server *lab.MariaDB
	// accounts are there once some group has asked for them.
	accounts *accounts

	group    string // that is being measured
	sequence int    // of databases that were made
	changed  int    // starts and stops of the accounts with one instance
	results  results
}

// groups are the parts of a run, in their order.
var groups = []struct {
	name    string
	measure func(*bench, context.Context) error
}{
	{"process", (*bench).bare}, {"stop", (*bench).stop}, {"tick", (*bench).tick}, {"cgi", (*bench).apache}, {"fcgid", (*bench).fcgid},
	{"size", (*bench).size}, {"disk", (*bench).disk}, {"calls", (*bench).calls}, {"growth", (*bench).growth}, {"server", (*bench).realMode},
}

func groupNames() (names []string) {
	for _, g := range groups {
		names = append(names, g.name)
	}
	return names
}

// choose reads the value of -only.
func choose(only string) (chosen []string, err error) {
	if only == "" {
		return groupNames(), nil
	}
	for name := range strings.SplitSeq(only, ",") {
		if !slices.Contains(groupNames(), name) {
			return nil, fmt.Errorf("there is no group %q", name)
		}
		chosen = append(chosen, name)
	}
	return chosen, nil
}

func run(ctx context.Context, out io.Writer, rounds int, chosen []string, file string) (err error) {
	dir, err := os.MkdirTemp("", "vpm-bench-")
	if err != nil {
		return fmt.Errorf("cannot make a directory to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // web servers run as other users
		return fmt.Errorf("cannot make a directory to work in: %w", err)
	}
	b := &bench{out: out, rounds: rounds, dir: dir}
	if b.built, err = build(ctx, dir); err != nil {
		return err
	}
	if b.server, err = lab.StartMariaDB(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.Stop()) }()
	if err := b.printHead(); err != nil {
		return err
	}
	for _, g := range groups {
		if !slices.Contains(chosen, g.name) {
			continue
		}
		b.group = g.name
		if err := g.measure(b, ctx); err != nil {
			return fmt.Errorf("cannot measure %s: %w", g.name, err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("cannot go on: %w", err)
		}
	}
	missed, met := b.results.missed()
	fmt.Fprintf(out, "\n%d goals met, %d missed.\n", met, len(missed))
	for _, name := range missed {
		fmt.Fprintln(out, " ", name)
	}
	if file == "" {
		return nil
	}
	return b.results.save(file)
}

func (b *bench) printHead() (err error) {
	b.results.Rounds = b.rounds
	if b.results.Machine, err = describe(b.server); err != nil {
		return err
	}
	for _, line := range b.results.Machine.lines() {
		fmt.Fprintln(b.out, line)
	}
	_, err = fmt.Fprintf(b.out, "%d rounds (-n). Times in ms.\n"+
		"Ratios are the median of the rounds, with the least and the greatest; a goal is met when the median meets it.\n", b.rounds)
	return err
}
