package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSetUp walks the whole way on a fresh upload, with everything that can be wrong on it.
func TestSetUp(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite"}, {driver: "mysql"}, {driver: "mysql", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := upload(t, st)
			s.get("/instances/list.php").want(401)
			s.post("/auth/login.php", map[string]any{"username": "admin", "password": "x"}).want(503).says("unavailable", "set up")
			s.post("/reset.php", nil).want(503)

			code := s.setupCode()
			if again := s.setupCode(); again != code {
				t.Errorf("asking twice changes the code from %s to %s", code, again)
			}
			file, _ := s.get("/setup.php").want(200).field("code_file").(string)
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || strings.HasPrefix(file, s.host.Docroot) {
				t.Errorf("the code file %s: %v %v", file, info, err)
			}
			body := map[string]any{"db_driver": "sqlite", "username": "admin", "password": adminPassword}
			if s.db != nil {
				body = map[string]any{"db_driver": "mysql", "db_host": "localhost", "db_socket": s.db.Socket, "db_name": s.dbName,
					"db_user": s.dbUser, "db_password": s.dbPass, "username": "admin", "password": adminPassword}
			}
			with := func(name string, value any) map[string]any {
				out := map[string]any{"code": code}
				for k, v := range body {
					out[k] = v
				}
				out[name] = value
				return out
			}
			s.post("/setup.php", with("code", "")).want(403).says("forbidden", file)
			s.post("/setup.php", with("code", "AAAAA-AAAAA-AAAAA-AAAAA")).want(403)
			s.post("/setup.php", with("password", "short")).want(400).says("invalid", "password")
			s.post("/setup.php", with("username", " ")).want(400).says("invalid", "username")
			s.post("/setup.php", with("db_driver", "oracle")).want(400).says("invalid", "db_driver")
			if s.db != nil {
				wrong := s.post("/setup.php", with("db_password", "not-the-password")).want(503).says("unavailable", "user name or password")
				if strings.Contains(string(wrong.body), "not-the-password") {
					t.Errorf("the password is in the answer %s", wrong.body)
				}
				if _, err := os.Stat(filepath.Join(s.host.Home, "vpm.env")); err == nil {
					t.Error("a choice that does not work was saved")
				}
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			count := map[int]int{}
			for i := range 6 {
				wg.Go(func() {
					a := s.post("/setup.php", with("username", fmt.Sprint("admin", i)))
					mu.Lock()
					defer mu.Unlock()
					count[a.status]++
				})
			}
			wg.Wait()
			if count[201] != 1 || count[201]+count[409] != 6 {
				t.Errorf("six visitors with the code were answered %v, want 201 once and else 409", count)
			}
			s.post("/setup.php", with("code", code)).want(409).says("conflict", "")
			if st := s.get("/setup.php").want(200); st.field("needed") != false || st.field("code_file") != nil {
				t.Errorf("after set-up: %s", st.body)
			}
			if _, err := os.Stat(file); err == nil {
				t.Error("the used code is still there")
			}
			if info, err := os.Stat(filepath.Join(s.host.Home, "vpm.env")); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the settings file: %v %v", info, err)
			}
		})
	}
}

// TestSetUpThrottle: five wrong codes, and the right one is refused too.
func TestSetUpThrottle(t *testing.T) {
	t.Parallel()
	s := upload(t, stack{driver: "sqlite"})
	code := s.setupCode()
	for range 5 {
		s.post("/setup.php", map[string]any{"code": "AAAAA-AAAAA-AAAAA-AAAAA", "db_driver": "sqlite", "username": "a", "password": adminPassword}).want(403)
	}
	s.post("/setup.php", map[string]any{"code": code, "db_driver": "sqlite", "username": "a", "password": adminPassword}).want(429).says("throttled", "")
	if _, err := os.Stat(filepath.Join(s.host.Home, "vpm.env")); err == nil {
		t.Error("a throttled set-up saved settings")
	}
}

// TestSetUpInsideDocroot: where nothing outside can be written, the data lies in the docroot and cannot be fetched.
func TestSetUpInsideDocroot(t *testing.T) {
	t.Parallel()
	s := upload(t, stack{driver: "sqlite"})
	s.must(os.Chown(s.host.Home, 0, 0))
	s.must(os.Chmod(s.host.Home, 0o755))
	file, _ := s.get("/setup.php").want(200).field("code_file").(string)
	if want := filepath.Join(s.host.Docroot, "vpm-data", "setup-code.txt"); file != want {
		t.Fatalf("the code is in %s, want %s", file, want)
	}
	s.setUp()
	s.token = s.login("admin", adminPassword)
	s.createInstance2()
	for _, path := range []string{"/vpm-data/setup-code.txt", "/vpm-data/vpm.sqlite", "/vpm-data/", "/vpm-data/.htaccess", "/api/vpm.env"} {
		if a := s.raw("GET " + path + " HTTP/1.1\nHost: x\nConnection: close\n\n"); a.status != 403 && a.status != 404 {
			t.Errorf("%s: a visitor gets %d %.80s", path, a.status, a.body)
		}
	}
	s.get("/instances/list.php").want(200)
	// Without the file that denies it, the settings count as given away.
	rules := filepath.Join(s.host.Docroot, "api", ".htaccess")
	text, err := os.ReadFile(rules)
	s.must(err)
	s.must(os.WriteFile(rules, []byte(strings.ReplaceAll(string(text), "Require all denied", "Require all granted")), 0o644))
	s.get("/instances/list.php").want(503).says("unavailable", "visitors could fetch")
}

func (s *site) createInstance2() {
	s.t.Helper()
	s.post("/instances/create.php", map[string]any{"instance_id": "native-1", "instance_name": "x", "cms_type": "native", "database_name": "x"}).want(201)
}

// TestReset gives a lost password back to whoever can read the account's files.
func TestReset(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	const renewed = "a new password"
	if file, _ := s.get("/reset.php").want(200).field("code_file").(string); file != filepath.Join(s.host.Home, "vpm-data", "reset-code.txt") {
		t.Errorf("the code is said to be in %s", file)
	}
	s.post("/reset.php", nil).want(403).says("forbidden", "reset-code.txt")
	text, err := os.ReadFile(filepath.Join(s.host.Home, "vpm-data", "reset-code.txt"))
	s.must(err)
	code, _, _ := strings.Cut(string(text), "\n")
	reset := func(code, username, password string) *answer {
		return s.post("/reset.php", map[string]any{"code": code, "username": username, "password": password})
	}
	reset("AAAAA-AAAAA-AAAAA-AAAAA", "admin", renewed).want(403)
	reset(code, "nobody", renewed).want(404)
	reset(code, "admin", "short").want(400)
	reset(strings.ToLower(strings.ReplaceAll(code, "-", " ")), "admin", renewed).want(200)
	s.get("/instances/list.php").want(401) // sessions that others may hold have ended
	reset(code, "admin", adminPassword).want(403)
	s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(401)
	s.token = s.login("admin", renewed)
	s.get("/instances/list.php").want(200)
}

// TestMigrate upgrades the tables of an older version, which no request does by itself.
func TestMigrate(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "mysql"})
	s.createInstance()
	_, err := s.db.Exec("UPDATE " + s.dbName + ".vpm_schema SET version = 0; DROP TABLE " + s.dbName + ".vpm_usage")
	s.must(err)
	s.get("/instances/list.php").want(503).says("unavailable", "/api/migrate.php")
	s.post("/auth/verify.php", nil).want(200)
	s.token = s.login("admin", adminPassword)
	if from := s.post("/migrate.php", nil).want(200).field("from_version"); from != 0.0 {
		t.Errorf("migrate came from version %v", from)
	}
	s.get("/instances/monitor.php?instance_id=wp-test-001").want(200)
	_, err = s.db.Exec("UPDATE " + s.dbName + ".vpm_schema SET version = 999")
	s.must(err)
	s.get("/instances/list.php").want(503).says("unavailable", "newer")
	s.post("/migrate.php", nil).want(503).says("unavailable", "newer")
	s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(503).says("unavailable", "newer")
}

// TestHostCheck: what the program sees of the host is for everybody while set-up is open, then for administrators.
func TestHostCheck(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite"}, {driver: "sqlite", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := upload(t, st)
			transport := "cgi"
			if st.fcgid {
				transport = "fastcgi"
			}
			s.wantChecks(transport)
			if got := s.get("/setup.php"); got.field("checks") != nil {
				t.Errorf("unasked: %s", got.body)
			}
			sent := s.do("GET", "/setup.php?check=1", nil, http.Header{"Authorization": {"Bearer none"}, "X-Auth-Token": {"none"}}).want(200)
			if got := fmt.Sprint(sent.field("arrived")); got != "[Authorization X-Auth-Token]" {
				t.Errorf("of the two headers arrived %s", got)
			}
			code := s.setupCode()
			s.post("/setup.php", map[string]any{"try": true, "code": "AAAAA-AAAAA-AAAAA-AAAAA"}).want(403)
			s.post("/setup.php", map[string]any{"try": true, "code": code}).want(200)
			s.post("/setup.php", map[string]any{"try": true, "code": code, "db_driver": "mysql", "db_name": "x"}).want(400)
			s.setUp()
			s.get("/setup.php?check=1").want(401)
			s.get("/setup.php").want(200)
			s.token = s.login("admin", adminPassword)
			s.wantChecks(transport)
			s.post("/users/create.php", map[string]any{"username": "eve", "password": adminPassword, "role": "manager"}).want(201)
			s.token = s.login("eve", adminPassword)
			s.get("/setup.php?check=1").want(403)
		})
	}
}

func (s *site) wantChecks(transport string) {
	s.t.Helper()
	var got struct {
		Checks []struct {
			Name, Result, Reason string
			Details              map[string]any
		}
	}
	a := s.get("/setup.php?check=1").want(200)
	a.decode(&got)
	if len(got.Checks) < 9 || got.Checks[0].Name != "transport" || got.Checks[0].Details["transport"] != transport {
		s.t.Errorf("the checks are %s", a.body)
	}
	for _, c := range got.Checks {
		if c.Result != "ok" && c.Name != "https" && c.Name != "mysql" || strings.Contains(c.Reason, s.host.Home) {
			s.t.Errorf("%s is %s: %s", c.Name, c.Result, c.Reason)
		}
	}
}
