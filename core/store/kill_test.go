package store

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vpm/core"
	"vpm/scripts/lab"
)

// mortal builds this test program so that it dies at the point FAULT_AT names (see core/fault).
var mortal = sync.OnceValues(func() (string, error) {
	program := filepath.Join(scratch, "mortal")
	return program, lab.BuildTest(program, ".", "-tags=faults")
})

// killedEverywhere has prepare make a database and a child play a role on it that dies at its first point, then at its
// second, and so on. After each death check looks at what it left. The points in want must be among those.
func killedEverywhere(t *testing.T, role string, want []string, prepare func(t *testing.T) Options, check func(t *testing.T, db *DB)) {
	t.Helper()
	program, err := mortal()
	must(t, err)
	left := map[string]bool{}
	for n := 1; ; n++ {
		o := prepare(t)
		c := startProgram(t, program, role, o, nil, fmt.Sprint("FAULT_AT=", n))
		c.in.Close()
		err := c.cmd.Wait()
		exit, _ := errors.AsType[*exec.ExitError](err)
		killed := exit != nil && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if err != nil && !killed {
			t.Fatalf("point %d: the child failed: %v: %s", n, err, c.err.String())
		}
		points := strings.Split(strings.TrimSpace(c.err.String()), "\n")
		point := strings.TrimPrefix(points[len(points)-1], "fault: ")
		db := open(t, o)
		if check(t, db); t.Failed() {
			t.Fatalf("that was a death at point %d, %q", n, point)
		}
		db.Close()
		if !killed {
			break
		}
		left[point] = true
	}
	for _, point := range want {
		if !left[point] {
			t.Errorf("no process was killed at the point %q", point)
		}
	}
}

// TestKilledUpgradeIsCompleted by the next one.
func TestKilledUpgradeIsCompleted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		prepare := func(t *testing.T) Options {
			fresh := emptySQLite
			if o.SQLite == "" {
				fresh = emptyMariaDB
			}
			o := fresh(t)
			version2(t, o).Close()
			return o
		}
		killedEverywhere(t, "migrate", []string{"column added", "table created", "version set"}, prepare, func(t *testing.T, db *DB) {
			_, err := db.Migrate(t.Context())
			must(t, err)
			wantUpgraded(t, db)
		})
	})
}

// victim opens a database for a role and reads its instance.
func victim(ctx context.Context, o Options) (*DB, core.Instance, error) {
	db, err := Open(o)
	if err != nil {
		return nil, core.Instance{}, err
	}
	r, err := db.Record(ctx, "one")
	return db, r.Instance, err
}

func init() {
	roles["tick"] = func(ctx context.Context, o Options, _ func()) error {
		db, in, err := victim(ctx, o)
		if err != nil {
			return err
		}
		s := tick(at.Add(time.Minute), 1, 1)
		return db.SaveWatch(ctx, in, core.Watch{SeenAt: at, Failures: 4}, &s, []core.Alert{alert("new")}, channels)
	}
	roles["thin"] = func(ctx context.Context, o Options, _ func()) error {
		db, _, err := victim(ctx, o)
		if err != nil {
			return err
		}
		_, err = db.ThinSamples(ctx, noon.AddDate(1, 0, 0))
		return err
	}
	roles["forget"] = func(ctx context.Context, o Options, _ func()) error {
		db, _, err := victim(ctx, o)
		if err != nil {
			return err
		}
		return db.ChangeInstance(ctx, "one", forget)
	}
}

// perInstance are the tables with rows of an instance.
var perInstance = []string{"virtual_processes", "vpm_gates", "vpm_usage", "vpm_watch", "vpm_samples", "vpm_walks", "vpm_deliveries", "instances"}

// prepared gives each child a database with one instance, filled by f.
func prepared(t *testing.T, o Options, f func(t *testing.T, db *DB, in core.Instance)) func(*testing.T) Options {
	t.Helper()
	db := ready(t, o)
	return func(t *testing.T) Options {
		t.Helper()
		for _, table := range perInstance {
			execute(t, db, "DELETE FROM "+table)
		}
		create(t, db, "one")
		f(t, db, instance(t, db, "one"))
		return o
	}
}

func filled(t *testing.T, db *DB, in core.Instance) {
	t.Helper()
	must(t, fillInstance(t.Context(), db, in))
}

func TestKilledTickLeavesAllOrNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		want := []string{"watch stored", "sample stored", "deliveries stored", "before the commit", "committed"}
		killedEverywhere(t, "tick", want, prepared(t, o, filled), func(t *testing.T, db *DB) {
			in := instance(t, db, "one")
			got := value(t, db, `SELECT failures FROM vpm_watch`) + ": " + ownRows(t, db, in)
			if got != "3: 1 1 1 1 1 2" && got != "4: 1 1 1 2 1 4" {
				t.Errorf("a tick left the rows %s", got)
			}
		})
	})
}

func TestKilledForgettingLeavesAllOrNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		killedEverywhere(t, "forget", []string{"rows of an instance deleted", "before the commit"}, prepared(t, o, filled), func(t *testing.T, db *DB) {
			var counts []string
			for _, table := range perInstance {
				counts = append(counts, value(t, db, "SELECT COUNT(*) FROM "+table))
			}
			if got := strings.Join(counts, " "); got != "0 0 0 0 0 0 0 0" && got != "1 1 1 1 1 1 2 1" {
				t.Errorf("of an instance there are the rows %s", got)
			}
		})
	})
}

func TestKilledThinningLosesNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		fill := func(t *testing.T, db *DB, in core.Instance) {
			fillSamples(t, db, in, noon, 10*time.Minute, 12)
		}
		want := []string{"samples read", "samples deleted", "samples put together", "before the commit", "committed"}
		killedEverywhere(t, "thin", want, prepared(t, o, fill), func(t *testing.T, db *DB) {
			wantValue(t, db, "12", `SELECT SUM(ticks) FROM vpm_samples`)
			_, err := db.ThinSamples(t.Context(), noon.AddDate(1, 0, 0))
			must(t, err)
			wantStored(t, db, instance(t, db, "one"), "00:00+24h0m0s 12 3/9 13 2.35ms max 4ms")
		})
	})
}
