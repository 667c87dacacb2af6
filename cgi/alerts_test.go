package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAlerts: each change of state is told once, by webhook and by mail, and what is planned or muted is not.
func TestAlerts(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql", php: true}, {driver: "mysql", php: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			dir := s.blog()
			s.must(os.WriteFile(filepath.Join(dir, "index.php"), []byte(brittlePage), 0o644))
			r := newReceivers(s)
			r.wantTold("while it runs", 2, "")

			s.breakSite(dir, true)
			r.wantTold("after one failure", 1, "")
			r.wantTold("after two", 1, "unhealthy blog")
			r.wantTold("while it lasts", 3, "")
			s.breakSite(dir, false)
			r.wantTold("mended", 1, "healthy blog")
			r.wantTold("while it is healthy", 2, "")
			s.breakSite(dir, true)
			r.ticks(1)
			s.breakSite(dir, false)
			r.wantTold("after a hiccup", 2, "")

			s.post("/instances/stop.php", map[string]any{"instance_id": "blog", "reason": "works", "duration": "2h"}).want(200)
			r.wantTold("while it is stopped as planned", 3, "")
			r.drift(dir)
			s.breakSite(dir, true) // which nobody meets while it is closed
			r.wantTold("broken while it is stopped", 3, "")
			s.breakSite(dir, false)
			s.post("/instances/start.php", map[string]any{"instance_id": "blog"}).want(200)
			r.wantTold("started again", 2, "")

			s.post("/instances/mute.php", map[string]any{"instance_id": "blog", "duration": "1h", "reason": "works"}).want(200)
			s.breakSite(dir, true)
			r.wantTold("muted", 4, "")
			s.post("/instances/mute.php", map[string]any{"instance_id": "blog"}).want(200)
			r.wantTold("no longer muted, and broken still", 1, "unhealthy blog")
			s.breakSite(dir, false)
			r.wantTold("mended in the end", 1, "healthy blog")
			r.outage(dir)
			if text := s.host.ErrorLog(); strings.Contains(text, hookSecret) || strings.Contains(text, "/hooks/1") {
				t.Errorf("the error log has secrets: %s", text)
			}
		})
	}
}

// breakSite has the site's pages answer 500, or what they did before. The page itself stays as it is: PHP keeps what it
// has compiled for a while.
func (s *site) breakSite(dir string, broken bool) {
	s.t.Helper()
	mark := filepath.Join(dir, "broken")
	if broken {
		s.must(os.WriteFile(mark, nil, 0o644))
		return
	}
	s.must(os.Remove(mark))
}

// brittlePage answers 500 where there is a file "broken" beside it.
const brittlePage = "<?php if (is_file(__DIR__ . '/broken')) http_response_code(500); echo 'post';"

// drift takes the gate of the stopped site out, twice.
func (r *receivers) drift(dir string) {
	r.t.Helper()
	gate := filepath.Join(dir, ".htaccess")
	takeOut := func() {
		r.t.Helper()
		text, err := os.ReadFile(gate)
		r.must(err)
		r.must(os.WriteFile(gate, []byte(outside(r.t, string(text))), 0o644))
		r.wantOpen("/blog/style.css")
	}
	takeOut()
	r.wantTold("opened by somebody", 1, "drift blog")
	r.wantClosed("/blog/style.css")
	r.wantTold("closed again", 2, "")
	takeOut() // a fight, in which one message is enough
	r.wantTold("opened once more", 1, "")
	r.post("/instances/stop.php", map[string]any{"instance_id": "blog", "reason": "works go on", "duration": "2h"}).want(200)
	r.wantTold("stopped anew", 1, "")
}

// outage has both receivers down while the site breaks and is mended: nothing is lost, nothing told twice, and no message
// overtakes another.
func (r *receivers) outage(dir string) {
	r.t.Helper()
	r.turn(true)
	r.breakSite(dir, true)
	r.wantTold("with the receivers down", 4, "")
	r.breakSite(dir, false)
	r.wantTold("mended meanwhile", 2, "")
	if n := r.waiting(); n != 4 {
		r.t.Errorf("%d deliveries wait; want two messages for two receivers", n)
	}
	// Without its time being come, nothing is tried. After eight attempts an hour is less than the pause.
	r.turn(false)
	_, err := r.db.Exec("UPDATE vpm_deliveries SET attempts = 8, next_at = ?", time.Now().Add(time.Hour).UnixMicro())
	r.must(err)
	before := len(r.told())
	r.get("/tick.php").want(200)
	if told := r.told(); len(told) != before {
		r.t.Errorf("before its time is told %v", told[before:])
	}
	r.wantTold("with the receivers back", 1, "unhealthy blog, healthy blog")
	r.wantTold("afterwards", 2, "")
	if n := r.waiting(); n != 0 {
		r.t.Errorf("%d deliveries wait still", n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ids := r.ids["webhook"]; r.tried[ids[len(ids)-2]] < 4 {
		r.t.Errorf("refused before were %v, and then arrived %v", r.tried, ids)
	}
}
