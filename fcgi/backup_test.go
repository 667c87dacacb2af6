package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/core/store"
	"vpm/scripts/lab"
)

// TestBackup: a backup is the file of the person who asks, whoever owns the panel, and it comes back on either database.
func TestBackup(t *testing.T) {
	t.Parallel()
	const uid, gid = 33, 33 // www-data
	dir, mine := lab.NewDir(t), lab.NewDir(t)
	must(t, os.Chmod(mine, 0o700)) // root's, where the panel's owner cannot write
	o := newOperated(t, setUp(t, dir, store.MySQL{}))
	must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, uid, gid)
		}
		return err
	}))
	file := filepath.Join(mine, "panel.gz")
	wants := func(s spoken, code int, says string) {
		t.Helper()
		said := s.stdout
		if code != 0 {
			said = s.stderr
		}
		if s.code != code || !strings.Contains(said, says) {
			t.Errorf("%+v; want %d and %q", s, code, says)
		}
	}
	wants(o.here("", "backup", file), 0, "file  "+file)
	wants(o.here("", "backup", file), 5, "already exists")
	info, err := os.Stat(file)
	must(t, err)
	if st := info.Sys().(*syscall.Stat_t); st.Uid != 0 || info.Mode() != 0o600 {
		t.Errorf("the backup belongs to %d and has the mode %v", st.Uid, info.Mode())
	}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if info, e := d.Info(); err == nil && e == nil && info.Sys().(*syscall.Stat_t).Uid != uid {
			t.Errorf("%s belongs to another user", path)
		}
		return err
	}))
	wants(o.here("", "events"), 0, "panel.gz")
	stream := o.here("", "backup", "-")
	wants(stream, 0, "\x1f\x8b")
	wants(o.there("", "backup", file), 2, "another machine's panel")

	wants(o.here("correct horse\n", "user", "add", "late"), 0, "User created")
	wants(o.here("", "restore", file, "--dry-run", "-o", "yaml"), 0, "rows: ")
	wants(o.here("", "restore", file), 5, "replace")
	wants(o.here("", "user", "list"), 0, "late")
	wants(o.here("", "restore", file, "--replace"), 0, "Restored")
	if s := o.here("", "user", "list"); s.code != 0 || strings.Contains(s.stdout, "late") {
		t.Errorf("after the restoration the users are %+v", s)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, text[:len(text)-20], 0o600))
	wants(o.here("", "restore", file, "--dry-run"), 2, "it is damaged")
	wants(o.here("", "restore", file, "--replace"), 2, "it is damaged")

	other := newOperated(t, sharedPanel(t))
	wants(other.here("correct horse\n", "user", "add", "other"), 0, "User created")
	wants(other.here(stream.stdout, "restore", "-", "--replace"), 0, "Restored")
	if s := other.here("", "user", "list"); s.code != 0 || strings.Contains(s.stdout, "other") || !strings.Contains(s.stdout, "admin") {
		t.Errorf("on the other database the users are %+v", s)
	}
	there := newOperated(t, sharedPanel(t))
	made := there.there("", "backup", "-o", "json")
	_, name, _ := strings.Cut(made.stdout, `"file": "`)
	name, _, _ = strings.Cut(name, `"`)
	wants(made, 0, "vpm-backup-")
	wants(there.there("", "restore", filepath.Base(name)), 5, "replace")
	wants(there.there("", "restore", filepath.Base(name), "--replace", "--dry-run"), 0, "POST /api/restore.php")
	wants(there.there("", "restore", filepath.Base(name), "--replace"), 0, "Restored")
}
