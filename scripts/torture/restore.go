package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"time"
)

// judgeRestore makes a backup, changes some instances, and puts the backup back while whatever does that is killed. What the
// panel has then is all of one state or all of the other, as was answered, and the sites come to be what it has.
func (r *round) judgeRestore(ctx context.Context) error {
	rng := rng(r.seed, r.database, r.n, 1<<24)
	c, way := r.calmClient(), ways[rng.IntN(len(ways))]
	if err := r.catchUp(ctx); err != nil { // with what a tick has done since
		return err
	}
	file := r.backup(ctx, c)
	before, people := r.remember(), r.people.held()
	r.changeSome(ctx, c, rng)
	if err := r.catchUp(ctx); err != nil {
		return err
	}
	after := r.remember()

	a := r.restoreAmidKills(ctx, c, rng, way, file)
	k, err := r.read(ctx)
	if err != nil {
		return err
	}
	switch old, new := r.differ(before, k), r.differ(after, k); {
	case old != "" && new != "":
		r.violate(nil, "after a restore (%s) the panel has neither the one state (%s) nor the other (%s)", a, old, new)
	case old != "" && a.outcome() == succeeded:
		r.violate(nil, "a restore is answered %s, and nothing is as it was: %s", a, old)
	case new != "" && a.outcome() == refused:
		r.violate(nil, "a restore is answered %s, and the panel is as it was: %s", a, new)
	case old == "":
		r.count("restores")
		r.people.goBack(people)
		for in, t := range before {
			in.told = t
		}
	}
	for _, wrong := range r.people.compare(k.people) {
		r.violate(nil, "after a restore, %s", wrong)
	}
	if !r.logInAnew(ctx) {
		return fmt.Errorf("nobody can log in after a restore")
	}
	for _, in := range r.instances {
		in.forget()
	}
	r.complete(ctx)
	r.putRight(ctx, c)
	if k, err = r.read(ctx); err != nil {
		return err
	}
	r.stopped = 0
	r.eachInstance(func(c *client, in *instance, way string) { r.judgeOne(ctx, c, in, way, k) })
	return nil
}

// catchUp takes in the events since the last look.
func (r *round) catchUp(ctx context.Context) error {
	k, err := r.read(ctx)
	if err != nil {
		return err
	}
	for _, in := range r.instances {
		for _, e := range k.events[in.id] {
			if e.id <= in.told.last {
				continue
			}
			if wrong := in.tell(e, r.latest()); wrong != "" {
				r.violate(in, "%s", wrong)
			}
		}
	}
	return nil
}

// backup makes one and gives the name of its file. Two within a second of the clock would have the same.
func (r *round) backup(ctx context.Context, c *client) (file string) {
	var a answer
	if !over(ctx, 10*time.Second, func() bool {
		a = c.do(ctx, call{method: "POST", path: "/backup.php", body: map[string]any{}}, ways[0])
		return a.status != 409
	}) || a.status != 200 {
		r.violate(nil, "a backup in the calm is answered %s", a)
	}
	return filepath.Base(a.text("file"))
}

// remember gives what is known of every instance.
func (r *round) remember() map[*instance]told {
	all := map[*instance]told{}
	for _, in := range r.instances {
		all[in] = in.told
	}
	return all
}

// changeSome changes some instances, and nothing befalls that.
func (r *round) changeSome(ctx context.Context, c *client, rng *rand.Rand) {
	t := &turns{client: c, round: r, rng: rng, name: fmt.Sprintf("r%d before a restore", r.n)}
	for _, i := range rng.Perm(len(r.instances))[:min(6, len(r.instances))] {
		in := r.instances[i]
		t.n++
		if !in.told.exists {
			t.counted(ctx, in, "create", in.create())
		} else if action := map[bool]string{true: "start", false: "stop"}[in.told.stopped]; t.change(ctx, in, action, nil).status != 200 {
			r.violate(in, "%s before a restore fails", action)
		}
		t.n++
		t.update(ctx, in)
	}
	t.person(ctx, nil)
}

// restoreAmidKills puts a backup back, and kills at a random moment what may be doing it.
func (r *round) restoreAmidKills(ctx context.Context, c *client, rng *rand.Rand, way, file string) answer {
	ended := make(chan answer, 1)
	go func() {
		ended <- c.do(ctx, call{method: "POST", path: "/restore.php", body: map[string]any{"file": file, "replace": true}}, way)
	}()
	if r.calm || rng.IntN(4) == 0 {
		return <-ended
	}
	var a answer
	select {
	case a = <-ended:
		return a
	case <-time.After(time.Duration(rng.IntN(400)) * time.Millisecond):
	}
	if r.mariadb != nil && rng.IntN(3) == 0 {
		r.count("databases killed in a restore")
		if err := killDatabase(r.world, r, rng); err != nil {
			r.violate(nil, "cannot start the database: %v", err)
		}
		return <-ended
	}
	r.count("programs killed in a restore")
	if way == "/server/api" {
		if err := killServer(r.world, r, rng); err != nil {
			r.violate(nil, "cannot start the server: %v", err)
		}
	}
	for _, pid := range r.programs("/api/vpm.cgi") {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	a = <-ended
	over(ctx, endOfPrograms, func() bool { return len(r.programs("/cgi/api/vpm.cgi")) == 0 })
	return a
}

// differ tells what of the rows is not as was known of the instances at a time; "" nothing.
func (r *round) differ(known map[*instance]told, k kept) string {
	for _, in := range r.instances {
		has, there := k.rows[in.id]
		if wrong := known[in].compare(has, there); wrong != "" {
			return in.id + ": " + wrong
		}
		last := int64(0)
		for _, e := range k.events[in.id] {
			last = max(last, e.id)
		}
		if last != known[in].last {
			return fmt.Sprintf("%s: its last event is %d and should be %d", in.id, last, known[in].last)
		}
	}
	return ""
}
