package autoinstall

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStatus reads what earlier requests have noted.
func TestStatus(t *testing.T) {
	t.Parallel()
	u := Upload{DataDir: t.TempDir(), Dir: t.TempDir(), Sum: strings.Repeat("0", 64)}
	if s := u.Status(t.Context()); s != (Status{}) {
		t.Errorf("before anything: %+v", s)
	}
	must(t, asked{When: "today"}.write(u.DataDir))
	if s := u.Status(t.Context()); s != (Status{}) {
		t.Errorf("without the line: %+v", s)
	}
	must(t, asked{When: "today", Line: true, Error: "it is damaged"}.write(u.DataDir))
	if s := u.Status(t.Context()); s.Sudoers == nil || s.Installation == nil || s.Installation.State != Failed || s.Installation.At != nil || s.Installation.Message != "it is damaged" {
		t.Errorf("of a damaged program: %+v", s)
	}
	m := mark{At: time.Now(), Error: "cannot start it"}
	must(t, m.create(u.DataDir))
	if s := u.Status(t.Context()); s.Installation.State != Failed || s.Installation.At == nil || !strings.Contains(s.Installation.Message, "cannot start it. To try once more") {
		t.Errorf("of one that could not be started: %+v", s.Installation)
	}
	if err := m.create(u.DataDir); !os.IsExist(err) {
		t.Errorf("a second mark: %v", err)
	}
	u.Sum = ""
	if s := u.Status(t.Context()); s != (Status{}) {
		t.Errorf("of a program that nothing came with: %+v", s)
	}
}

// TestOccasion: sudo is asked anew when that may lead to something else.
func TestOccasion(t *testing.T) {
	t.Parallel()
	u := Upload{Dir: t.TempDir(), Sum: "a"}
	now := time.Now()
	seen := map[string]string{}
	note := func(what string, now time.Time) {
		t.Helper()
		if before, again := seen[u.occasion(now)]; again {
			t.Errorf("%s is no other occasion than %s", what, before)
		}
		seen[u.occasion(now)] = what
	}
	note("at first", now)
	note("the next day", now.AddDate(0, 0, 1))
	must(t, os.WriteFile(filepath.Join(u.Dir, Program), []byte("x"), 0o600))
	note("with a program", now)
	must(t, os.WriteFile(filepath.Join(u.Dir, Program), []byte("xy"), 0o600))
	note("with another program", now)
	u.Sum = "b"
	note("with another vpm.cgi", now)
	if _, same := seen[u.occasion(now)]; !same {
		t.Error("it changes by itself")
	}
}

// TestUnit: what is in the unit is what was checked, whatever the paths are.
func TestUnit(t *testing.T) {
	t.Parallel()
	text := Upload{Dir: `/home/50% off/api`, Sum: "0123"}.unit()
	for _, line := range []string{`Environment="SRC=/home/50%% off/api/vpm"`, `Environment="SUM=0123"`, `Environment="FROM=/home/50%% off/api"`} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the unit does not say %s:\n%s", line, text)
		}
	}
	for dir, want := range map[string]string{"relative": "absolute", "/with\nline": "absolute", `/with"quote`: "absolute", "/missing": "cannot read"} {
		if err := (Upload{DataDir: "/data", Dir: dir}).check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", dir, err)
		}
	}
}

// TestNeverAsRoot: this test is run by root, and the line is for a web server's user.
func TestNeverAsRoot(t *testing.T) {
	t.Parallel()
	u := Upload{DataDir: t.TempDir(), Dir: t.TempDir(), Sum: "0"}
	must(t, os.WriteFile(filepath.Join(u.Dir, Program), nil, 0o600))
	started, err := u.AfterChange(t.Context())
	left, _ := fs.Glob(os.DirFS(u.DataDir), "*")
	if uid := os.Geteuid(); uid == 0 && (started || err != nil || len(left) > 0) {
		t.Errorf("as root: %v, %v, %q", started, err, left)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
