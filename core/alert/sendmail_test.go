package alert

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program writes an executable script; no fork of another test may hold it open for writing meanwhile.
func program(t *testing.T, script string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sendmail")
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSendmail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// The arguments, one a line, then the environment, then the message.
	path := program(t, `cd "`+dir+`" && printf '%s\n' "$@" > args && env > env && cat > message`)
	m := &Mail{From: "vpm <vpm@host.example>", To: []string{"Ädmin <admin@host.example>", "second;rm@host.example", "a$HOME@host.example"}, Sendmail: path}
	wantError(t, m.Check(), "each recipient") // a semicolon needs quoting
	m.To[1] = "second@host.example"
	a := sample("id1", "one", start)
	if _, err := m.send(t.Context(), a, 0); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, dir, "args"), "-i\n-f\nvpm@host.example\n--\nadmin@host.example\nsecond@host.example\na$HOME@host.example\n"; got != want {
		t.Errorf("the arguments are %q", got)
	}
	for line := range strings.Lines(read(t, dir, "env")) {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "PATH", "LC_ALL", "HOME", "USER", "LOGNAME", "TZ", "PWD", "OLDPWD", "SHLVL", "_":
		default:
			t.Errorf("it was told %s", line)
		}
	}
	text := read(t, dir, "message")
	var r received
	if err := r.read(text); err != nil || strings.Contains(text, "\r") || r.body != a.Text || r.Header.Get("Message-Id") != "<id1@host.example>" {
		t.Errorf("the message is %q, %v", text, err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSendmailThatFails(t *testing.T) {
	t.Parallel()
	for script, word := range map[string]string{
		"echo 'no disk left' >&2; exit 75": "exit status 75: no disk left",
		"yes out | head -c 100000; exit 1": "exit status 1: out",
		"kill -9 $$":                       "killed",
		"exec sleep 600":                   "in time",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if word == "in time" {
			ctx, cancel = context.WithTimeout(ctx, time.Second)
		}
		_, err := (&Mail{From: "a@x.example", To: []string{"b@x.example"}, Sendmail: program(t, script)}).send(ctx, sample("id1", "one", start), 0)
		cancel()
		wantError(t, err, word)
	}
	_, err := (&Mail{From: "a@x.example", To: []string{"b@x.example"}, Sendmail: "/nowhere/sendmail"}).send(t.Context(), sample("id1", "one", start), 0)
	wantError(t, err, "no such file")
}

// TestSendmailThatIsDone has the mail when it says so, with the message unread, or a child that keeps the output open.
func TestSendmailThatIsDone(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	a := sample("id1", "one", start)
	a.Text = strings.Repeat("a long text\n", 20000) // more than a pipe holds
	for _, script := range []string{"exit 0", "cat >/dev/null; cat '" + fifo + "' & exit 0"} {
		if _, err := (&Mail{From: "a@x.example", To: []string{"b@x.example"}, Sendmail: program(t, script)}).send(t.Context(), a, 0); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	}
	end, err := os.OpenFile(fifo, os.O_WRONLY, 0) // waits for the child, which goes when this is closed
	if err != nil {
		t.Fatal(err)
	}
	if err := end.Close(); err != nil {
		t.Error(err)
	}
}
