package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAloneFromTheBeginning: the process has one processor before the packages are initialised that take the longest.
func TestAloneFromTheBeginning(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(filepath.Join(built, "api", "vpm.cgi"))
	cmd.Env = []string{"GODEBUG=inittrace=1"}
	trace, _ := cmd.CombinedOutput() // it ends with 2: no web server runs it
	before, after, found := strings.Cut(string(trace), "init alone ")
	if !found {
		t.Fatalf("alone is not initialised:\n%s", trace)
	}
	for _, name := range []string{"os", "net/http", "modernc.org/libc"} {
		if line := "init " + name + " @"; strings.Contains(before, line) || !strings.Contains(after, line) {
			t.Errorf("%s is not initialised after alone", name)
		}
	}
}
