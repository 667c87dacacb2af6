package sitelog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
)

func write(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func nowhere(string) bool { return false }

func TestNewestLogIsRead(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	docroot := filepath.Join(dir, "public_html")
	write(t, filepath.Join(docroot, "error_log"), "old\n", time.Hour)
	write(t, filepath.Join(docroot, "wp-content", "debug.log"), "one\ntwo\nthree\xff\n", time.Minute)
	got, err := Find(docroot, "wordpress", 2, nowhere)
	if err != nil || fmt.Sprint(got.Lines) != "[two three\uFFFD]" || !got.Truncated || !strings.HasSuffix(got.Path, "debug.log") {
		t.Errorf("of a WordPress: %+v, %v", got, err)
	}
	if got, err = Find(docroot, "joomla", 10, nowhere); err != nil || fmt.Sprint(got.Lines) != "[old]" || got.Truncated {
		t.Errorf("of a Joomla: %+v, %v", got, err)
	}
}

// TestLogsOfEachCMS: the place that one writes to says nothing of a site of another.
func TestLogsOfEachCMS(t *testing.T) {
	t.Parallel()
	for cms, place := range map[string]string{"wordpress": "wp-content/debug.log", "joomla": "administrator/logs/error.php", "drupal": "sites/default/files/php_error.log"} {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.FromSlash(place)), "one\n", time.Minute)
		if got, err := Find(dir, cms, 10, nowhere); err != nil || fmt.Sprint(got.Lines) != "[one]" {
			t.Errorf("of a %s: %+v, %v", cms, got, err)
		}
		if got, err := Find(dir, "native", 10, nowhere); err == nil {
			t.Errorf("of another CMS than %s: %+v", cms, got)
		}
	}
}

func TestLongLogsAreCut(t *testing.T) {
	t.Parallel()
	docroot, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "line %d of a long log\n", i)
	}
	write(t, filepath.Join(docroot, "error_log"), b.String(), 0)
	got, err := Find(docroot, "native", 1<<30, nowhere)
	if err != nil || len(got.Lines) != MaxLines || got.Lines[MaxLines-1] != "line 19999 of a long log" || !strings.HasPrefix(got.Lines[0], "line ") || !got.Truncated {
		t.Errorf("%d lines, the first %q, %v", len(got.Lines), got.Lines[0], err)
	}
	write(t, filepath.Join(docroot, "error_log"), "", 0)
	if got, err = Find(docroot, "native", 5, nowhere); err != nil || len(got.Lines) != 0 {
		t.Errorf("of an empty log: %+v, %v", got, err)
	}
}

// TestWhatIsNoLogIsLeft: a FIFO would hang, and a link may lead to what people of the panel must not read.
func TestWhatIsNoLogIsLeft(t *testing.T) {
	t.Parallel()
	docroot, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "a secret\n", 0)
	if err := os.Symlink(secret, filepath.Join(docroot, "error_log")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(docroot, "error.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(docroot, "native", 5, nowhere); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("read was %+v, %v", got, err)
	}
	if got, err := Find(docroot, "native", 5, func(string) bool { return true }); err != nil || fmt.Sprint(got.Lines) != "[a secret]" {
		t.Errorf("of a link that may be followed: %+v, %v", got, err)
	}
}
