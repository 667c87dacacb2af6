package pagetest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// play runs a scenario that must find nothing wrong, and gives what it prints.
func play(t testing.TB, script string, given map[string]any) []byte {
	t.Helper()
	began := time.Now()
	cmd, _, remove := scenario(t, script, given)
	defer remove()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
	t.Logf("%s took %s", script, time.Since(began).Round(10*time.Millisecond))
	return out
}

// scenario prepares the run of a script beside this file, which is told what is given. It ends with the test, also one
// that is killed: the script sees its input end, and clears away. What the browser leaves is all in home.
func scenario(t testing.TB, script string, given map[string]any) (cmd *exec.Cmd, input io.Closer, remove func()) {
	t.Helper()
	given["name"] = strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-"))
	text, err := json.Marshal(given)
	must(t, err)
	home, err := os.MkdirTemp("", "vpm-browser-")
	must(t, err)
	cmd = exec.Command("node", script)
	cmd.Env = append(os.Environ(), "VPM_GIVEN="+string(text), "VPM_NODE_MODULES="+modules, "TMPDIR="+home, "HOME="+home,
		"XDG_CONFIG_HOME="+filepath.Join(home, "config"), "XDG_CACHE_HOME="+filepath.Join(home, "cache"))
	input, err = cmd.StdinPipe()
	must(t, err)
	return cmd, input, func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestGuards: whatever makes a page bad fails its scenario.
func TestGuards(t *testing.T) {
	t.Parallel()
	s := upload(t, lab.Options{})
	dir := filepath.Join(s.Docroot, "bad")
	must(t, os.MkdirAll(dir, 0o755))
	for name, text := range map[string]string{
		"index.html": `<!doctype html><html lang="en"><meta http-equiv="Content-Security-Policy" content="script-src 'self'"><title>Bad</title>
			<script>window.inline = 1</script><script src="bad.js"></script><link rel="stylesheet" href="missing.css">
			<main><h1>Bad</h1><img src="bad.svg" width="2000"><img src="http://elsewhere.invalid/x.svg" alt=""><p>The end</p></main>`,
		"bad.js":  `console.error('an error in the console'); setTimeout(() => { throw new Error('an error that nobody catches') });`,
		"bad.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`,
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	must(t, s.Chown(dir))
	cmd, _, remove := scenario(t, "guards.mjs", map[string]any{"url": s.URL})
	defer remove()
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the scenario found nothing wrong")
	}
	for _, want := range []string{"Content Security Policy", "an error in the console", "an error that nobody catches", "missing.css answers 404",
		"bad, light: image-alt", "bad, dark: image-alt", "asks another server: http://elsewhere.invalid/x.svg", "px wider than the window"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the scenario does not say %q:\n%s", want, out)
		}
	}
}

// TestScenarioEndsWithItsTest closes the input of one that would go on for ever, as the kernel does for a test that is
// killed.
func TestScenarioEndsWithItsTest(t *testing.T) {
	t.Parallel()
	cmd, input, remove := scenario(t, "forever.mjs", map[string]any{})
	defer remove()
	home := strings.TrimPrefix(cmd.Env[len(cmd.Env)-3], "HOME=")
	out, err := cmd.StdoutPipe()
	must(t, err)
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "begun\n" {
		t.Fatalf("the scenario says %q, %v", line, err)
	}
	if running := processesIn(t, home); running < 2 {
		t.Errorf("%d processes belong to the scenario: this test looks wrongly", running)
	}
	must(t, input.Close())
	cmd.Wait() // it ends in failure
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", home, err)
	}
	limit := time.Now().Add(2 * time.Minute)
	for processesIn(t, home) > 0 {
		if time.Now().After(limit) {
			t.Fatalf("%d processes are left", processesIn(t, home))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// processesIn counts the processes whose environment names a directory.
func processesIn(t *testing.T, dir string) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	must(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file) // one that has just ended is no trouble
		if strings.Contains(string(text), "HOME="+dir) {
			n++
		}
	}
	return n
}
