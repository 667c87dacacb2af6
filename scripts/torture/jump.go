package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// farthest is how far the clock goes from the machine's.
const farthest = 10 * 24 * time.Hour

// jump has the clock jump by seconds, minutes, hours or days, or brings it home.
func jump(w *world, r *round, rng *rand.Rand) error {
	c := w.built.clock
	unit := []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[rng.IntN(4)]
	by := time.Duration(1+rng.IntN(map[time.Duration]int{time.Second: 59, time.Minute: 59, time.Hour: 23, 24 * time.Hour: 3}[unit])) * unit
	if rng.IntN(2) == 0 {
		by = -by
	}
	if to := c.ahead() + by; rng.IntN(6) == 0 || to.Abs() > farthest {
		by = -c.ahead()
	}
	r.jumpBy(by)
	return nil
}

func (r *round) jumpBy(by time.Duration) {
	c := r.built.clock
	r.latest() // as far as it came
	c.set(c.ahead() + by)
	r.latest()
	r.event("the clock jumps by %s and is ahead by %s", by, c.ahead())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setBack = r.setBack || by < 0
}

// latest is the latest moment that the clock has ever shown.
func (w *world) latest() time.Time {
	w.clockMu.Lock()
	defer w.clockMu.Unlock()
	if now := w.built.clock.now(); now.After(w.shown) {
		w.shown = now
	}
	return w.shown
}

// calmEnd is how long before the end of a stop the calm must not begin: nothing may change while it looks.
const calmEnd = 10 * time.Minute

// settleClock has the clock go home every other time, and on past the ends of stops that are near.
func (r *round) settleClock(ctx context.Context) error {
	if r.calm {
		return r.awaitEnds(ctx)
	}
	if r.n%2 == 0 {
		r.jumpBy(-r.built.clock.ahead())
	}
	// mod_fcgid counts by the clock how many programs it started lately, and after that was set back starts none for as long.
	if r.setBack {
		if err := r.restartApache(); err != nil {
			return err
		}
	}
	ends, err := r.ends(ctx)
	if err != nil {
		return err
	}
	for range ends { // each may lie near the one before
		for _, end := range ends {
			if left, near := r.nears(end); near {
				r.jumpBy((left + 4*time.Second).Truncate(time.Second))
			}
		}
	}
	return nil
}

// nears tells whether a stop ends too near to the calm, and in what time.
func (r *round) nears(end time.Time) (left time.Duration, near bool) {
	left = end.Sub(r.built.clock.now())
	return left, left > -3*time.Second && left < calmEnd
}

// awaitEnds waits until the ends that are near have passed, which are a few seconds ahead.
func (r *round) awaitEnds(ctx context.Context) error {
	ends, err := r.ends(ctx)
	if err != nil {
		return err
	}
	if !over(ctx, time.Minute, func() bool {
		return !slices.ContainsFunc(ends, func(end time.Time) bool { _, near := r.nears(end); return near })
	}) {
		return errors.New("a stop has not come to its end in a minute")
	}
	return nil
}

func (r *round) restartApache() error {
	r.host.Kill()
	return r.host.Restart()
}

// ends gives when the stops end that do so by themselves.
func (w *world) ends(ctx context.Context) (ends []time.Time, err error) {
	db, end, err := w.open()
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := db.QueryContext(ctx, "SELECT until_at FROM vpm_gates WHERE until_at IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var seconds int64
		if err := rows.Scan(&seconds); err != nil {
			return nil, err
		}
		ends = append(ends, time.Unix(seconds, 0))
	}
	return ends, rows.Err()
}

// judgeClock has the clock go a day ahead and come back, and looks whether what was stored in between keeps anybody waiting
// for that day: wrong passwords, results of checks, the tick.
func (r *round) judgeClock(ctx context.Context) {
	c, in := newClient(r.world, 118), r.instances[r.n%len(r.instances)]
	c.check = true
	way := []string{"/cgi/api", "/server/api"}[r.n%2]
	login := func(password string) answer {
		return c.do(ctx, call{method: "POST", path: "/auth/login.php", as: anybody, body: map[string]any{"username": "admin", "password": password}}, way)
	}
	const day = 24 * time.Hour
	r.jumpBy(day)
	fail := func(what string, a answer) {
		r.violate(nil, "with the clock set back by a day, %s is answered %s", what, a)
	}
	token := login(adminPassword).text("token")
	for range 5 {
		login("never was one")
	}
	if a := login(adminPassword); a.status != 429 {
		r.violate(nil, "after five wrong passwords a login is answered %s", a)
	}
	ask := func(path string) answer { return c.do(ctx, call{method: "GET", path: path, as: token}, way) }
	before := ask("/instances/health.php?fresh=1&instance_id=" + in.id)
	r.jumpBy(-day)
	defer func() {
		if err := r.restartApache(); err != nil {
			r.violate(nil, "cannot start Apache: %v", err)
		}
		r.logInAnew(ctx) // the torture's own session has ended in that day
	}()
	if a := login(adminPassword); a.status != 200 {
		fail("a login", a)
	}
	if a := ask("/auth/verify.php"); a.status != 200 {
		fail("a session that was begun in between", a)
	}
	if before.status != 200 { // nobody has registered it
		return
	}
	a := ask("/instances/health.php?instance_id=" + in.id)
	checked := a.text("checked_at") // "" where no check came to an end, as on a machine with too much to do
	if checked == "" && a.status == 200 {
		return
	}
	if at, err := time.Parse(time.RFC3339, checked); err != nil || at.After(r.built.clock.now().Add(time.Minute)) {
		fail(fmt.Sprintf("health (%v)", err), a)
	}
}
