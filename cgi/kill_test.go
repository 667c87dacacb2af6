package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

// killRounds is how many changes are killed on each database.
const killRounds = 500

// killSeed makes the same rounds every time.
const killSeed = 3

// mortal builds the program that dies at the point FAULT_AT names (see core/fault).
var mortal = sync.OnceValues(func() (string, error) {
	program := filepath.Join(filepath.Dir(built), "mortal.cgi")
	return program, lab.Build(program, ".", "-tags=faults")
})

// TestKilledAnywhere kills changes before and after every step on files and in the database. After the next request
// for the instance, what is wanted, the file and what is reported agree, every time, and a change is there with its
// event or not at all.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			program, err := mortal()
			if err != nil {
				t.Fatal(err)
			}
			k := &killing{account: newAccount(t, driver, program), rng: rand.New(rand.NewPCG(killSeed, 0)),
				points: map[string]int{}, turn: map[string]int{}, killedAt: map[string]int{}, passed: map[string]bool{}}
			created := k.state(0).events
			k.last = created[len(created)-1].id
			for round := range killRounds {
				k.round(round)
				if t.Failed() {
					t.Fatalf("that was round %d of seed %d:\n%s", round, killSeed, strings.Join(k.history, "\n"))
				}
			}
			for point := range k.passed {
				if k.killedAt[point] == 0 {
					t.Errorf("no process was killed at the point %q", point)
				}
			}
		})
	}
}

// killing is a site that is changed by processes that are killed.
type killing struct {
	*account
	rng      *rand.Rand
	original []byte // what the .htaccess has besides the gate
	exists   bool
	last     int64 // event that was seen last
	history  []string
	points   map[string]int // by action, the most points that a process passed
	turn     map[string]int
	passed   map[string]bool
	killedAt map[string]int
}

func (k *killing) round(n int) {
	k.t.Helper()
	before := k.state(k.last)
	k.disturb(before)
	action, body := k.choose(before, n)
	got := k.mortally(action, body)
	if k.rng.IntN(4) == 0 { // what comes next is killed too
		k.mortally("status", nil)
	}
	status := k.ask("status", nil)
	after := k.state(k.last)
	k.wantWhole(action, body, got, before, after)
	k.wantAgreement(after, status)
	if len(after.events) > 0 {
		k.last = after.events[len(after.events)-1].id
	}
}

// choose picks a change that can be made.
func (k *killing) choose(now state, n int) (action string, body map[string]any) {
	body = map[string]any{"instance_id": siteID, "verify": k.rng.IntN(4) == 0}
	if !now.exists {
		return "create", k.registration()
	}
	if k.rng.IntN(3) > 0 {
		body["reason"] = fmt.Sprintf("round %d 100%% <done>", n)
	}
	if k.rng.IntN(8) == 0 {
		return "delete", body
	}
	action = []string{"stop", "stop", "start", "restart"}[k.rng.IntN(4)]
	if action == "stop" && k.rng.IntN(3) == 0 {
		body["until"] = time.Now().Add(time.Duration(24+k.rng.IntN(24)) * time.Hour).UTC().Format(time.RFC3339)
	}
	return action, body
}

// disturb changes the file now and then as its owner may.
func (k *killing) disturb(now state) {
	path := filepath.Join(k.dir, ".htaccess")
	switch closed := now.exists && now.status == "inactive"; {
	case closed && k.rng.IntN(10) == 0:
		data, err := os.ReadFile(path)
		k.must(err)
		line := []byte(fmt.Sprintf("# added %d\n", k.rng.IntN(1000)))
		k.original, k.exists = append(bytes.Clone(k.original), line...), true
		k.must(os.WriteFile(path, append(data, line...), 0o644))
	case !closed && k.rng.IntN(4) == 0:
		k.original, k.exists = k.randomRules()
		if !k.exists {
			k.must(os.RemoveAll(path))
			return
		}
		k.must(os.WriteFile(path, k.original, 0o644))
		k.must(os.Chmod(path, []os.FileMode{0o644, 0o600, 0o664}[k.rng.IntN(3)]))
	}
}

func (k *killing) randomRules() (data []byte, exists bool) {
	if k.rng.IntN(3) == 0 {
		return nil, false
	}
	if k.rng.IntN(6) == 0 {
		data = append(data, "\xef\xbb\xbf"...)
	}
	for range k.rng.IntN(12) {
		data = append(data, []string{"RewriteEngine On", "RewriteRule ^old$ /new [R=301,L]", "# " + strings.Repeat("x", k.rng.IntN(9000)),
			"", "\t", "<IfModule mod_rewrite.c>\n</IfModule>", "\x00\xff", wordPressRoot}[k.rng.IntN(8)]...)
		data = append(data, []string{"\n", "\n", "\r\n"}[k.rng.IntN(3)]...)
	}
	if k.rng.IntN(3) == 0 {
		data = append(data, "# no end of line"...)
	}
	return data, true
}

// mortally runs a request that is killed at a random point, or survives.
func (k *killing) mortally(action string, body map[string]any) reply {
	k.t.Helper()
	at := k.rng.IntN(k.points[action] + 3) // 0 and those past the last kill nothing
	if k.rng.IntN(2) == 0 {                // each in turn
		k.turn[action]++
		at = k.turn[action] % (k.points[action] + 1)
	}
	got := k.run(action, body, fmt.Sprintf("FAULT_AT=%d", at))
	var points []string
	for line := range strings.Lines(got.stderr) {
		if name, ok := strings.CutPrefix(line, "fault: "); ok {
			points = append(points, strings.TrimSpace(name))
			k.passed[points[len(points)-1]] = true
		}
	}
	k.points[action] = max(k.points[action], len(points))
	where := "not killed"
	if got.killed {
		where = fmt.Sprintf("killed at %d, %s", at, points[len(points)-1])
		k.killedAt[points[len(points)-1]]++
	}
	k.history = append(k.history, fmt.Sprintf("%s %v: %s, %d %s", action, body, where, got.status, strings.TrimSpace(string(got.body))))
	k.history = k.history[max(0, len(k.history)-6):]
	return got
}

// wantWhole checks that the change was made with its event or not at all.
func (k *killing) wantWhole(action string, body map[string]any, got reply, before, after state) {
	k.t.Helper()
	var answer struct{ Changed *bool }
	if !got.killed {
		if got.status != 200 && got.status != 201 {
			k.t.Errorf("answered %d %s", got.status, got.body)
			return
		}
		k.must(json.Unmarshal(got.body, &answer))
	}
	made := len(after.events) == 1
	if len(after.events) > 1 || made && after.events[0].action != action {
		k.t.Errorf("%s left the events %v", action, after.events)
	}
	if want := answer.Changed == nil || *answer.Changed; !got.killed && made != want {
		k.t.Errorf("%s answered %s and left the events %v", action, got.body, after.events)
	}
	if !made {
		if !before.same(after) {
			k.t.Errorf("%s left no event and made %v of %v", action, after, before)
		}
		return
	}
	ev := after.events[0]
	want := before
	want.exists = action != "delete"
	switch action {
	case "stop":
		want.status, want.run, want.until = "inactive", "stopped", seconds(k.t, body["until"])
	case "start", "restart", "create":
		want.status, want.run, want.until, want.pid = "active", "running", 0, ev.pid
	}
	want.generation++
	switch action {
	case "delete":
		want = state{}
	case "create":
		want.generation = 0
	}
	if !want.same(after) || action == "start" && ev.pid == before.pid {
		k.t.Errorf("%s of %v left %v; want %v", action, before, after, want)
	}
}

func seconds(t *testing.T, until any) int64 {
	t.Helper()
	if until == nil {
		return 0
	}
	at, err := time.Parse(time.RFC3339, until.(string))
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}

// wantAgreement checks that wanted, the file and the report are one.
func (k *killing) wantAgreement(now state, status reply) {
	k.t.Helper()
	data, err := os.ReadFile(filepath.Join(k.dir, ".htaccess"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.t.Error(err)
	}
	until, found := htaccess.Standing(data, siteID)
	closed := now.exists && now.status == "inactive"
	switch {
	case closed && (found != htaccess.Intact || !until.IsZero() && until.Unix() != now.until || until.IsZero() && now.until != 0):
		k.t.Errorf("%v, and the gate is %v until %v", now, found, until)
	case !closed && found != htaccess.None:
		k.t.Errorf("%v, and the gate is %v", now, found)
	}
	rest, exists := data, err == nil
	if found != htaccess.None {
		rest, exists = htaccess.OpenShared(data, siteID)
	}
	if exists != k.exists || !bytes.Equal(rest, k.original) {
		k.t.Errorf("outside of the gate the file is %q (%v); want %q (%v)", rest, exists, k.original, k.exists)
	}
	if now.generation != now.applied {
		k.t.Errorf("generation %d is wanted and %d applied", now.generation, now.applied)
	}
	if files := k.temporary(); len(files) > 0 {
		k.t.Errorf("left over are %v", files)
	}
	if !now.exists {
		if status.status != 404 {
			k.t.Errorf("status of a deleted instance: %d %s", status.status, status.body)
		}
		return
	}
	word := map[bool]string{false: "running", true: "stopped"}[closed]
	var said struct {
		Wanted, Observed, Status string
		Drift                    bool
	}
	k.must(json.Unmarshal(status.body, &said))
	if status.status != 200 || said.Wanted != word || said.Observed != word || said.Status != word || said.Drift {
		k.t.Errorf("%v is reported as %d %s", now, status.status, status.body)
	}
}

// temporary lists the files that a killed process has left.
func (a *account) temporary() (files []string) {
	a.t.Helper()
	a.must(filepath.WalkDir(a.home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), "tmp-") {
			files = append(files, path)
		}
		return err
	}))
	slices.Sort(files)
	return files
}

// killed tells whether a process ended by SIGKILL.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}
