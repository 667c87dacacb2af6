package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// switchIn makes the handler of a vpm-386.cgi that lies in a directory of its own, beside the given vpm.cgi.
func switchIn(t *testing.T, vpmCGI string) (handler *switch386, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{program386: "the 32-bit program", programMain: vpmCGI} {
		writeSwitchFile(t, filepath.Join(dir, name), content)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return &switch386{next: next, program: filepath.Join(dir, program386)}, dir
}

func writeSwitchFile(t *testing.T, path, content string) {
	t.Helper()
	// A process that another test starts would have the file open for a moment, and it could not be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestSwitch386Requests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, origin string
		status               int
	}{
		{"POST", "/api/switch386.php", "", 200},
		{"POST", "/api/switch386", "", 200},
		{"POST", "/panel//api/./switch386/", "", 200},
		{"POST", "/api/switch386.php", "https://evil.example", 403},
		{"POST", "/api/switch386.php", "null", 403},
		{"POST", "/api/switch386.php", "http://example.com", 200},
		{"GET", "/api/switch386.php", "", 405},
		{"HEAD", "/api/switch386.php", "", 405},
		{"PUT", "/api/switch386.php", "", 405},
		{"OPTIONS", "/api/switch386.php", "", 204},
		{"POST", "/api/setup.php", "", http.StatusTeapot},
		{"POST", "/api/switch386.php/setup", "", http.StatusTeapot},
		{"POST", "/", "", http.StatusTeapot},
	} {
		s, _ := switchIn(t, "the 32-bit program")
		body := strings.NewReader(strings.Repeat("x", 200_000))
		r := httptest.NewRequest(c.method, "http://example.com"+c.path, body)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s from %q = %d, want %d", c.method, c.path, c.origin, w.Code, c.status)
		}
		if c.status == http.StatusTeapot {
			continue
		}
		if body.Len() > 0 {
			t.Errorf("%s %s leaves %d bytes of the body unread", c.method, c.path, body.Len())
		}
		h := w.Header()
		if h.Get("Content-Type") != "application/json" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s has the headers %v", c.method, c.path, h)
		}
		if (h.Get("Allow") != "") != (c.status == 405 || c.status == 204) {
			t.Errorf("%s %s = %d has Allow %q", c.method, c.path, c.status, h.Get("Allow"))
		}
		if c.status != 204 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s answers %q", c.method, c.path, w.Body)
		}
	}
}

// Only vpm-386.cgi switches: a vpm.cgi of 32 bits is vpm and nothing else.
func TestSwitch386OtherNames(t *testing.T) {
	t.Parallel()
	s, dir := switchIn(t, "the 32-bit program")
	s.program = filepath.Join(dir, programMain)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("POST", "/api/switch386.php", nil))
	if w.Code != http.StatusTeapot {
		t.Errorf("vpm.cgi answers %d", w.Code)
	}
}

func TestSwitch386KeepsWhatIsNoProgram(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "#!/bin/sh\nexit 2\n", "\x7fELF\x02", "\x7fELF\x01" + strings.Repeat("\x00", 100)} {
		s, dir := switchIn(t, content)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/api/switch386.php", nil))
		if w.Code != 503 && w.Code != 409 {
			t.Errorf("beside %q the answer is %d %s", content, w.Code, w.Body)
		}
		if is, err := os.ReadFile(filepath.Join(dir, programMain)); err != nil || string(is) != content {
			t.Errorf("%q was replaced by %q, %v", content, is, err)
		}
	}
}

func TestProgramBits(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	want := 32 << (^uint(0) >> 63)
	if bits, err := programBits(self); bits != want || err != nil {
		t.Errorf("this program has %d bits, %v", bits, err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	for _, size := range []int{0, 20, 64, 100, 1 << 20} {
		writeSwitchFile(t, cut, string(program[:size]))
		if bits, err := programBits(cut); err == nil && bits == 64 {
			t.Errorf("the first %d bytes of it are taken for a program", size)
		}
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		script string
		want   seen
	}{
		"answers":   {"echo 'Status: 404 Not Found'; exit 1", runs},
		"memory":    {"echo 'fatal error: failed to reserve page summary memory' >&2; exit 2", dies},
		"signal":    {"kill -KILL $$", dies},
		"much":      {"head -c 1000000 /dev/zero >&2; exit 2", dies},
		"processes": {"echo 'runtime: failed to create new OS thread (have 2 already; errno=11)' >&2; exit 2", lacksProcesses},
		"silent":    {"exit 0", undecided},
		"hangs":     {"exec sleep 60", undecided},
		"sometimes": {"test -e tried && exit 2; touch tried; echo 'Status: 404 Not Found'", dies},
	} {
		file := filepath.Join(dir, name)
		writeSwitchFile(t, file, "#!/bin/sh\n"+c.script+"\n")
		ctx, cancel := context.Background(), func() {}
		if name == "hangs" {
			ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		}
		is, err := try(ctx, file)
		cancel()
		if is != c.want || (err == nil) != (c.want == runs) {
			t.Errorf("a program that %s: %s is seen as %d, %v, want %d", name, c.script, is, err, c.want)
		}
	}
	writeSwitchFile(t, filepath.Join(dir, "no program"), "text")
	if is, err := try(context.Background(), filepath.Join(dir, "no program")); is != undecided || err == nil {
		t.Errorf("what is no program is seen as %d, %v", is, err)
	}
}

func TestInstallKeepsANewerUpload(t *testing.T) {
	t.Parallel()
	s, dir := switchIn(t, "old")
	target := filepath.Join(dir, programMain)
	was, err := os.Lstat(target)
	if err != nil {
		t.Fatal(err)
	}
	writeSwitchFile(t, target+".new", "newer")
	if err := os.Rename(target+".new", target); err != nil {
		t.Fatal(err)
	}
	if err := install(s.program, target, was); err != errChanged {
		t.Errorf("install says %v, want %v", err, errChanged)
	}
	if is, err := os.ReadFile(target); err != nil || string(is) != "newer" {
		t.Errorf("the upload is %q now, %v", is, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

func TestSameContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	long := bytes.Repeat([]byte("x"), 64<<10)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"a", "a", true},
		{"a", "", false},
		{"a", "b", false},
		{string(long), string(long), true},
		{string(long), string(long) + "y", false},
		{string(long[1:]), string(long), false},
		{string(long) + "y", string(long) + "z", false},
	} {
		writeSwitchFile(t, a, c.a)
		writeSwitchFile(t, b, c.b)
		if got, err := sameContent(a, b); got != c.want || err != nil {
			t.Errorf("%d and %d bytes: %v, %v, want %v", len(c.a), len(c.b), got, err, c.want)
		}
	}
	if _, err := sameContent(a, dir); err == nil {
		t.Error("a directory can be compared")
	}
}
