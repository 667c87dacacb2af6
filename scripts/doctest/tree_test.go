package doctest

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestEveryCommandIsDocumented: command-line.md has all that vpm's help lists.
func TestEveryCommandIsDocumented(t *testing.T) {
	t.Parallel()
	text, vpm := document(t, "command-line.md"), unpackProgram(t)
	seen := 0
	var walk func(path []string)
	walk = func(path []string) {
		out, err := exec.CommandContext(t.Context(), vpm, append(path[:len(path):len(path)], "--help")...).Output()
		if err != nil {
			t.Fatalf("vpm %q: %v", path, err)
		}
		_, list, _ := strings.Cut(string(out), "Available Commands:\n")
		list, _, _ = strings.Cut(list, "\n\n")
		for line := range strings.Lines(list) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			sub := append(path[:len(path):len(path)], name)
			if words := "vpm " + strings.Join(sub, " ") + " "; !strings.Contains(strings.NewReplacer("\n", " ", "`", " ", ")", " ").Replace(text), words) {
				t.Errorf("command-line.md does not have %q", words)
			}
			seen++
			if name != "completion" { // one of its shells is enough
				walk(sub)
			}
		}
	}
	walk(nil)
	if seen < 30 {
		t.Errorf("vpm's help lists %d commands", seen)
	}
}

// unpackProgram takes vpm out of the zip.
func unpackProgram(t *testing.T) string {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(download, zipName))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	from, err := z.Open("api/vpm")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	data, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vpm")
	// No fork meanwhile: a child would hold the program open for writing, and it could not be run (golang/go#22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
