package setup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
)

func TestFreshUploadAsksForSetUp(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	st, err := service(t, account).State(t.Context())
	must(t, err)
	want := core.SetupState{Needed: true, CodeFile: filepath.Join(account, "vpm-data", "setup-code.txt")}
	if st != want {
		t.Errorf("the state is %+v; want %+v", st, want)
	}
	for path, perm := range map[string]os.FileMode{st.CodeFile: 0o600, filepath.Dir(st.CodeFile): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != perm {
			t.Errorf("%s is %v, %v; want %v", path, info.Mode(), err, perm)
		}
	}
	first := code(t, st.CodeFile)
	if len(normal(first)) != 20 {
		t.Errorf("the code is %q", first)
	}
	if _, err := service(t, account, 23*time.Hour).State(t.Context()); err != nil || code(t, st.CodeFile) != first {
		t.Errorf("asking again changed the code (%v)", err)
	}
	if _, err := service(t, account, 25*time.Hour).State(t.Context()); err != nil || code(t, st.CodeFile) == first {
		t.Errorf("an expired code was kept (%v)", err)
	}
}

func TestSetUpOnSQLite(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	r.Code = strings.ToLower(strings.ReplaceAll(r.Code, "-", " ")) // as people type
	must(t, s.Run(t.Context(), r))
	wantOneAdmin(t, account)
	wantClosed(t, account)
	wantNothingAt(t, filepath.Join(account, "vpm-data", "setup-code.txt"))
	wantCode(t, s.Run(t.Context(), r), core.CodeConflict) // in the same process too
	info, err := os.Stat(filepath.Join(account, "vpm.env"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings file is %v, %v; want the permissions 600", info, err)
	}
	if dir := service(t, account).Config.DataDir; dir != filepath.Join(account, "vpm-data") {
		t.Errorf("the recorded data directory is %q", dir)
	}
}

var databases atomic.Int64

func mysqlChoice(t *testing.T) core.DatabaseChoice {
	t.Helper()
	user, pass, err := server.CreateDatabase(fmt.Sprint("setup_", databases.Add(1)))
	must(t, err)
	return core.DatabaseChoice{Driver: config.MySQL, Socket: server.Socket, Name: user, User: user, Password: pass}
}

func TestMySQLIsTriedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	right := mysqlChoice(t)
	for name, spoil := range map[string]func(*core.DatabaseChoice){
		"password": func(c *core.DatabaseChoice) { c.Password = "wr0ng secret" },
		"socket":   func(c *core.DatabaseChoice) { c.Socket = filepath.Join(account, "none.sock") },
		"database": func(c *core.DatabaseChoice) { c.Name = "mysql" },
	} {
		r.Database = right
		spoil(&r.Database)
		err := s.Run(t.Context(), r)
		wantCode(t, err, core.CodeUnavailable)
		if strings.Contains(fmt.Sprint(err), "wr0ng") {
			t.Errorf("with a wrong %s the error shows the password: %v", name, err)
		}
		wantNothingAt(t, filepath.Join(account, "vpm.env"))
		if s.Config.Configured() {
			t.Errorf("a wrong %s was kept", name)
		}
	}
	r.Database = right
	must(t, s.Run(t.Context(), r))
	wantOneAdmin(t, account)
	wantClosed(t, account)
}

func TestSetUpRefusesBadChoices(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	for name, spoil := range map[string]func(*core.SetupRequest){
		"no driver":          func(r *core.SetupRequest) { r.Database.Driver = "" },
		"unknown driver":     func(r *core.SetupRequest) { r.Database.Driver = "oracle" },
		"mysql without name": func(r *core.SetupRequest) { r.Database.Driver = "mysql" },
		"no username":        func(r *core.SetupRequest) { r.Username = "" },
		"unseen in username": func(r *core.SetupRequest) { r.Username = "ad\u200bmin" },
		"space around":       func(r *core.SetupRequest) { r.Username = " ann" },
		"control character":  func(r *core.SetupRequest) { r.Username = "a\nb" },
		"long username":      func(r *core.SetupRequest) { r.Username = strings.Repeat("ä", 51) },
		"short password":     func(r *core.SetupRequest) { r.Password = "1234567" },
		"long password":      func(r *core.SetupRequest) { r.Password = strings.Repeat("x", 73) },
	} {
		bad := r
		spoil(&bad)
		if err := s.Run(t.Context(), bad); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: the error is %v; want invalid", name, err)
		}
		wantNothingAt(t, filepath.Join(account, "vpm.env"))
	}
	must(t, s.Run(t.Context(), r)) // none of them cost the code
}

func TestWrongCodesAreThrottled(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, right := open(t, account)
	asking, wrong := right, right
	asking.Code, wrong.Code = "", "AAAAA-AAAAA-AAAAA-AAAAA"
	for range 9 {
		wantCode(t, s.Run(t.Context(), asking), core.CodeForbidden) // is no guess
	}
	for range wrongCodes {
		err := service(t, account).Run(t.Context(), wrong) // each from a process of its own
		wantCode(t, err, core.CodeForbidden)
		if file := filepath.Join(account, "vpm-data", "setup-code.txt"); !strings.Contains(fmt.Sprint(err), file) {
			t.Errorf("the answer does not name %s: %v", file, err)
		}
	}
	for _, r := range []core.SetupRequest{wrong, right} {
		err := s.Run(t.Context(), r)
		wantCode(t, err, core.CodeThrottled)
		if e, _ := errors.AsType[*core.Error](err); e == nil || e.RetryAfter <= 0 {
			t.Errorf("the answer does not say when to try again: %v", err)
		}
	}
	other := wrong
	other.Address = "192.0.2.2"
	wantCode(t, s.Run(t.Context(), other), core.CodeForbidden)
	wantCode(t, service(t, account, wrongWindow-time.Minute).Run(t.Context(), right), core.CodeThrottled)
	must(t, service(t, account, wrongWindow+time.Minute).Run(t.Context(), right))
}

// TestCutOffSetUpCanBeRepeated makes what is left when set-up is killed after each of its steps.
func TestCutOffSetUpCanBeRepeated(t *testing.T) {
	t.Parallel()
	var dir string
	steps := []struct {
		name string
		do   func(t *testing.T, s *Service)
	}{
		{"database file", func(t *testing.T, s *Service) {
			must(t, os.WriteFile(filepath.Join(dir, "vpm.sqlite"), nil, 0o600))
		}},
		{"database", func(t *testing.T, s *Service) {
			must(t, store.CreateSQLite(t.Context(), filepath.Join(dir, "vpm.sqlite")))
		}},
		{"tables", func(t *testing.T, s *Service) {
			db, err := store.Open(store.Options{SQLite: filepath.Join(dir, "vpm.sqlite")})
			must(t, err)
			defer db.Close()
			_, err = db.Migrate(t.Context())
			must(t, err)
		}},
		{"settings", func(t *testing.T, s *Service) {
			must(t, s.Config.Save(dir, core.DatabaseChoice{Driver: config.SQLite}))
		}},
	}
	for n := range steps {
		for _, driver := range []string{config.SQLite, ""} { // a page may choose again or go on
			if n < len(steps)-1 && driver == "" {
				continue // nothing is saved yet
			}
			account := newAccount(t)
			s, r := open(t, account)
			dir = filepath.Join(account, "vpm-data")
			for _, step := range steps[:n+1] {
				step.do(t, s)
			}
			st, err := service(t, account).State(t.Context())
			if err != nil || !st.Needed || code(t, st.CodeFile) != r.Code {
				t.Errorf("cut off after %s: the state is %+v, %v", steps[n].name, st, err)
			}
			r.Database.Driver = driver
			if err := service(t, account).Run(t.Context(), r); err != nil {
				t.Errorf("cut off after %s: %v", steps[n].name, err)
			}
			wantOneAdmin(t, account)
			wantClosed(t, account)
		}
	}
}

// TestLeftOverCodeOpensNothing: a set-up was killed between its last two steps.
func TestLeftOverCodeOpensNothing(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	file := filepath.Join(account, "vpm-data", "setup-code.txt")
	kept, err := os.ReadFile(file)
	must(t, err)
	must(t, s.Run(t.Context(), r))
	must(t, os.WriteFile(file, kept, 0o600))
	wantClosed(t, account)
	r.Username = "eve"
	wantCode(t, service(t, account).Run(t.Context(), r), core.CodeConflict)
	wantOneAdmin(t, account)
}

func TestMissingDataDirectoryReopensNothing(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	setUp(t, account)
	dir := filepath.Join(account, "vpm-data")
	must(t, os.Rename(dir, dir+"-away"))
	s := service(t, account)
	_, err := s.State(t.Context())
	wantCode(t, err, core.CodeUnavailable)
	wantCode(t, s.Run(t.Context(), request("")), core.CodeUnavailable)
	_, err = s.ResetFile()
	wantCode(t, err, core.CodeUnavailable)
	wantCode(t, s.Reset(t.Context(), core.ResetRequest{}), core.CodeUnavailable)
	wantNothingAt(t, dir)
	must(t, os.Rename(dir+"-away", dir))
	wantClosed(t, account)
}

func TestDatabaseDownKeepsSetUpClosed(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	must(t, os.WriteFile(filepath.Join(account, ".env"),
		[]byte("DB_HOST=localhost\nDB_SOCKET="+account+"/none.sock\nDB_DATABASE=d\nDB_USERNAME=u\nDB_PASSWORD=p\n"), 0o600))
	s := service(t, account)
	st, err := s.State(t.Context())
	wantCode(t, err, core.CodeUnavailable)
	if st.Needed {
		t.Error("set-up is open")
	}
	wantCode(t, s.Run(t.Context(), request("")), core.CodeUnavailable)
	wantNothingAt(t, filepath.Join(account, "vpm-data"))
	wantNothingAt(t, filepath.Join(account, "vpm.env"))
}

// TestExistingAdministratorsKeepSetUpClosed: what is taken over has people already.
func TestExistingAdministratorsKeepSetUpClosed(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	c := mysqlChoice(t)
	_, err := server.Exec("CREATE TABLE " + c.Name + ".admin_users (id INT PRIMARY KEY, username VARCHAR(50), password VARCHAR(255), role VARCHAR(9)); " +
		"INSERT INTO " + c.Name + ".admin_users VALUES (1, 'php', 'h', 'admin')")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(account, ".env"), []byte("DB_SOCKET="+c.Socket+"\nDB_DATABASE="+c.Name+"\nDB_USERNAME="+c.User+"\nDB_PASSWORD="+c.Password+"\n"), 0o600))
	wantClosed(t, account)
	wantNothingAt(t, filepath.Join(account, "vpm-data"))
}

// TestEmptyCodeFile: a file without a code, as a disk that was full leaves it, proves nothing, and is replaced.
func TestEmptyCodeFile(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	st, err := service(t, account).State(t.Context())
	must(t, err)
	for _, text := range []string{"", "\n", "AAAAA\n"} {
		must(t, os.WriteFile(st.CodeFile, []byte(text), 0o600))
		wantCode(t, service(t, account).Run(t.Context(), request(strings.TrimSpace(text))), core.CodeForbidden)
		if got := normal(code(t, st.CodeFile)); len(got) != 20 {
			t.Errorf("in place of %q there is the code %q", text, got)
		}
	}
	must(t, service(t, account).Run(t.Context(), request(code(t, st.CodeFile))))
}
