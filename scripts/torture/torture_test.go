package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTorture has a short round of a fixed seed on each database, so that what make torture runs for hours works. What befalls
// there is left out here: which of two things comes first is the machine's choice, and no test may depend on that.
func TestTorture(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "torture")
	if text, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, text)
	}
	evidence := t.TempDir()
	cmd := exec.CommandContext(t.Context(), program, "-calm", "-seed", "7", "-duration", "1s", "-round", "2s", "-instances", "6", "-clients", "4", "-evidence", evidence)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"TORTURE_SEED=7", "sqlite  round  1", "mariadb round  1", "restores 1.", "Nothing was lost. 2 rounds"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if kept, err := os.ReadDir(evidence); err != nil || len(kept) > 0 {
		t.Errorf("without a violation it keeps %v (%v)", kept, err)
	}
}

// TestViolationIsTold: what must not be is found, with all that tells why.
func TestViolationIsTold(t *testing.T) {
	t.Parallel()
	in := &instance{id: "shop"}
	in.forget()
	in.changed("stop", "lost", succeeded, map[string]any{"changed": true})
	in.changed("stop", "refused", refused, nil)
	in.changed("start", "unknown", unknown, nil)
	in.changed("update", "", succeeded, nil)
	wrong := strings.Join(in.answers([]happened{
		{id: 1, action: "stop", reason: "refused"}, {id: 2, action: "start", reason: "unknown"},
		{id: 3, action: "start", reason: "unknown"}, {id: 4, action: "stop", reason: "nobody"},
	}), "\n")
	for _, want := range []string{`"lost" was answered as made and is lost`, `"refused" was answered as not made and was`,
		`"unknown" was made 2 times`, `"nobody", was never asked for`, "0 times update is in the history, and answers say 1 to 1"} {
		if !strings.Contains(wrong, want) {
			t.Errorf("not found: %s; but\n%s", want, wrong)
		}
	}
	var history told
	for _, e := range []happened{{id: 1, action: "create", pid: "a"}, {id: 2, action: "stop", pid: "a"}} {
		if wrong := history.add(e); wrong != "" {
			t.Error(wrong)
		}
	}
	good := row{"inactive", "stopped", "a", 1, 1}
	if wrong := history.compare(good, true); wrong != "" {
		t.Error(wrong)
	}
	for _, bad := range []row{{"active", "stopped", "a", 1, 1}, {"inactive", "running", "a", 1, 1}, {"inactive", "stopped", "b", 1, 1}, {"inactive", "stopped", "a", 2, 2}, {"inactive", "stopped", "a", 1, 0}} {
		if history.compare(bad, true) == "" {
			t.Errorf("%+v is taken for right", bad)
		}
	}
	if history.compare(row{}, false) == "" || history.add(happened{id: 3, action: "start", pid: "a"}) == "" {
		t.Error("a lost row, or a run that begins twice, is taken for right")
	}
}
