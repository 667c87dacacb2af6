package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/virtual"
)

func TestChangeWritesRowsAndEvent(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		state := func() string {
			t.Helper()
			r, err := db.Record(t.Context(), "one")
			must(t, err)
			return fmt.Sprint(r.Instance.Status, " ", r.Run.VirtualPID, " ", r.Run.Status, " ended:", r.Run.StoppedAt != "")
		}
		for _, step := range []struct {
			decide func(core.Record) (core.Change, error)
			want   string
		}{
			{stop, "inactive v-one stopped ended:true"},
			{start("v2"), "active v2 running ended:false"},
			{kind(core.ChangeNothing, "nothing"), "active v2 running ended:false"},
			{start("v3"), "active v3 running ended:false"},
		} {
			must(t, db.ChangeInstance(t.Context(), "one", step.decide))
			if got := state(); got != step.want {
				t.Errorf("the instance is %q; want %q", got, step.want)
			}
		}
		wantValue(t, db, "create stop start start", historyOf(db), "one")
		wantValue(t, db, fmt.Sprint(at.UnixMicro(), " 7 ann 192.0.2.1 because ok v3"), concat(db, "occurred_at", "actor_id", "actor", "address", "reason", "result", "pid")+
			` FROM vpm_events WHERE instance_id = ? ORDER BY id DESC LIMIT 1`, "one")
	})
}

// TestRunEndsAfterItBegan, though the clock was set back in it.
func TestRunEndsAfterItBegan(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		execute(t, db, `UPDATE virtual_processes SET started_at = '2037-01-01 00:00:00'`)
		must(t, db.ChangeInstance(t.Context(), "one", stop))
		r, err := db.Record(t.Context(), "one")
		if err != nil || r.Run.StoppedAt != r.Run.StartedAt {
			t.Errorf("a run from %s ended at %s, %v", r.Run.StartedAt, r.Run.StoppedAt, err)
		}
	})
}

// historyOf is a query for the actions of an instance, oldest first.
func historyOf(db *DB) string {
	if db.name == "mysql" {
		return `SELECT GROUP_CONCAT(action ORDER BY id SEPARATOR ' ') FROM vpm_events WHERE instance_id = ?`
	}
	return `SELECT group_concat(action, ' ' ORDER BY id) FROM vpm_events WHERE instance_id = ?`
}

func concat(db *DB, columns ...string) string {
	if db.name == "mysql" {
		return "SELECT CONCAT(" + strings.Join(columns, ", ' ', ") + ")"
	}
	return "SELECT " + strings.Join(columns, " || ' ' || ")
}

func TestRefusedChangeLeavesNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		before, err := db.Record(t.Context(), "one")
		must(t, err)
		refusal := errors.New("no")
		err = db.ChangeInstance(t.Context(), "one", func(core.Record) (core.Change, error) { return core.Change{Kind: core.ChangeStop}, refusal })
		if !errors.Is(err, refusal) {
			t.Errorf("the error is %v; want the one of decide", err)
		}
		// The event cannot be stored, so neither may the rows be.
		execute(t, db, `ALTER TABLE vpm_events RENAME TO vpm_events_away`)
		wantCode(t, db.ChangeInstance(t.Context(), "one", stop), core.CodeUnavailable)
		wantCode(t, db.ChangeInstance(t.Context(), "one", forget), core.CodeUnavailable)
		execute(t, db, `ALTER TABLE vpm_events_away RENAME TO vpm_events`)
		after, err := db.Record(t.Context(), "one")
		must(t, err)
		if fmt.Sprint(before.Run, before.Instance.Status) != fmt.Sprint(after.Run, after.Instance.Status) {
			t.Errorf("was %+v %s, is %+v %s", before.Run, before.Instance.Status, after.Run, after.Instance.Status)
		}
		wantValue(t, db, "create", historyOf(db), "one")
		wantCode(t, db.ChangeInstance(t.Context(), "none", stop), core.CodeNotFound)
	})
}

func TestInstanceWithoutRunRow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		execute(t, db, `DELETE FROM virtual_processes`)
		r, err := db.Record(t.Context(), "one")
		must(t, err)
		if r.Run != (core.Run{}) {
			t.Errorf("the run is %+v; want none", r.Run)
		}
		must(t, db.ChangeInstance(t.Context(), "one", stop))
		wantValue(t, db, "inactive", `SELECT status FROM instances`)
		must(t, db.ChangeInstance(t.Context(), "one", start("v9")))
		wantValue(t, db, "v9", `SELECT virtual_pid FROM virtual_processes WHERE status = 'running'`)
		must(t, db.ChangeInstance(t.Context(), "one", start("v10")))
		wantValue(t, db, "v10", `SELECT virtual_pid FROM virtual_processes WHERE status = 'running'`)
	})
}

// TestInstanceWithoutGateRow is one that another program created: its first change, whatever it is, makes the row, once.
func TestInstanceWithoutGateRow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for _, id := range []string{"one", "two"} {
			create(t, db, id)
		}
		execute(t, db, `DELETE FROM vpm_gates`)
		r, err := db.Record(t.Context(), "one")
		must(t, err)
		if r.Gate != (core.Gate{}) {
			t.Errorf("the gate is %+v; want none", r.Gate)
		}
		wanted := func(change core.ChangeKind, stop core.Stop) func(core.Record) (core.Change, error) {
			return func(core.Record) (core.Change, error) {
				return core.Change{Kind: change, Stop: stop, Event: event("one", core.ActionStop, "")}, nil
			}
		}
		must(t, db.ChangeInstance(t.Context(), "one", wanted(core.ChangeStop, core.Stop{Reason: "works", IncludeNested: true})))
		r, err = db.Record(t.Context(), "one")
		if err != nil || !r.Stopped() || r.Gate.Generation != 1 || !r.Gate.Pending() || r.Gate.Reason != "works" || !r.Gate.IncludeNested {
			t.Errorf("after its first stop it is %+v, %v", r, err)
		}
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_gates`)
		must(t, db.addGate(t.Context(), r.Instance.ID)) // another process was first
		wantValue(t, db, "1", `SELECT generation FROM vpm_gates`)
		refused := errors.New("it is refused")
		if err := db.ChangeInstance(t.Context(), "two", func(core.Record) (core.Change, error) { return core.Change{}, refused }); !errors.Is(err, refused) {
			t.Errorf("a refused first change: %v", err)
		}
		must(t, db.ChangeInstance(t.Context(), "two", kind(core.ChangeDelete, core.ActionDelete)))
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_gates`)
	})
}

func TestDeleteForgetsAllButEvents(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		for _, id := range []string{"one", "two"} {
			must(t, db.SaveUsage(t.Context(), id, core.Usage{MeasuredAt: at}))
		}
		must(t, db.ChangeInstance(t.Context(), "one", forget))
		_, err := db.Record(t.Context(), "one")
		wantCode(t, err, core.CodeNotFound)
		wantValue(t, db, "create delete", historyOf(db), "one")
		for _, table := range []string{"instances", "virtual_processes", "vpm_usage"} {
			wantValue(t, db, "1", `SELECT COUNT(*) FROM `+table)
		}
		must(t, db.SaveUsage(t.Context(), "one", core.Usage{MeasuredAt: at})) // measured while it was forgotten
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_usage`)
		create(t, db, "one")
		r, err := db.Record(t.Context(), "one")
		must(t, err)
		if !r.Usage.MeasuredAt.IsZero() {
			t.Error("a new instance has the measurement of an old one")
		}
	})
}

func TestCreateRefusesTakenID(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		err := db.CreateInstance(t.Context(), core.Instance{InstanceID: "ONE", Name: "n", CMSType: "native", Status: core.StatusActive},
			core.Run{VirtualPID: "v2"}, event("ONE", core.ActionCreate, "v2"))
		wantCode(t, err, core.CodeConflict)
		wantValue(t, db, "v-one", `SELECT virtual_pid FROM virtual_processes`)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_events`)
	})
}

// held runs take, which is to call inside once it has its lock, and gives a function that lets it go on.
func held(t *testing.T, take func(inside func()) error) (release func()) {
	t.Helper()
	locked, let, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- take(func() {
			close(locked)
			<-let
		})
	}()
	select {
	case <-locked:
	case err := <-ended:
		t.Fatal("the lock was not taken: ", err)
	}
	return func() {
		t.Helper()
		close(let)
		must(t, <-ended)
	}
}

func heldChange(t *testing.T, o Options, id string) (release func()) {
	t.Helper()
	db := open(t, o)
	return held(t, func(inside func()) error {
		return db.ChangeInstance(context.Background(), id, func(r core.Record) (core.Change, error) {
			inside()
			return stop(r)
		})
	})
}

func heldSetUp(t *testing.T, o Options) (release func()) {
	t.Helper()
	db := open(t, o)
	return held(t, func(inside func()) error {
		return db.exclusively(context.Background(), db.sql, func(execer) error {
			inside()
			return nil
		})
	})
}

// TestWaitsEndAfterFiveSeconds with "busy", in every kind of wait there is, all at the same time.
func TestWaitsEndAfterFiveSeconds(t *testing.T) {
	t.Parallel()
	type outcome struct {
		what   string
		err    error
		waited time.Duration
	}
	outcomes := make(chan outcome)
	wait := func(what string, f func() error) {
		const tries = 5 // what takes too long, does so each time; a machine that is busy with something else, now and then
		for try := 1; ; try++ {
			began := time.Now()
			err := f()
			if waited := time.Since(began); waited <= 9*time.Second || try == tries {
				outcomes <- outcome{what, err, waited}
				return
			}
		}
	}
	var goOn []func()
	for kind, empty := range map[string]func(testing.TB) Options{"mariadb": emptyMariaDB, "sqlite": emptySQLite} {
		o, fresh := empty(t), empty(t)
		db, late := ready(t, o), open(t, fresh)
		create(t, db, "one")
		release, releaseSetUp := heldChange(t, o, "one"), heldSetUp(t, fresh)
		if _, err := db.Record(t.Context(), "one"); err != nil {
			t.Error("a change keeps others from reading: ", err)
		}
		change := func() error { return db.ChangeInstance(t.Context(), "one", start("v2")) }
		setUp := func() error { _, err := late.Migrate(t.Context()); return err }
		go wait(kind+", change", change)
		go wait(kind+", set-up", setUp)
		goOn = append(goOn, func() {
			release()
			releaseSetUp()
			must(t, change())
			must(t, setUp())
			wantValue(t, db, "create stop start", historyOf(db), "one")
		})
	}
	for range 2 * len(goOn) {
		o := <-outcomes
		wantCode(t, o.err, core.CodeBusy)
		if o.waited < 4*time.Second || o.waited > 9*time.Second {
			t.Errorf("%s: it waited %s; want about 5 s", o.what, o.waited)
		}
	}
	for _, f := range goOn {
		f()
	}
}

func TestChangesOfTwoInstancesDoNotWaitInMySQL(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	db := ready(t, o)
	create(t, db, "one")
	create(t, db, "two")
	release := heldChange(t, o, "one")
	must(t, db.ChangeInstance(t.Context(), "two", stop))
	release()
}

// rowsOnly is the virtual runtime without files: what is stored is the matter here.
type rowsOnly struct{ virtual.Runtime }

func (*rowsOnly) Lock(ctx context.Context, _ core.Record) (context.Context, func() error, error) {
	return ctx, func() error { return nil }, nil
}

func (*rowsOnly) Settle(_ context.Context, r core.Record) (core.Settled, error) {
	return core.Settled{Record: r, Evidence: core.Evidence{Observed: r.Wanted(time.Now()), How: core.HowGate, At: time.Now()}}, nil
}

func (*rowsOnly) Observe(_ context.Context, r core.Record) core.Evidence {
	return core.Evidence{Observed: r.Wanted(time.Now()), How: core.HowGate, At: time.Now()}
}

func init() {
	roles["change"] = func(ctx context.Context, o Options, hello func()) error {
		db, err := Open(o)
		if err != nil {
			return err
		}
		m := &core.Manager{Store: db, Runtime: &rowsOnly{virtual.Runtime{Now: time.Now}}, Now: time.Now}
		hello()
		for range 8 {
			name, act := "start", m.Start
			stop := func(ctx context.Context, by core.Actor, id, _ string) (core.Result, error) {
				return m.Stop(ctx, by, id, core.Stop{})
			}
			switch rand.IntN(3) {
			case 1:
				name, act = "stop", stop
			case 2:
				name, act = "restart", m.Restart
			}
			res, err := act(ctx, core.Actor{Name: "child"}, "one", "")
			if err != nil {
				return err
			}
			if res.Changed {
				fmt.Println(strings.TrimSpace(name + " " + res.Process.PID.Virtual))
			}
		}
		return nil
	}
	roles["die"] = func(ctx context.Context, o Options, hello func()) error {
		db, err := Open(o)
		if err != nil {
			return err
		}
		return db.ChangeInstance(ctx, "one", func(core.Record) (core.Change, error) {
			hello()
			return core.Change{}, errors.New("nobody killed it")
		})
	}
}

// TestProcessesTakeTurns has many processes change one instance at once: the events must tell one story, in
// which each start follows a stop, that ends in what is stored.
func TestProcessesTakeTurns(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		var reported []string
		for _, output := range race(t, 5, "change", o) {
			reported = append(reported, strings.FieldsFunc(output, func(r rune) bool { return r == '\n' })...)
		}
		rows, err := db.sql.QueryContext(t.Context(), `SELECT action, pid FROM vpm_events WHERE action <> 'create' ORDER BY id`)
		must(t, err)
		defer rows.Close()
		running, pid := true, "v-one"
		pids := map[string]bool{pid: true}
		var told []string
		for rows.Next() {
			var action, p string
			must(t, rows.Scan(&action, &p))
			switch {
			case action == "stop":
				if !running || p != pid {
					t.Errorf("event %d stops %s; running %v as %s", len(told), p, running, pid)
				}
				running = false
				told = append(told, "stop")
				continue
			case action == "start" && running:
				t.Errorf("event %d starts a running instance", len(told))
			case pids[p]:
				t.Errorf("PID %s was given twice", p)
			}
			running, pid, pids[p] = true, p, true
			told = append(told, action+" "+p)
		}
		must(t, rows.Err())
		slices.Sort(told)
		slices.Sort(reported)
		if !slices.Equal(told, reported) {
			t.Errorf("the events tell of %d changes, the processes of %d:\n%q\n%q", len(told), len(reported), told, reported)
		}
		r, err := db.Record(t.Context(), "one")
		must(t, err)
		if r.Running() != running || r.Stopped() == running || r.Run.VirtualPID != pid {
			t.Errorf("the events end in running %v as %s; stored is %+v, %s", running, pid, r.Run, r.Instance.Status)
		}
	})
}

func TestKilledProcessLeavesNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		c := startChild(t, "die", o)
		c.line()
		must(t, c.cmd.Process.Kill())
		c.cmd.Wait()
		must(t, db.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
			if !r.Running() || r.Run.VirtualPID != "v-one" {
				t.Errorf("the killed process left %+v", r.Run)
			}
			return core.Change{}, nil
		}))
		wantValue(t, db, "create", historyOf(db), "one")
	})
}

// TestDeadlockIsTriedAgain has another program take the locks of a change in the opposite order.
func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	db := ready(t, o)
	create(t, db, "one")
	other, err := open(t, o).sql.BeginTx(t.Context(), nil)
	must(t, err)
	defer other.Rollback()
	for i := range 100 { // the server ends the transaction that has done less
		_, err := other.Exec(`INSERT INTO vpm_usage (instance_row, memory, disk_usage, database_size, queries, evidence, measured_at) VALUES (?, 0, 0, 0, 0, '{}', 0)`, 1000+i)
		must(t, err)
	}
	_, err = other.Exec(`SELECT * FROM vpm_events FOR UPDATE`) // and so keeps events from being added
	must(t, err)
	ended := make(chan error, 1)
	calls := 0
	must(t, db.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
		if calls++; calls == 1 {
			go func() {
				_, err := other.Exec(`SELECT * FROM instances FOR UPDATE`)
				ended <- errors.Join(err, other.Commit())
			}()
		}
		return stop(r)
	}))
	must(t, <-ended)
	if calls != 2 {
		t.Errorf("decide was called %d times; want 2", calls)
	}
	wantValue(t, db, "create stop", historyOf(db), "one")
}

// TestFirstStartsAtOnce has many instances get their first run together, whose locks overlap in MySQL.
func TestFirstStartsAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		const n = 8
		db := ready(t, o)
		for i := range n {
			create(t, db, fmt.Sprint("site-", i))
		}
		execute(t, db, `DELETE FROM virtual_processes`)
		ended := make(chan error, n)
		for i := range n {
			own := open(t, o)
			go func() { ended <- own.ChangeInstance(t.Context(), fmt.Sprint("site-", i), start(fmt.Sprint("v", i))) }()
		}
		for range n {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		wantValue(t, db, fmt.Sprint(n), `SELECT COUNT(*) FROM virtual_processes WHERE status = 'running'`)
	})
}
