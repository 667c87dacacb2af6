// Command bench measures vpm's speed and size on this machine and prints one table: each figure beside its goal.
// Machines drift, so goals are ratios to yardsticks that are measured in turn with vpm, round by round. It needs
// root and what scripts/setup installs. A missed goal is reported, not a failure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"vpm/scripts/lab"
)

func main() {
	rounds := flag.Int("n", 15, "rounds of each measurement; more take longer and spread less")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *rounds < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(ctx, os.Stdout, *rounds); err != nil {
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
	// accounts are there once bare has run.
	accounts accounts
}

func run(ctx context.Context, out io.Writer, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "vpm-bench-")
	if err != nil {
		return fmt.Errorf("cannot make a directory to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
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
	for _, section := range []func(context.Context) error{b.bare, b.stop, b.tick, b.apache, b.fcgid, b.size, b.disk, b.realMode} {
		if err := section(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("cannot go on: %w", err)
		}
	}
	return nil
}

func (b *bench) printHead() error {
	version, err := b.server.Exec("SELECT VERSION()")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.out, "%s, %s/%s, %d CPUs, MariaDB %s, %d rounds (-n). Times in ms.\n"+
		"Ratios are the median of the rounds, with the least and the greatest; a goal is met when the median meets it.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), version, b.rounds)
	return err
}
