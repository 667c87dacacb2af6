// Command torture maltreats a whole vpm, on real servers, and looks after each round whether anything was lost: many
// clients make every kind of call on many instances by all three ways that programs are run (CGI, mod_fcgid, the FastCGI
// server) while processes and servers are killed, the disk is full or read-only, the clock jumps, clients dawdle, and
// the .htaccess files are edited underneath. It needs root and what scripts/setup installs.
//
// The same seed gives each client and each trouble the same choices in the same order; what meets what is up to the
// machine. A violation is printed with the seed, the round and the history of the instance; the evidence is kept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// settings are what a run is made of.
type settings struct {
	seed      uint64
	duration  time.Duration // of all, shared by the databases
	round     time.Duration // of one round, without the calm after it
	instances int
	clients   int
	databases []string // sqlite, mariadb
	evidence  string   // directory that evidence goes into
	calm      bool     // clients alone act, nothing befalls them
	race      bool     // programs with the race detector
}

// inside names the process that has a mount namespace of its own.
const inside = "VPM_TORTURE_INSIDE"

func main() {
	s := settings{}
	flag.Uint64Var(&s.seed, "seed", 0, "what all choices are drawn from; 0: a new one")
	flag.DurationVar(&s.duration, "duration", 10*time.Minute, "how long, at least a round on each database")
	flag.DurationVar(&s.round, "round", 20*time.Second, "how long a round lasts before the calm")
	flag.IntVar(&s.instances, "instances", 100, "instances")
	flag.IntVar(&s.clients, "clients", 50, "clients at once")
	databases := flag.String("databases", "sqlite,mariadb", "what the panel keeps its state in, in turn")
	flag.StringVar(&s.evidence, "evidence", os.TempDir(), "`directory` that evidence of a violation is kept in")
	flag.BoolVar(&s.calm, "calm", false, "have clients alone act: nothing is killed, full or read-only, and no clock jumps")
	flag.BoolVar(&s.race, "race", false, "build vpm with the race detector, and take what it reports for a violation")
	flag.Parse()
	s.databases = strings.Split(*databases, ",")
	if s.seed == 0 {
		s.seed = rand.Uint64N(1_000_000)
	}
	if flag.NArg() > 0 || s.instances < 1 || s.clients < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if os.Getenv(inside) == "" {
		os.Exit(apart(s.seed))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, s); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// apart runs this program again with mounts of its own, which nobody else sees and which end with it.
func apart(seed uint64) int {
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 1
	}
	cmd := exec.Command(program, append([]string{fmt.Sprintf("-seed=%d", seed)}, withoutSeed(os.Args[1:])...)...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Setpgid: true}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "torture: cannot have mounts of its own (it needs root):", err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	if err := cmd.Wait(); err != nil {
		return 1
	}
	return 0
}

// withoutSeed drops -seed 0, which the child must not draw anew.
func withoutSeed(args []string) (rest []string) {
	for i := 0; i < len(args); i++ {
		name, _, whole := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if name != "seed" {
			rest = append(rest, args[i])
		} else if !whole {
			i++
		}
	}
	return rest
}

// run tortures each database in turn.
func run(ctx context.Context, out io.Writer, s settings) (err error) {
	// Before anything is mounted: nothing of it is to be seen outside.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cannot keep mounts to ourselves: %w", err)
	}
	dir, err := os.MkdirTemp("", "vpm-torture-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	built, err := build(ctx, dir, !s.calm, s.race)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "TORTURE_SEED=%d: %d clients, %d instances, rounds of %s, %s on %s\n",
		s.seed, s.clients, s.instances, s.round, s.duration, strings.Join(s.databases, " and "))
	sum := &summary{}
	for _, database := range s.databases {
		if err := torture(ctx, out, s, built, database, s.duration/time.Duration(len(s.databases)), sum); err != nil {
			return err
		}
	}
	sum.print(out, s)
	return nil
}

// torture is all rounds on one database.
func torture(ctx context.Context, out io.Writer, s settings, built programs, database string, limit time.Duration, sum *summary) (err error) {
	w, err := newWorld(ctx, s, built, database)
	if err != nil {
		return fmt.Errorf("cannot set up on %s: %w", database, err)
	}
	defer func() { err = errors.Join(err, w.end()) }()
	end := time.Now().Add(limit)
	for n := 1; (n == 1 || time.Now().Before(end)) && ctx.Err() == nil; n++ {
		r := newRound(w, n)
		if err := r.play(ctx); err != nil {
			return fmt.Errorf("round %d of seed %d on %s: %w\n%s", n, s.seed, database, err, w.keepEvidence(s.evidence, nil))
		}
		if violations := r.judge(ctx); len(violations) > 0 {
			return r.report(violations)
		}
		sum.add(r)
		fmt.Fprintln(out, r.line())
	}
	return nil
}
