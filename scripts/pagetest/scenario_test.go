package pagetest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// play runs a scenario: a script beside this file, which is told what is given. It ends with the test, also one that is
// killed: the script sees its input end. What the script prints is given back.
func play(t testing.TB, script string, given map[string]any) []byte {
	t.Helper()
	name := strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-")
	given["name"] = strings.ToLower(name)
	text, err := json.Marshal(given)
	must(t, err)
	home := t.TempDir() // of the browser too: what it leaves goes with the test
	cmd := exec.Command("node", script)
	cmd.Env = append(os.Environ(), "VPM_GIVEN="+string(text), "VPM_NODE_MODULES="+modules, "TMPDIR="+home, "HOME="+home,
		"XDG_CONFIG_HOME="+filepath.Join(home, "config"), "XDG_CACHE_HOME="+filepath.Join(home, "cache"), "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
	t.Logf("%s took %s", script, time.Since(began).Round(10*time.Millisecond))
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
