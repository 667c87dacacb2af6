package health

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
)

// quick leaves the machine all the time it may need, and little to servers that hang.
func quick() examiner { return examiner{budget: ends, patience: patient} }

// subject is a running instance with a directory, at a site.
func subject(t *testing.T, s Site) Subject {
	t.Helper()
	dir := t.TempDir()
	put(t, "x", dir, "index.php")
	return Subject{Site: s, Dir: dir, Wanted: core.ObservedRunning, Gate: core.Evidence{Observed: core.ObservedRunning, Seen: "no gate is there"}}
}

func put(t *testing.T, text string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// checkOf picks a check, and checks what holds for all.
func checkOf(t *testing.T, h core.Health, name string) core.Check {
	t.Helper()
	var picked core.Check
	var names []string
	for _, c := range h.Checks {
		names = append(names, c.Name)
		if c.Name == name {
			picked = c
		}
		if c.Result == "" || c.Reason == "" || !strings.HasSuffix(c.Reason, ".") || c.Duration < 0 {
			t.Errorf("a check is %+v", c)
		}
	}
	if got := strings.Join(names, " "); got != "directory configuration database gate http certificate disk_space" || h.CheckedAt.IsZero() {
		t.Errorf("the checks are %s, at %s", got, h.CheckedAt)
	}
	return picked
}

// wantCheck wants a result, and a word of the reason.
func wantCheck(t *testing.T, about string, c core.Check, result core.CheckResult, word string) {
	t.Helper()
	if c.Result != result || !strings.Contains(c.Reason, word) {
		t.Errorf("%s: %s is %s (%s); want %s (… %s …)", about, c.Name, c.Result, c.Reason, result, word)
	}
}

func wantHealthy(t *testing.T, about string, h core.Health, want string) {
	t.Helper()
	got := "unknown"
	if h.Healthy != nil {
		got = map[bool]string{true: "healthy", false: "unhealthy"}[*h.Healthy]
	}
	if got != want {
		t.Errorf("%s: it is %s, want %s: %+v", about, got, want, h.Checks)
	}
}

func TestAHealthyInstance(t *testing.T) {
	t.Parallel()
	s := subject(t, siteAt(t, "http", "a.example", serve(t, &recorder{answer: say200("welcome")})))
	s.ConfigFile = func() (string, error) { return filepath.Join(s.Dir, "index.php"), nil }
	s.Database = func(context.Context) error { return nil }
	h := Examine(t.Context(), s)
	for name, want := range map[string]core.CheckResult{
		"directory": core.CheckOK, "configuration": core.CheckOK, "database": core.CheckOK, "gate": core.CheckOK,
		"http": core.CheckOK, "certificate": core.CheckSkipped,
	} {
		wantCheck(t, "all is well", checkOf(t, h, name), want, "")
	}
	wantHealthy(t, "all is well", h, "healthy")
	details := checkOf(t, h, "http").Details
	if took, ok := details["ttfb_ms"].(core.Milliseconds); !ok || took <= 0 || details["status"] != http.StatusOK {
		t.Errorf("the details are %v", details)
	}
	if free := checkOf(t, h, "disk_space").Details["free_bytes"]; free == nil {
		t.Errorf("disk_space is %+v", checkOf(t, h, "disk_space"))
	}
}

func say200(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

// TestAPlannedStopAlarmsNobody stops an instance of which nothing else is left.
func TestAPlannedStopAlarmsNobody(t *testing.T) {
	t.Parallel()
	shut := &recorder{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }}
	s := subject(t, siteAt(t, "http", "a.example", serve(t, shut)))
	s.Wanted, s.Gate.Observed = core.ObservedStopped, core.ObservedStopped
	s.Dir = filepath.Join(s.Dir, "gone")
	s.ConfigFile = func() (string, error) { return "", core.Errorf(core.CodeNotFound, "there is none") }
	s.Database = func(context.Context) error { return errors.New("down") }
	h := quick().examine(t.Context(), s)
	for _, name := range []string{"directory", "configuration", "database"} {
		wantCheck(t, "stopped", checkOf(t, h, name), core.CheckFailed, "")
	}
	wantCheck(t, "stopped", checkOf(t, h, "http"), core.CheckOK, "Closed as it should be")
	wantHealthy(t, "stopped", h, "healthy")
	if shut.byPath(t, 3)["/"].URL.RawQuery == "" {
		t.Error("the front page was asked for so that a cache may answer")
	}

	s.Wanted = core.ObservedRunning
	h = quick().examine(t.Context(), s)
	wantCheck(t, "to run", checkOf(t, h, "http"), core.CheckFailed, "503")
	wantCheck(t, "to run", checkOf(t, h, "gate"), core.CheckFailed, "closed though")
	wantHealthy(t, "to run", h, "unhealthy")
}

func TestAStopThatDoesNotHold(t *testing.T) {
	t.Parallel()
	s := subject(t, siteAt(t, "http", "a.example", serve(t, &recorder{})))
	s.Wanted, s.Gate.Observed = core.ObservedStopped, core.ObservedStopped
	h := quick().examine(t.Context(), s)
	wantCheck(t, "open", checkOf(t, h, "http"), core.CheckFailed, "AllowOverride")
	wantHealthy(t, "open", h, "unhealthy")

	s.URL = ""
	h = quick().examine(t.Context(), s)
	wantCheck(t, "no address", checkOf(t, h, "http"), core.CheckUnknown, "no address")
	wantHealthy(t, "the gate stands", h, "healthy")
	s.Gate.Observed = core.ObservedUnknown
	wantHealthy(t, "nothing is known", quick().examine(t.Context(), s), "unknown")
}

func TestTheSumOfAllChecks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gate, http, other core.CheckResult
		running, stopped  string
	}{
		{core.CheckOK, core.CheckOK, core.CheckOK, "healthy", "healthy"},
		{core.CheckOK, core.CheckOK, core.CheckFailed, "unhealthy", "healthy"},
		{core.CheckOK, core.CheckWarning, core.CheckWarning, "healthy", "healthy"},
		{core.CheckOK, core.CheckUnknown, core.CheckOK, "unknown", "healthy"},
		{core.CheckOK, core.CheckUnknown, core.CheckFailed, "unhealthy", "healthy"},
		{core.CheckOK, core.CheckFailed, core.CheckOK, "unhealthy", "unhealthy"},
		{core.CheckFailed, core.CheckOK, core.CheckOK, "unhealthy", "unhealthy"},
		{core.CheckUnknown, core.CheckOK, core.CheckUnknown, "healthy", "healthy"},
		{core.CheckUnknown, core.CheckWarning, core.CheckOK, "healthy", "unknown"},
		{core.CheckUnknown, core.CheckUnknown, core.CheckOK, "unknown", "unknown"},
		{core.CheckSkipped, core.CheckUnknown, core.CheckFailed, "unhealthy", "unknown"},
	} {
		checks := []core.Check{{Name: "disk_space", Result: c.other}, {Name: "gate", Result: c.gate}, {Name: "http", Result: c.http}}
		wantHealthy(t, "running", core.Health{Healthy: conclude(checks, false), Checks: checks}, c.running)
		wantHealthy(t, "stopped", core.Health{Healthy: conclude(checks, true), Checks: checks}, c.stopped)
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	const running, stopped = core.ObservedRunning, core.ObservedStopped
	for _, c := range []struct {
		wanted, seen core.Observed
		want         core.CheckResult
	}{
		{running, running, core.CheckOK}, {running, stopped, core.CheckFailed}, {running, core.ObservedError, core.CheckWarning},
		{running, core.ObservedUnknown, core.CheckUnknown}, {running, "", core.CheckSkipped},
		{stopped, stopped, core.CheckOK}, {stopped, running, core.CheckFailed}, {stopped, core.ObservedError, core.CheckFailed},
		{stopped, core.ObservedUnknown, core.CheckUnknown}, {stopped, "", core.CheckSkipped},
	} {
		x := examination{Subject: Subject{Wanted: c.wanted, Gate: core.Evidence{Observed: c.seen}}}
		wantCheck(t, string(c.wanted+" "+c.seen), x.gate(t.Context()), c.want, "")
	}
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	for word, c := range map[string]struct {
		answer func(context.Context) error
		want   core.CheckResult
	}{
		"access is denied": {func(context.Context) error { return core.Errorf(core.CodeUnavailable, "access is denied") }, core.CheckFailed},
		"not spoken here":  {func(context.Context) error { return core.Errorf(core.CodeNotEffective, "not spoken here") }, core.CheckUnknown},
		"may not be shown": {func(context.Context) error { return errors.New("dial root:s3cret@db") }, core.CheckFailed},
		"refused":          {func(context.Context) error { return syscall.ECONNREFUSED }, core.CheckFailed},
		"answer in time":   {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, core.CheckFailed},
		"The check failed": {func(context.Context) error { panic("s3cret") }, core.CheckUnknown},
	} {
		s := subject(t, Site{})
		s.Database = c.answer
		h := quick().examine(t.Context(), s)
		got := checkOf(t, h, "database")
		wantCheck(t, "asked", got, c.want, word)
		wantHealthy(t, word, h, map[core.CheckResult]string{core.CheckFailed: "unhealthy", core.CheckUnknown: "unknown"}[c.want])
		if strings.Contains(got.Reason, "s3cret") {
			t.Errorf("%s: the reason holds a secret: %s", word, got.Reason)
		}
	}
	wantCheck(t, "none", checkOf(t, quick().examine(t.Context(), subject(t, Site{})), "database"), core.CheckSkipped, "")
}
