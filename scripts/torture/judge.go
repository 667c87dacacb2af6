package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// How long the calm waits for what ends by itself: requests under way, and the lease of a tick that was killed.
const (
	endOfPrograms = 45 * time.Second
	endOfTicks    = 90 * time.Second
)

// judge waits for calm, and tells everything that is not as it has to be.
func (r *round) judge(ctx context.Context) []violation {
	calm := time.Now()
	r.settle(ctx)
	k, err := r.world.read(ctx)
	if err != nil {
		r.violate(nil, "cannot read the database: %v", err)
		return r.violations
	}
	for _, wrong := range append(k.wrong, r.people.compare(k.people)...) {
		r.violate(nil, "%s", wrong)
	}
	r.total = k.total
	r.eachInstance(func(c *client, in *instance, way string) { r.judgeOne(ctx, c, in, way, k) })
	r.judgeAccounts(ctx)
	if !r.calm {
		r.judgeClock(ctx)
	}
	if err := r.judgeRestore(ctx); err != nil {
		r.violate(nil, "cannot judge a restore: %v", err)
	}
	r.judgeLeftovers(ctx)
	r.calmed = time.Since(calm)
	return r.violations
}

// settle lets everything come to an end and has vpm put right what it has to.
func (r *round) settle(ctx context.Context) {
	if !over(ctx, endOfPrograms, func() bool { return len(r.programs("/cgi/api/vpm.cgi")) == 0 }) {
		r.violate(nil, "CGI programs still run %s after the last request: %v", endOfPrograms, r.programs("/cgi/api/vpm.cgi"))
	}
	if err := r.settleClock(ctx); err != nil {
		r.violate(nil, "cannot settle the clock: %v", err)
		return
	}
	if !r.logInAnew(ctx) {
		r.violate(nil, "nobody can log in after the trouble")
		return
	}
	c := r.calmClient()
	r.complete(ctx)
	r.backup(ctx, c) // it removes what is left of those that were killed
	r.putRight(ctx, c)
}

func (r *round) logInAnew(ctx context.Context) bool {
	return over(ctx, time.Minute, func() bool {
		old := r.tokens.get()
		r.tokens.renew(ctx, r.world, old)
		return r.tokens.get() != old
	})
}

// complete asks for the status of each instance: the request after a change that was cut off completes it.
func (r *round) complete(ctx context.Context) {
	r.eachInstance(func(c *client, in *instance, way string) {
		if a := c.do(ctx, call{method: "GET", path: "/instances/status.php?instance_id=" + in.id}, way); a.err != nil || a.status != 200 && a.status != 404 {
			r.violate(in, "status after the trouble is %s", a)
		} else if data, _ := os.ReadFile(in.file()); a.status == 404 && bytes.Contains(data, []byte("vpm gate 1 ")) {
			// An old gate was put back after vpm forgot the site. It is no business of vpm's until it knows the site again.
			t := &turns{client: c, round: r, rng: rng(r.seed, r.database, r.n, 1<<23), name: fmt.Sprintf("r%d calm of %s", r.n, in.id)}
			t.counted(ctx, in, "create", in.create())
		}
	})
}

// putRight has a tick put right what was edited, which it does once; what was put right lately it leaves to whoever decides.
func (r *round) putRight(ctx context.Context, c *client) {
	disputed := r.tick(ctx, c)
	for _, in := range r.instances {
		if !slices.Contains(disputed, in.id) {
			continue
		}
		t := &turns{client: c, round: r, rng: rng(r.seed, r.database, r.n, 1<<22), name: fmt.Sprintf("r%d calm of %s", r.n, in.id)}
		action := "start"
		if a := c.do(ctx, call{method: "GET", path: "/instances/status.php?instance_id=" + in.id}, ways[0]); a.text("wanted") == "stopped" {
			action = "stop"
		}
		if a := t.change(ctx, in, action, nil); a.status != 200 {
			r.violate(in, "%s in the calm is answered %s", action, a)
		}
	}
}

// tick runs ticks until one has seen every instance.
func (r *round) tick(ctx context.Context, c *client) (disputed []string) {
	var a answer
	if !over(ctx, endOfTicks, func() bool {
		a = c.do(ctx, call{method: "POST", path: "/tick.php", body: map[string]any{}}, ways[r.n%len(ways)])
		for _, name := range []string{"disputed", "failed"} {
			list, _ := a.fields[name].([]any)
			for _, item := range list {
				if id, ok := item.(string); ok {
					disputed = append(disputed, id)
				} else {
					r.violate(nil, "a tick in the calm fails with %v", item)
				}
			}
		}
		repaired, _ := a.fields["repaired"].([]any)
		r.repaired += len(repaired)
		return a.status == 200 && a.fields["ran"] == true && a.fields["left"] == false
	}) {
		r.violate(nil, "no tick comes to its end within %s: %s", endOfTicks, a)
	}
	return disputed
}

func (r *round) calmClient() *client {
	c := newClient(r.world, 0)
	c.check = true
	return c
}

// eachInstance looks at all instances, a few at once, by all ways in turn.
func (r *round) eachInstance(look func(*client, *instance, string)) {
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			c := r.calmClient()
			for i := worker; i < len(r.instances); i += 6 {
				look(c, r.instances[i], ways[(i+r.n)%len(ways)])
			}
		})
	}
	wg.Wait()
}

// judgeOne looks whether wanted, the file, the visitor's view, the report and the history of an instance are one.
func (r *round) judgeOne(ctx context.Context, c *client, in *instance, way string, k kept) {
	var fresh []happened
	for _, e := range k.events[in.id] {
		if e.id > in.told.last {
			fresh = append(fresh, e)
			if wrong := in.tell(e, r.latest()); wrong != "" {
				r.violate(in, "%s", wrong)
			}
		}
	}
	for _, wrong := range in.answers(fresh) {
		r.violate(in, "%s", wrong)
	}
	has, there := k.rows[in.id]
	if wrong := in.told.compare(has, there); wrong != "" {
		r.violate(in, "%s", wrong)
	}
	stopped := there && has.status == "inactive"
	data, err := os.ReadFile(in.file())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.violate(in, "cannot read its file: %v", err)
	}
	block, rest, whole := cut(data, in.id)
	exists := err == nil && (len(rest) > 0 || !bytes.Contains(firstLine(block), []byte(" new ")))
	switch {
	case !whole || stopped != (len(block) > 0):
		r.violate(in, "it is wanted stopped: %v, and its file is %q", stopped, data)
	case !bytes.Equal(rest, in.outer) || exists != in.exists:
		r.violate(in, "outside of the gate the file has %q (%v), and should have %q (%v)", rest, exists, in.outer, in.exists)
	}
	status, body, err := in.visit(ctx, c.http)
	if err != nil || stopped && status != 503 || !stopped && (status != 200 || body != in.page()) {
		r.violate(in, "it is wanted stopped: %v, and a visitor gets %d %.200q %v", stopped, status, body, err)
	}
	a := c.do(ctx, call{method: "GET", path: "/instances/status.php?instance_id=" + in.id}, way)
	word := map[bool]string{false: "running", true: "stopped"}[stopped]
	switch {
	case !there && a.status != 404, there && a.status != 200, a.err != nil,
		there && (a.text("wanted") != word || a.text("observed") != word || a.text("status") != word || a.fields["drift"] == true):
		r.violate(in, "there: %v, stopped: %v, and it is reported as %s", there, stopped, a)
	}
	if stopped {
		r.mu.Lock()
		r.stopped++
		r.mu.Unlock()
	}
}

// judgeLeftovers looks for what a dead process left or a living one keeps.
func (r *round) judgeLeftovers(context.Context) {
	_ = filepath.WalkDir(r.host.Home, func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			r.violate(nil, "cannot look into %s: %v", path, err)
		case strings.Contains(name, "tmp-"), strings.HasSuffix(name, ".edited"), name == "filler", strings.HasSuffix(name, "-journal"):
			r.violate(nil, "left over is %s", path)
		case strings.HasPrefix(name, "vpm-backup-"): // asked for, and the disk is small
			_ = os.Remove(path)
		}
		return nil
	})
	for kind, pids := range map[string][]int{"the server": {r.server.cmd.Process.Pid}, "a program of mod_fcgid": r.programs("/public_html/api/vpm.cgi")} {
		for _, pid := range pids {
			n := descriptors(pid)
			if first := r.fds[kind]; first == 0 {
				r.fds[kind] = n
			} else if n > first+24 { // eight connections of three files each
				r.violate(nil, "%s (%d) has %d descriptors, and had %d after the first round", kind, pid, n, first)
			}
		}
	}
	if r.race {
		log, err := os.ReadFile(filepath.Join(r.dir, "server.log"))
		if found := strings.Count(string(log)+r.host.ErrorLog(), "WARNING: DATA RACE"); found > 0 || err != nil {
			r.violate(nil, "the race detector reports %d (%v): see server.log and apache.log", found, err)
		}
	}
	if n := len(r.programs("/torture-")); n > 1 {
		r.violate(nil, "%d servers run", n)
	}
}
