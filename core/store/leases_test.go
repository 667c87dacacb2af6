package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLease(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for i, c := range []struct {
			name, owner string
			now, until  int // in seconds
			want        bool
		}{
			{"tick", "ann", 0, 10, true},
			{"tick", "bob", 1, 11, false},
			{"mail", "bob", 1, 11, true},
			{"tick", "ann", 2, 12, true},
			{"tick", "ann", 2, 12, true},  // changes nothing
			{"tick", "ANN", 3, 13, false}, // is another owner
			{"tick", "bob", 11, 21, false},
			{"tick", "bob", 12, 22, true}, // has run out
			{"tick", "ann", 13, 23, false},
			{"tick", "bob", 30, 40, true}, // its own, run out
			{"tick", "bob", 30, 31, true}, // shortened
			{"tick", "ann", 31, 32, true},
		} {
			got, err := db.Lease(t.Context(), c.name, c.owner, at.Add(time.Duration(c.now)*time.Second), at.Add(time.Duration(c.until)*time.Second))
			if err != nil || got != c.want {
				t.Errorf("%d: %+v gives %v, %v", i, c, got, err)
			}
		}
		// The clock is set back by a day while bob, who is killed, has it.
		day := 24 * time.Hour
		if got, err := db.Lease(t.Context(), "clock", "bob", at.Add(day), at.Add(day+time.Minute)); err != nil || !got {
			t.Errorf("a new lease: %v, %v", got, err)
		}
		if got, err := db.Lease(t.Context(), "clock", "ann", at, at.Add(time.Minute)); err != nil || !got {
			t.Errorf("a lease that ends in a day, after the clock was set back: %v, %v", got, err)
		}
		if got, err := db.Lease(t.Context(), "clock", "bob", at.Add(-2*time.Minute), at.Add(-time.Minute-time.Second)); err != nil || !got {
			t.Errorf("a lease of a clock that was set back by two minutes: %v, %v", got, err)
		}
		must(t, db.Release(t.Context(), "tick", "bob")) // who has it no longer
		wantValue(t, db, "ann", `SELECT owner FROM vpm_leases WHERE name = 'tick'`)
		must(t, db.Release(t.Context(), "tick", "ann"))
		must(t, db.Release(t.Context(), "tick", "ann"))
		if got, err := db.Lease(t.Context(), "tick", "carl", at, at.Add(time.Second)); err != nil || !got {
			t.Errorf("a lease that was given back: %v, %v", got, err)
		}
	})
}

func init() {
	// Each turn reads a number and writes the next one, in two statements that only the lease keeps together.
	roles["lease"] = func(ctx context.Context, o Options, hello func()) error {
		db, err := Open(o)
		if err != nil {
			return err
		}
		owner := fmt.Sprint("process ", os.Getpid())
		hello()
		for turns := 0; turns < 10; {
			got, err := db.Lease(ctx, "turn", owner, at, at.Add(time.Hour))
			if err != nil {
				return err
			}
			if !got {
				continue
			}
			var n int
			if err := db.sql.QueryRowContext(ctx, `SELECT n FROM counter`).Scan(&n); err != nil {
				return err
			}
			if _, err := db.exec(ctx, `UPDATE counter SET n = ?`, n+1); err != nil {
				return err
			}
			if err := db.Release(ctx, "turn", owner); err != nil {
				return err
			}
			turns++
		}
		return nil
	}
}

func TestOneProcessHasALease(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		execute(t, db, `CREATE TABLE counter (n INT)`)
		execute(t, db, `INSERT INTO counter VALUES (0)`)
		race(t, 4, "lease", o)
		wantValue(t, db, "40", `SELECT n FROM counter`)
	})
}

// TestOneOfManyGetsALease that nobody had, or that has run out.
func TestOneOfManyGetsALease(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		const n = 12
		db := ready(t, o)
		var all []*DB
		for range n {
			all = append(all, open(t, o))
		}
		for round := range 3 {
			now := at.Add(time.Duration(round) * time.Minute)
			winners := make(chan string, n)
			for i, own := range all {
				go func() {
					got, err := own.Lease(t.Context(), "tick", fmt.Sprint("owner ", i), now, now.Add(time.Minute))
					switch {
					case err != nil:
						winners <- err.Error()
					case got:
						winners <- fmt.Sprint("owner ", i)
					default:
						winners <- ""
					}
				}()
			}
			var won []string
			for range n {
				if w := <-winners; w != "" {
					won = append(won, w)
				}
			}
			wantValue(t, db, strings.Join(won, ", "), `SELECT owner FROM vpm_leases`)
		}
	})
}
