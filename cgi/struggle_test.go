package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vpm/htaccess"
)

// struggleTime is how long the processes change one instance.
func struggleTime() time.Duration {
	if os.Getenv("VPMTEST_LONG") != "" {
		return 30 * time.Second
	}
	return 10 * time.Second
}

// TestStruggle has 20 processes at a time start and stop one instance: nobody ever sees a part of the file, every
// change that was answered is in the history once and in order, and what is left is what the last of them wanted.
func TestStruggle(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			s := &struggle{account: newAccount(t, driver, filepath.Join(built, "api", "vpm.cgi")), answers: map[string]changeAnswer{}}
			s.original = []byte(wordPressRoot)
			s.must(os.WriteFile(filepath.Join(s.dir, ".htaccess"), s.original, 0o644))
			var wg sync.WaitGroup
			end := time.Now().Add(struggleTime())
			for worker := range 20 {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(worker), 1))
					for n := 0; time.Now().Before(end) && !t.Failed(); n++ {
						s.one(rng, fmt.Sprintf("%d of worker %d", n, worker))
						s.wantWholeFile()
					}
				})
			}
			wg.Wait()
			s.wantHistory()
		})
	}
}

// struggle is a site that many processes change at once.
type struggle struct {
	*account
	original []byte
	mu       sync.Mutex
	answers  map[string]changeAnswer // by reason, which is another for each request
}

// changeAnswer is what a change was answered.
type changeAnswer struct {
	action  string
	failed  string // code of a refusal
	Changed bool
	PID     string `json:"virtual_pid"`
	Code    string
}

func (s *struggle) one(rng *rand.Rand, reason string) {
	action := []string{"start", "start", "start", "stop", "stop", "stop", "restart", "status"}[rng.IntN(8)]
	if action == "status" {
		if got := s.run(action, nil); got.status != 200 {
			s.t.Errorf("status: %d %s %s", got.status, got.body, got.stderr)
		}
		return
	}
	got := s.run(action, map[string]any{"instance_id": siteID, "reason": reason, "verify": false})
	a := changeAnswer{action: action}
	if err := json.Unmarshal(got.body, &a); err != nil {
		s.t.Errorf("%s: %d %q %s", action, got.status, got.body, got.stderr)
	}
	if got.status != 200 {
		a.failed = a.Code
		if a.Code != "busy" { // all the others took more than their five seconds before this one
			s.t.Errorf("%s: %d %s", action, got.status, got.body)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[reason] = a
}

// wantWholeFile reads the file as Apache does, at any moment.
func (s *struggle) wantWholeFile() {
	for range 10 {
		data, err := os.ReadFile(filepath.Join(s.dir, ".htaccess"))
		if err != nil {
			s.t.Error(err)
		}
		_, found := htaccess.Standing(data, siteID)
		rest := data
		if found == htaccess.Intact {
			rest, _ = htaccess.OpenShared(data, siteID)
		}
		if found == htaccess.Damaged || !bytes.Equal(rest, s.original) {
			s.t.Errorf("somebody saw the file as %q", data)
		}
	}
}

// wantHistory compares the events with the answers and with what is left.
func (s *struggle) wantHistory() {
	s.t.Helper()
	status := s.ask("status", nil)
	now := s.state(0)
	if now.events[0].action != "create" {
		s.t.Fatalf("the first event is %v", now.events[0])
	}
	pids := map[string]bool{}
	want := state{exists: true, status: "active", run: "running", pid: now.events[0].pid}
	missing := maps.Clone(s.answers)
	for _, ev := range now.events[1:] {
		a, asked := missing[ev.reason]
		delete(missing, ev.reason)
		if !asked || a.action != ev.action || a.failed == "" && (!a.Changed || a.action != "stop" && a.PID != ev.pid) {
			s.t.Errorf("the event %v was answered %+v (%v)", ev, a, asked)
		}
		want.generation++
		switch {
		case ev.action == "stop":
			if ev.pid != want.pid {
				s.t.Errorf("the event %v ends the run %s", ev, want.pid)
			}
			want.status, want.run = "inactive", "stopped"
			continue
		case ev.action == "start" && want.run == "running":
			s.t.Errorf("the event %v starts what runs", ev)
		}
		if pids[ev.pid] {
			s.t.Errorf("the PID %s was given twice", ev.pid)
		}
		pids[ev.pid] = true
		want.status, want.run, want.pid = "active", "running", ev.pid
	}
	busy := 0
	for reason, a := range missing {
		if a.failed != "" {
			busy++
		} else if a.Changed {
			s.t.Errorf("the change %q was answered %+v and has no event", reason, a)
		}
	}
	s.t.Logf("%d answers, %d events, %d too busy", len(s.answers), len(now.events), busy)
	if !now.same(want) || now.applied != now.generation {
		s.t.Errorf("left is %v (applied %d); want %v", now, now.applied, want)
	}
	s.wantWholeFile()
	data, err := os.ReadFile(filepath.Join(s.dir, ".htaccess"))
	s.must(err)
	if _, found := htaccess.Standing(data, siteID); (found == htaccess.Intact) != (want.run == "stopped") {
		s.t.Errorf("the gate is %v and the instance %s", found, want.run)
	}
	var said struct{ Wanted, Observed string }
	s.must(json.Unmarshal(status.body, &said))
	if said.Wanted != want.run || said.Observed != want.run {
		s.t.Errorf("status is %s; want %s", status.body, want.run)
	}
	if files := s.temporary(); len(files) > 0 {
		s.t.Errorf("left over are %v", files)
	}
}
