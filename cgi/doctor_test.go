package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// doctorCheck is one of /doctor.php.
type doctorCheck struct {
	Name, Result, Reason string
	Details              struct{ Fix string }
}

func (s *site) doctor() map[string]doctorCheck {
	s.t.Helper()
	var got struct {
		Result string
		Checks []doctorCheck
	}
	s.get("/doctor.php").want(200).decode(&got)
	checks := map[string]doctorCheck{}
	worst := "ok"
	for _, c := range got.Checks {
		if _, twice := checks[c.Name]; twice {
			s.t.Errorf("there are two checks %s", c.Name)
		}
		checks[c.Name] = c
		if c.Result == "failed" || c.Result == "warning" && worst == "ok" {
			worst = c.Result
		}
	}
	if got.Result != worst {
		s.t.Errorf("all together is %s, want %s", got.Result, worst)
	}
	return checks
}

// quiet are the results that are no alarm here: the lab has no HTTPS, and a fresh panel alerts nobody.
func quiet(c doctorCheck) bool {
	return c.Result == "ok" || c.Result == "warning" && c.Name == "https" || c.Result == "skipped" && (c.Name == "alerts" || c.Name == "clock")
}

// TestDoctor: no alarm where all is well, and the right one for each thing that is not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite"}, {driver: "mysql", own: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			dir := s.plainSite("shop")
			s.tick()
			for _, c := range s.doctor() {
				if !quiet(c) {
					t.Errorf("without reason: %+v", c)
				}
			}
			for _, f := range s.faults(dir) {
				mend := f.cause()
				c := s.doctor()[f.check]
				if c.Result != f.want || !strings.Contains(c.Reason+c.Details.Fix, f.says) || c.Details.Fix == "" {
					t.Errorf("%s: %+v; want %s and %q", f.what, c, f.want, f.says)
				}
				mend()
			}
			for _, c := range s.doctor() {
				if !quiet(c) {
					t.Errorf("after all was mended: %+v", c)
				}
			}
			_, s.token = s.person("eve", "manager")
			s.get("/doctor.php").want(403)
		})
	}
}

// fault is something that a check has to find.
type fault struct {
	what, check, want, says string
	cause                   func() (mend func())
}

func (s *site) faults(dir string) []fault {
	api, data := filepath.Dir(s.program), filepath.Join(s.host.Home, "vpm-data")
	old := time.Now().Add(-2 * time.Hour)
	list := []fault{
		{"others may read the data", "data-directory", "warning", "0755", s.mode(data, 0o755, 0o700)},
		{"the routing file is old", "routing-file", "warning", "another version", func() func() {
			return s.edit(filepath.Join(api, ".htaccess"), "RewriteOptions IgnoreInherit\n", "")
		}},
		{"the settings lie beside the program", "settings", "warning", "only the routing file", func() func() {
			return s.rename(filepath.Join(s.host.Home, "vpm.env"), filepath.Join(api, "vpm.env"))
		}},
		{"a change was cut off", "leftover-files", "warning", ".vpm-tmp-1", func() func() {
			path := filepath.Join(dir, "..htaccess.vpm-tmp-1")
			s.must(os.WriteFile(path, nil, 0o644))
			s.must(os.Chtimes(path, old, old))
			return func() { s.must(os.Remove(path)) }
		}},
		{"the directory is gone", "instances", "warning", "shop (" + dir, func() func() { return s.rename(dir, dir+"-away") }},
		{"no tick comes", "tick", "warning", "2h0m0s ago", s.query(fmt.Sprint("UPDATE vpm_watch SET seen_at = ", old.UnixMicro()),
			fmt.Sprint("UPDATE vpm_watch SET seen_at = ", time.Now().UnixMicro()))},
		{"no tick ever came", "tick", "warning", s.api + "/tick.php", s.query("UPDATE vpm_watch SET seen_at = NULL; UPDATE instances SET created_at = '2020-01-01 00:00:00'",
			fmt.Sprint("UPDATE vpm_watch SET seen_at = ", time.Now().UnixMicro()))},
		{"a site is not as it is wanted", "gates", "warning", "shop (wanted running, seen stopped)",
			s.query("UPDATE vpm_gates SET observed = 'stopped', observed_at = 1", "UPDATE vpm_gates SET observed = NULL, observed_at = NULL")},
		{"a user has no password", "people", "warning", "mallory", s.query("INSERT INTO admin_users (username, password, role, status) VALUES ('mallory', '', 'viewer', 'active')",
			"DELETE FROM admin_users WHERE username = 'mallory'")},
		{"no administrator can log in", "people", "failed", "no administrator", s.query("UPDATE admin_users SET password = CONCAT('x', password)",
			"UPDATE admin_users SET password = SUBSTR(password, 2)")},
		{"nobody uses a token", "tokens", "warning", "cron", s.query("UPDATE vpm_tokens SET created_at = 1000, last_used_at = NULL", "DELETE FROM vpm_tokens")},
		{"alerts cannot be sent", "alerts", "warning", "cannot send mail", s.setting("VPM_ALERT_MAIL_TO=ops@example.com", "VPM_ALERT_SENDMAIL=/none")},
		{"an alert did not arrive", "alerts", "warning", "no route to host", func() func() {
			hook := s.setting("VPM_ALERT_WEBHOOK=https://hooks.example/1", "VPM_ALERT_WEBHOOK_SECRET="+strings.Repeat("s", 32))()
			row := s.query("INSERT INTO vpm_deliveries (instance_row, channel, alert, attempts, next_at, reason, created_at) VALUES (1, 'webhook', '{}', 1, 9000000000000000, 'no route to host', 1)",
				"DELETE FROM vpm_deliveries")()
			return func() { row(); hook() }
		}},
	}
	if s.db == nil {
		return append(list, fault{"the data lies in the docroot", "data-directory", "warning", "only its .htaccess", func() func() {
			inside := filepath.Join(s.host.Docroot, "vpm-data")
			back := s.rename(data, inside)
			setting := s.edit(filepath.Join(s.host.Home, "vpm.env"), data, inside)
			return func() { setting(); back() }
		}})
	}
	return append([]fault{
		{"the data cannot be written", "data-directory", "failed", "no file can be made", s.mode(data, 0o500, 0o700)},
	}, append(list,
		fault{"the database cannot be written", "database", "failed", "read and not written", s.query("SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0")},
		fault{"the database's clock is ahead", "clock", "warning", "ahead", func() func() {
			clock := s.query("SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() + 600'", "SET GLOBAL init_connect = ''")()
			setting := s.setting("# which has new connections made")()
			return func() { clock(); setting() }
		}})...)
}

func (s *site) mode(path string, bad, good os.FileMode) func() func() {
	return func() func() {
		s.must(os.Chmod(path, bad))
		return func() { s.must(os.Chmod(path, good)) }
	}
}

func (s *site) rename(from, to string) (back func()) {
	s.must(os.Rename(from, to))
	return func() { s.must(os.Rename(to, from)) }
}

// edit replaces a text in a file.
func (s *site) edit(path, old, with string) (back func()) {
	s.t.Helper()
	text, err := os.ReadFile(path)
	s.must(err)
	if !strings.Contains(string(text), old) {
		s.t.Fatalf("%s has no %q", path, old)
	}
	s.must(os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, with)), 0o600))
	return func() { s.must(os.WriteFile(path, text, 0o600)) }
}

// setting adds lines to the settings, which the next request reads.
func (s *site) setting(lines ...string) func() func() {
	return func() func() {
		path := filepath.Join(s.host.Home, "vpm.env")
		text, err := os.ReadFile(path)
		s.must(err)
		s.settings(lines...)
		return func() { s.must(os.WriteFile(path, text, 0o600)) }
	}
}

// query changes what the database has, past vpm.
func (s *site) query(bad, good string) func() func() {
	run := func(statements string) {
		s.t.Helper()
		if s.db != nil {
			_, err := s.db.Exec("USE " + s.dbName + "; " + statements)
			s.must(err)
			return
		}
		db, err := sql.Open("sqlite", "file:"+filepath.Join(s.host.Home, "vpm-data", "vpm.sqlite")+"?_pragma=busy_timeout(10000)")
		s.must(err)
		defer db.Close()
		_, err = db.Exec(statements)
		s.must(err)
	}
	return func() func() {
		run(bad)
		return func() { run(good) }
	}
}
