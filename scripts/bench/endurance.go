package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

const (
	someRequests = 1_000
	allRequests  = 100_000
	dayOfTicks   = 24 * 60 // one a minute
	mostRSS      = 40      // MB
)

// endurance sees what the server has grown to after many requests and the ticks of a day. Between two ticks all that they
// remember is made a minute older.
func (b *bench) endurance(ctx context.Context, s *vps) error {
	before, err := s.grown(ctx, someRequests, 1)
	if err != nil {
		return err
	}
	after, err := s.grown(ctx, allRequests, dayOfTicks)
	if err != nil {
		return err
	}
	of := func(name string, f func(footprint) float64, goal string, met bool) row {
		return row{name, f(before), f(after), goal, verdict(met)}
	}
	// Connections to the database come and go, each with two goroutines and a descriptor.
	const play = vpsConns
	return b.print(fmt.Sprintf("The server after %d requests and %d ticks", allRequests, dayOfTicks),
		[]string{fmt.Sprintf("after %d, 1 tick", someRequests), "after all", "goal", "verdict"}, []row{
			of("RSS, MB", func(f footprint) float64 { return f.rss }, fmt.Sprintf("< %d", mostRSS), after.rss < mostRSS),
			of("goroutines", func(f footprint) float64 { return f.goroutines }, "no growth", after.goroutines <= before.goroutines+2*play),
			of("descriptors", func(f footprint) float64 { return f.descriptors }, "no growth", after.descriptors <= before.descriptors+play),
		})
}

// footprint is what a server has.
type footprint struct{ rss, goroutines, descriptors float64 }

// grown starts the server anew, has it answer and tick, and ends it in a way that has it tell its goroutines.
func (s *vps) grown(ctx context.Context, requests, ticks int) (f footprint, err error) {
	if err := s.sh(ctx, "systemctl restart vpm.service"); err != nil {
		return f, err
	}
	if err := s.many(ctx, requests); err != nil {
		return f, err
	}
	for range ticks {
		if err := s.age(ctx); err != nil {
			return f, err
		}
		if _, err := s.call(ctx, s.token, request{"POST", "/api/tick.php", "", `"success":true`}); err != nil {
			return f, err
		}
	}
	main, err := s.Run(ctx, "systemctl", "show", "-p", "MainPID", "--value", "vpm.service")
	if err != nil {
		return f, err
	}
	proc := filepath.Join(s.Root(), "proc", strings.TrimSpace(main))
	if f.rss, err = residentMB(proc); err != nil {
		return f, err
	}
	open, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return f, err
	}
	f.descriptors = float64(len(open))
	if err := s.sh(ctx, "journalctl --rotate --vacuum-time=1s -q; systemctl kill -s QUIT vpm.service; while kill -0 "+strings.TrimSpace(main)+" 2>/dev/null; do sleep 0.01; done"); err != nil {
		return f, err
	}
	log := s.Journal("vpm.service")
	f.goroutines = float64(len(goroutine.FindAllString(log, -1)) - strings.Count(log, "[GC worker"))
	if f.goroutines <= 0 {
		return f, fmt.Errorf("cannot see the server's goroutines: %s", log)
	}
	return f, nil
}

var goroutine = regexp.MustCompile(`: goroutine \d+ [^\n]*\[`)

// many makes requests, those of a page of the panel.
func (s *vps) many(ctx context.Context, n int) error {
	ofMoved := status
	ofMoved.path = "/api/instances/status.php?instance_id=" + movedSite
	kinds := []request{status, list, ofMoved, monitor}
	var wg sync.WaitGroup
	failed := make(chan error, 10)
	for lane := range cap(failed) {
		wg.Go(func() {
			for i := lane; i < n; i += cap(failed) {
				if _, err := s.call(ctx, s.token, kinds[i/cap(failed)%len(kinds)]); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

// age makes what ticks have noted a minute older.
func (s *vps) age(ctx context.Context) error {
	return s.change(ctx, func(exec func(query string, args ...any)) {
		for table, columns := range map[string]string{"vpm_watch": "seen_at checked_at", "vpm_usage": "measured_at", "vpm_gates": "observed_at"} {
			for column := range strings.FieldsSeq(columns) {
				exec("UPDATE " + table + " SET " + column + " = " + column + " - 60000000")
			}
		}
	})
}

// residentMB is the memory of a process of the VPS.
func residentMB(proc string) (float64, error) {
	text, err := os.ReadFile(proc + "/status")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0, fmt.Errorf("cannot read the memory of %s", proc)
	}
	kB, err := strconv.ParseFloat(fields[0], 64)
	return kB / 1024, err
}
