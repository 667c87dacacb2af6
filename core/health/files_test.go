package health

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"vpm/core"
)

// asNobody runs f on a thread that looks at files as the user nobody; the thread ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread is of no use to others
		var err error
		if os.Geteuid() == 0 {
			err = syscall.Setfsuid(65534)
		}
		if err == nil {
			f()
		}
		ended <- err
	}()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// fifo makes a FIFO that nobody writes to.
func fifo(t *testing.T, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	for dir := base; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"full": 0o755, "no reading": 0o711, "no entering": 0o744, "closed": 0, "empty": 0o755} {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if name != "empty" {
			put(t, "x", dir, "index.php")
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"link": "full", "to nothing": "nothing", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(base, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		dir    string
		result core.CheckResult
		word   string
	}{
		{filepath.Join(base, "full"), core.CheckOK, ""},
		{filepath.Join(base, "link"), core.CheckOK, ""},
		{filepath.Join(base, "empty"), core.CheckWarning, "empty"},
		{filepath.Join(base, "none"), core.CheckFailed, "does not exist"},
		{filepath.Join(base, "to nothing"), core.CheckFailed, "does not exist"},
		{filepath.Join(base, "loop"), core.CheckFailed, "too many levels"},
		{filepath.Join(base, "closed", "site"), core.CheckFailed, "may not be read"},
		{filepath.Join(base, "closed"), core.CheckFailed, "may not be read"},
		{filepath.Join(base, "no reading"), core.CheckFailed, "may not be read"},
		{filepath.Join(base, "no entering"), core.CheckFailed, "may not be read"},
		{put(t, "x", base, "file"), core.CheckFailed, "not a directory"},
		{fifo(t, base, "fifo"), core.CheckFailed, "not a directory"},
		{"", core.CheckFailed, ""},
	} {
		asNobody(t, func() {
			x := examination{Subject: Subject{Dir: c.dir}}
			wantCheck(t, c.dir, x.directory(t.Context()), c.result, c.word)
		})
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) func() (string, error) { return func() (string, error) { return name, nil } }
	for word, c := range map[string]struct {
		file   func() (string, error)
		result core.CheckResult
	}{
		"no configuration file": {nil, core.CheckSkipped},
		"can be read":           {at(put(t, "<?php", dir, "wp-config.php")), core.CheckOK},
		"is empty":              {at(put(t, "", dir, "empty.php")), core.CheckFailed},
		"no such file":          {at(filepath.Join(dir, "none.php")), core.CheckFailed},
		"is not a file":         {at(fifo(t, dir, "fifo.php")), core.CheckFailed},
		"it says so":            {func() (string, error) { return "", core.Errorf(core.CodeNotFound, "it says so") }, core.CheckFailed},
		"may not be shown":      {func() (string, error) { return "", errors.New("s3cret") }, core.CheckFailed},
	} {
		x := examination{Subject: Subject{ConfigFile: c.file}}
		wantCheck(t, word, x.configuration(t.Context()), c.result, word)
	}
	x := examination{Subject: Subject{ConfigFile: at(dir)}}
	wantCheck(t, "a directory", x.configuration(t.Context()), core.CheckFailed, "not a file")
	closed := put(t, "<?php", dir, "closed.php")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		x := examination{Subject: Subject{ConfigFile: at(closed)}}
		wantCheck(t, "closed", x.configuration(t.Context()), core.CheckFailed, "permission denied")
	})
}

// TestACheckThatHangs blocks one in a system call that no deadline ends, as a dead mount does: opening a FIFO.
func TestACheckThatHangs(t *testing.T) {
	t.Parallel()
	s := subject(t, siteAt(t, "http", "a.example", serve(t, &recorder{answer: say200("welcome")})))
	pipe := fifo(t, s.Dir, "wp-config.php")
	begun := make(chan struct{}, 2)
	s.ConfigFile = func() (string, error) {
		begun <- struct{}{}
		f, err := os.Open(pipe)
		if err != nil {
			return "", err
		}
		return filepath.Join(s.Dir, "index.php"), f.Close()
	}
	short := examiner{budget: 5 * time.Second, patience: time.Second / 2}
	h := short.examine(t.Context(), s)
	hangs := checkOf(t, h, "configuration")
	wantCheck(t, "hangs", hangs, core.CheckUnknown, "There was no answer in ")
	var waited float64
	if _, err := fmt.Sscanf(hangs.Reason, "There was no answer in %g s.", &waited); err != nil || waited < 5 {
		t.Errorf("it waited %v s (%v), and had 5", waited, err)
	}
	wantCheck(t, "the others go on", checkOf(t, h, "directory"), core.CheckOK, "")

	// As long as it hangs, nobody else is sent after it, and nobody waits.
	h = examiner{budget: time.Hour, patience: time.Second}.examine(t.Context(), s)
	wantCheck(t, "still hangs", checkOf(t, h, "configuration"), core.CheckUnknown, "still no answer")
	if len(begun) != 1 {
		t.Errorf("%d checks were begun", len(begun))
	}

	old, ok := hung.Load(runKey{"configuration", s.Dir, s.URL})
	if !ok {
		t.Fatal("the check that hangs is not known")
	}
	other, err := os.OpenFile(pipe, os.O_RDWR, 0) // lets the open go on
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	<-old.(*run).ended
	h = quick().examine(t.Context(), s)
	wantCheck(t, "again", checkOf(t, h, "configuration"), core.CheckOK, "")
	if _, still := hung.Load(runKey{"configuration", s.Dir, s.URL}); still {
		t.Error("it still counts as hanging")
	}
}

// TestACallerWhoLeaves does not wait for a check that hangs, and holds nothing against it.
func TestACallerWhoLeaves(t *testing.T) {
	t.Parallel()
	s := subject(t, Site{})
	ctx, cancel := context.WithCancel(t.Context())
	let := make(chan struct{})
	s.Database = func(context.Context) error {
		cancel()
		<-let
		return nil
	}
	h := examiner{budget: time.Hour, patience: time.Hour}.examine(ctx, s)
	wantCheck(t, "left", checkOf(t, h, "database"), core.CheckUnknown, "no answer")
	close(let)
	wantCheck(t, "again", checkOf(t, quick().examine(t.Context(), s), "database"), core.CheckOK, "")
}
