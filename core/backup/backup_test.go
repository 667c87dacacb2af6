package backup_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/backup"
	"vpm/core/store"
	"vpm/scripts/lab"
)

var server *lab.MariaDB

func TestMain(m *testing.M) {
	lab.Main(m, func(string) (err error) {
		// Moments come back whole though the server keeps them in a zone of its own.
		if server, err = lab.SharedMariaDB(); err == nil {
			_, err = server.Exec("SET GLOBAL time_zone = '-03:30'")
		}
		return err
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

var panels atomic.Int64

// newPanel gives what makes backups of a new database.
func newPanel(t *testing.T, driver string) *backup.Keeper {
	t.Helper()
	o := store.Options{SQLite: filepath.Join(t.TempDir(), "vpm.sqlite")}
	if driver == "mysql" {
		name := fmt.Sprintf("panel_%d", panels.Add(1))
		user, password, err := server.CreateDatabase(name)
		must(t, err)
		o = store.Options{MySQL: store.MySQL{Socket: server.Socket, Database: name, User: user, Password: password}}
	} else {
		must(t, store.CreateSQLite(t.Context(), o.SQLite))
	}
	db, err := store.Open(o)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Migrate(t.Context())
	must(t, err)
	return &backup.Keeper{DB: db, Dir: t.TempDir(), Now: func() time.Time { return now }}
}

// rows are what a panel may hold: every kind of value, and texts that somebody has to quote.
func rows() iter.Seq2[store.Row, error] {
	const moment = 1_700_000_000
	odd := "O'Neill \"\\\n\t€ \U0001f600 <b> \u2028 %s ?"
	list := []store.Row{
		{Table: "instances", Columns: []string{"id", "instance_id", "instance_name", "cms_type", "domain", "database_name", "database_prefix", "status", "config", "created_at", "updated_at", "activated_at"},
			Values: []any{int64(9), "blog", odd, "wordpress", nil, "", "", "inactive", `{"path":"/home/é"}`, int64(moment), int64(moment + 1), nil}},
		{Table: "virtual_processes", Columns: []string{"id", "instance_id", "virtual_pid", "status", "started_at", "stopped_at", "created_at", "updated_at"},
			Values: []any{int64(4), "blog", "v1795432247830784415", "stopped", int64(moment), int64(moment + 60), int64(moment), int64(moment)}},
		{Table: "admin_users", Columns: []string{"id", "username", "password", "role", "permissions", "status", "created_at", "updated_at"},
			Values: []any{int64(3), "Zoë", "$2y$10$x", "admin", `["*"]`, "active", int64(moment), int64(moment)}},
		{Table: "vpm_gates", Columns: []string{"instance_row", "generation", "applied", "reason", "until_at"},
			Values: []any{int64(9), int64(12), int64(11), odd, int64(moment)}},
		{Table: "vpm_events", Columns: []string{"id", "occurred_at", "instance_id", "action", "actor", "result"},
			Values: []any{int64(1) << 53, int64(moment)*1_000_000 + 123_457, "blog", "stop", "Zoë", "ok"}},
		{Table: "vpm_samples", Columns: []string{"instance_row", "at", "span", "ticks", "healthy", "unhealthy", "memory"},
			Values: []any{int64(9), int64(moment), int64(0), int64(1), int64(1), int64(0), int64(9_007_199_254_740_993)}},
	}
	return func(yield func(store.Row, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// held is what a panel has, but for the events of backups.
func held(t *testing.T, k *backup.Keeper) (lines []string) {
	t.Helper()
	for row, err := range k.DB.Dump(t.Context()) {
		must(t, err)
		if !slices.Contains(row.Values, any(core.ActionBackup)) && !slices.Contains(row.Values, any(core.ActionRestore)) {
			lines = append(lines, fmt.Sprintf("%s %#v", row.Table, row.Values))
		}
	}
	return lines
}

// TestBackAndForth takes a panel through both databases, and nothing of it changes.
func TestBackAndForth(t *testing.T) {
	t.Parallel()
	for _, way := range [][]string{{"sqlite", "mysql", "sqlite"}, {"mysql", "sqlite", "mysql"}} {
		t.Run(way[0], func(t *testing.T) {
			t.Parallel()
			var want []string
			saved := ""
			dir := t.TempDir()
			for i, driver := range way {
				k := newPanel(t, driver)
				if i == 0 {
					must(t, k.DB.Load(t.Context(), rows(), false))
					want = held(t, k)
				} else if _, err := k.RestoreFrom(t.Context(), core.Actor{Name: "eva"}, saved, false); err != nil {
					t.Fatal(err)
				}
				if got := held(t, k); !slices.Equal(got, want) || len(want) != 6 {
					t.Errorf("%s holds\n%s\nwant\n%s", driver, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				s, err := k.SaveAs(t.Context(), core.Actor{Name: "eva"}, filepath.Join(dir, fmt.Sprint(i)))
				must(t, err)
				saved = s.Path
			}
		})
	}
}

// file is a backup of rows.
func file(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := backup.Write(&b, now, rows())
	must(t, err)
	return b.Bytes()
}

// TestDamage: a file that lacks a byte, or has another in its place, is refused before anything is touched.
func TestDamage(t *testing.T) {
	t.Parallel()
	whole := file(t)
	if f, err := backup.Open(bytes.NewReader(whole)); err != nil || f.Rows != 6 || !f.MadeAt.Equal(now) {
		t.Fatalf("a whole one: %+v %v", f, err)
	}
	for i := range whole {
		if _, err := backup.Open(bytes.NewReader(whole[:i])); core.CodeOf(err) != core.CodeInvalid {
			t.Fatalf("cut off at byte %d: %v", i, err)
		}
		changed := bytes.Clone(whole)
		changed[i] ^= 0x20
		// Some bits say nothing: gzip's own name and time, and what fills up its last block.
		_, err := backup.Open(bytes.NewReader(changed))
		if core.CodeOf(err) != core.CodeInvalid && unpack(t, changed) != unpack(t, whole) {
			t.Fatalf("changed at byte %d of %d: %v", i, len(whole), err)
		}
	}
}

func unpack(t *testing.T, file []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(file))
	must(t, err)
	text, err := io.ReadAll(r)
	must(t, err)
	return string(text)
}

// TestRefused are files that are whole and must not be restored.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want core.Code
	}{
		"absent.gz":   {"", core.CodeNotFound},
		"../up.gz":    {"", core.CodeInvalid},
		"..":          {"", core.CodeInvalid},
		"":            {"", core.CodeInvalid},
		"text.gz":     {"not a backup", core.CodeInvalid},
		"newer.gz":    {pack(`{"vpm_backup":1,"schema":9999}` + "\n"), core.CodeInvalid},
		"form.gz":     {pack(`{"vpm_backup":2,"schema":3}` + "\n"), core.CodeInvalid},
		"other.gz":    {pack(`{"a":1}` + "\n"), core.CodeInvalid},
		"endless.gz":  {pack(strings.Repeat("x", 40<<20)), core.CodeInvalid},
		"no-lines.gz": {pack(""), core.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newPanel(t, "sqlite")
			must(t, k.DB.Load(t.Context(), rows(), false))
			before := held(t, k)
			if c.file != "" {
				must(t, os.WriteFile(filepath.Join(k.Dir, name), []byte(c.file), 0o600))
			}
			if _, err := k.Restore(t.Context(), core.Actor{}, name, true); core.CodeOf(err) != c.want {
				t.Errorf("%v; want code %s", err, c.want)
			}
			if !slices.Equal(held(t, k), before) {
				t.Error("the panel has changed")
			}
		})
	}
}

// TestSave: only the owner may read a backup, none is overwritten, and one that fails leaves no file.
func TestSave(t *testing.T) {
	t.Parallel()
	k := newPanel(t, "sqlite")
	must(t, k.DB.Load(t.Context(), rows(), false))
	s, err := k.Save(t.Context(), core.Actor{})
	must(t, err)
	info, err := os.Stat(s.Path)
	must(t, err)
	if info.Mode() != 0o600 || s.Rows != 6 || filepath.Base(s.Path) != "vpm-backup-20261123-100000.gz" {
		t.Errorf("it saved %+v, mode %v", s, info.Mode())
	}
	if _, err := k.Save(t.Context(), core.Actor{}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("again in the same second: %v", err)
	}
	if _, err := k.Restore(t.Context(), core.Actor{}, filepath.Base(s.Path), false); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("without replace: %v", err)
	}
	if f, err := k.Restore(t.Context(), core.Actor{}, filepath.Base(s.Path), true); err != nil || f.Rows != 6 {
		t.Errorf("with replace: %+v %v", f, err)
	}
	k.DB.Close()
	if _, err := k.SaveAs(t.Context(), core.Actor{}, filepath.Join(k.Dir, "second.gz")); err == nil {
		t.Error("it saved a database that is closed")
	}
	if left, _ := os.ReadDir(k.Dir); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

// pack compresses a text.
func pack(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// TestBackupSweepsUpAfterTheKilled: each has another name, so it is the next that removes what is left.
func TestBackupSweepsUpAfterTheKilled(t *testing.T) {
	t.Parallel()
	k := newPanel(t, "sqlite")
	left := filepath.Join(k.Dir, ".vpm-backup-20260101-000000.gz.vpm-tmp-123")
	must(t, os.WriteFile(left, []byte("half"), 0o600))
	_, err := k.Save(t.Context(), core.Actor{Name: "admin"})
	must(t, err)
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("what a killed backup left is still there: %v", err)
	}
}
