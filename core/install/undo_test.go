package install_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/install"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestUndo: what was there before is put back, and what people have put there since is not lost.
func TestUndo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "vpm.conf")
	want := func(what, left, says string, err error) {
		t.Helper()
		if err != nil || !strings.Contains(left, says) || (left == "") != (says == "") {
			t.Errorf("%s: left %q, %v; want %q", what, left, err, says)
		}
	}
	left, err := install.UndoFile(path, "ours")
	want("a file that is gone", left, "", err)
	must(t, os.WriteFile(path, []byte("ours"), 0o644))
	left, err = install.UndoFile(path, "ours")
	want("our file", left, "", err)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("our file stays: %v", err)
	}
	must(t, os.WriteFile(path, []byte("edited"), 0o644))
	left, err = install.UndoFile(path, "ours")
	want("an edited file", left, "is kept as "+path+".vpm-kept", err)
	if is, err := os.ReadFile(path + ".vpm-kept"); string(is) != "edited" || err != nil {
		t.Errorf("the edited file is %q, %v", is, err)
	}

	left, err = install.UndoMade(dir)
	want("a directory with something in it", left, "is not empty and stays", err)
	left, err = install.UndoMade(filepath.Join(dir, "none"))
	want("a directory that is gone", left, "", err)
	left, err = install.UndoDir(filepath.Join(dir, "none"), 0o755, 0, 0)
	want("an earlier directory that is gone", left, "", err)
	must(t, os.Mkdir(filepath.Join(dir, "srv"), 0o700))
	left, err = install.UndoDir(filepath.Join(dir, "srv"), 0o751|os.ModeSetgid, 123, 456)
	want("an earlier directory", left, "", err)
	info, err := os.Stat(filepath.Join(dir, "srv"))
	must(t, err)
	if st := info.Sys().(*syscall.Stat_t); info.Mode() != os.ModeDir|os.ModeSetgid|0o751 || st.Uid != 123 || st.Gid != 456 {
		t.Errorf("the earlier directory is %v of %d:%d", info.Mode(), st.Uid, st.Gid)
	}
}

// TestPlaceBack: the database comes back with nothing beside it that SQLite would apply to it.
func TestPlaceBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fresh, target := filepath.Join(dir, "fresh"), filepath.Join(dir, "data", "vpm.sqlite")
	must(t, errors.Join(os.Mkdir(filepath.Dir(target), 0o700), os.WriteFile(fresh, []byte("now"), 0o600)))
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		must(t, os.WriteFile(target+end, []byte("before"), 0o600))
	}
	must(t, install.PlaceBack(fresh, target, 0o640, 123, 456))
	names, err := filepath.Glob(filepath.Join(dir, "data", "*"))
	is, readErr := os.ReadFile(target)
	if must(t, errors.Join(err, readErr)); string(is) != "now" || len(names) != 1 {
		t.Errorf("the database is %q, among %q", is, names)
	}
}

// TestUnused: a database that a process has open is not taken over, by whatever name it is called.
func TestUnused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "data", "vpm.sqlite"), filepath.Join(dir, "link", "vpm.sqlite")
	must(t, errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.Symlink("data", filepath.Dir(other)), os.WriteFile(path, nil, 0o600)))
	f, err := os.Open(path)
	must(t, err)
	defer f.Close() // this process does not count
	holder := exec.Command("cat")
	holder.ExtraFiles = []*os.File{f}
	in, err := holder.StdinPipe()
	must(t, errors.Join(err, holder.Start()))
	for _, name := range []string{path, other} {
		if err := install.Unused(context.Background(), name, 200*time.Millisecond); core.CodeOf(err) != core.CodeBusy {
			t.Errorf("%s, which is open: %v", name, err)
		}
	}
	must(t, errors.Join(in.Close(), holder.Wait()))
	for _, name := range []string{path, other} {
		must(t, install.Unused(context.Background(), name, time.Minute))
	}
}

// TestTakenOverSettings: the server has the settings of the upload, those of another program included, and none of what
// depends on the place.
func TestTakenOverSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, says string }{
		"another program's": {".env", "APP_KEY=x\nDB_HOST=db.test\nDB_PORT=3307\nDB_DATABASE=panel\nDB_USERNAME=ann\nDB_PASSWORD='a\"$b\\#c'\n", "VPM_DB_NAME="},
		"its own": {"vpm.env", "# Settings of vpm, the old\n# mine\n\nVPM_DATA_DIR=/old\nVPM_LOG_FILE=/old/log\nVPM_DB_DRIVER=mysql\nVPM_DB_HOST=db.test\nVPM_DB_PORT=3307\nVPM_DB_NAME=panel\nVPM_DB_USER=ann\nVPM_DB_PASSWORD='a\"$b\\#c'\n",
			"# mine\n"},
	} {
		home := t.TempDir()
		web := filepath.Join(home, "web")
		place := config.Place{ProgramDir: filepath.Join(web, "api"), Docroot: web, WebRoot: web}
		must(t, os.WriteFile(filepath.Join(home, c.file), []byte(c.text), 0o600))
		old, err := config.Load(place)
		must(t, err)
		text, err := install.TakenOverText(old)
		must(t, err)
		if !strings.Contains(string(text), c.says) || strings.Contains(string(text), "/old") {
			t.Errorf("%s are\n%s", name, text)
		}
		must(t, errors.Join(os.RemoveAll(filepath.Join(home, c.file)), os.WriteFile(filepath.Join(home, "vpm.env"), text, 0o600)))
		is, err := config.Load(place)
		must(t, err)
		if is.DBDriver != old.DBDriver || is.DBHost != "db.test" || is.DBPort != 3307 || is.DBName != "panel" || is.DBUser != "ann" ||
			is.DBPassword != "a\"$b\\#c" || is.DataDir != install.DataDir || is.LogFile != "" {
			t.Errorf("%s are read as %+v", name, is)
		}
	}
}

func TestPointedBack(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"VPM_DATA_DIR=\"/old\"\nVPM_DB_DRIVER=sqlite\n", "VPM_DB_DRIVER=sqlite\n"} {
		edited := string(install.Pointed([]byte(before), install.DataDir)) + "VPM_LOG_LEVEL=warn\n"
		is := string(install.PointedBack([]byte(edited), []byte(before)))
		if strings.Contains(is, install.DataDir) || strings.Contains(is, "/old") != strings.Contains(before, "/old") || !strings.Contains(is, "sqlite\n") || !strings.HasSuffix(is, "warn\n") {
			t.Errorf("%q becomes %q", edited, is)
		}
	}
	const moved = "VPM_DATA_DIR=/mine\n"
	if is := string(install.PointedBack([]byte(moved), []byte("VPM_DATA_DIR=/old\n"))); is != moved {
		t.Errorf("a directory of one's own becomes %q", is)
	}
}

func TestNewestFPM(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := install.NewestFPM(dir + "/php-fpm*"); got != "" {
		t.Errorf("of none: %q", got)
	}
	for name, mode := range map[string]os.FileMode{"php-fpm8.9": 0o755, "php-fpm8.10": 0o755, "php-fpm8.11": 0o644, "php-fpm7.4": 0o755} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, mode))
	}
	if got := install.NewestFPM(dir + "/php-fpm*"); got != dir+"/php-fpm8.10" {
		t.Errorf("the newest is %q", got)
	}
}

func TestSudoersRule(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"www-data ALL=(ALL) NOPASSWD: /usr/sbin/php-fpm*, /bin/systemctl": true,
		"www-data ALL=(ALL) NOPASSWD: ALL\n":                              true,
		"%www-data ALL=(ALL:ALL) ALL":                                     true,
		"ALL ALL=(root) NOPASSWD: /bin/true, ALL":                         true,
		"www-data ALL=(ALL) NOPASSWD: /bin/true":                          false,
		"ann ALL=(ALL) ALL":                                               false,
		"# www-data ALL=(ALL) ALL":                                        false,
		"www-data":                                                        false,
	} {
		if got := install.SudoersRule(line, "www-data"); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
