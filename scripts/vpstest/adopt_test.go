package vpstest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestMovedAccount walks the whole way: an account of a shared host, its archive, a server, and there the same calls.
func TestMovedAccount(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"mysql", "sqlite"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, driver)
			recorded := a.record()
			if got := recorded["start"]["mode"]; got != "virtual" {
				t.Errorf("on the shared host the mode is %v", got)
			}
			file := a.archive()

			s := boot(t)
			s.token = a.token
			if err := s.CopyIn(program, "/opt/vpm"); err != nil {
				t.Fatal(err)
			}
			if err := s.CopyIn(file, "/root/account.tar.gz"); err != nil {
				t.Fatal(err)
			}
			s.sh("systemctl enable -q --now mariadb")
			from := s.restore(driver)
			if err := s.ServeSites(s.limited()); err != nil {
				t.Fatal(err)
			}
			s.wantPlan(from)
			s.adopt(from, driver)
			s.wantTraces(a)
			user := "vpm-" + s.sh("basename /srv/vpm/blog*")
			s.wantWordPress(s.copyOf(user), "Hello world!")
			s.wantReplay(recorded, user)
			s.wantHoliday()
			s.wantStopped(user)
			s.finishAll()
		})
	}
}

// restore puts the archive where it is to be, or with the embedded database leaves that to vpm.
func (s *server) restore(driver string) (from string) {
	s.t.Helper()
	if driver == "sqlite" {
		s.sh("/opt/vpm adopt --from /root/account.tar.gz --to /home/shop --dry-run; test ! -e /home/shop")
		return "/root/account.tar.gz --to /home/shop"
	}
	s.sh("mkdir /home/shop; tar -xzf /root/account.tar.gz --numeric-owner -C /home/shop --strip-components=1")
	return "/home/shop"
}

// ends runs vpm, which has to end with this status, and gives what it says.
func (s *server) ends(status int, command string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 6*time.Minute) // it imports, installs and copies
	defer cancel()
	out, err := s.Run(ctx, "bash", "-c", "/opt/vpm "+command+" </dev/null 2>&1; echo status $?")
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.HasSuffix(out, fmt.Sprintf("status %d\n", status)) {
		s.t.Errorf("vpm %s: %s; want status %d", command, out, status)
	}
	return out
}

// wantPlan looks at what is shown before anything is done, and at what is refused.
func (s *server) wantPlan(from string) {
	s.t.Helper()
	if from != "/home/shop" {
		return // it cannot be told before it is unpacked
	}
	before := s.tree()
	s.sh(`mariadb -e "CREATE DATABASE acct_wp; CREATE TABLE acct_wp.wp_posts (id INT); CREATE USER acct_wp@localhost IDENTIFIED BY 'another'"`)
	if out := s.ends(5, "adopt --dry-run --from "+from); !strings.Contains(out, "acct_wp") {
		s.t.Errorf("with a database of somebody else: %s", out)
	}
	s.sh(`mariadb -e "DROP USER acct_wp@localhost"`)
	if out := s.ends(5, "adopt --dry-run --from "+from); !strings.Contains(out, "has tables already") {
		s.t.Errorf("with a database that has tables: %s", out)
	}
	s.sh(`mariadb -e "DROP DATABASE acct_wp"`)
	plan := s.ends(2, "adopt --from "+from)
	for _, want := range []string{"make the database acct_wp", "import /home/shop/acct_wp.sql.gz", "import /home/shop/acct_panel.sql", "user acct_wp@localhost", "to www-data",
		`+ VPM_DATA_DIR=/home/shop/vpm-data`, "- VPM_DB_SOCKET=", "install vpm's server", "process of its own", "give --yes"} {
		if !strings.Contains(plan, want) {
			s.t.Errorf("the plan does not say %q:\n%s", want, plan)
		}
	}
	s.wantTree(before, "after the plan was shown")
	if databases := s.sh(`mariadb -N -e "SHOW DATABASES LIKE 'acct%'"`); databases != "" {
		s.t.Errorf("after the plan was shown there are the databases %s", databases)
	}
}

// adopt does it, with one site missing at first.
func (s *server) adopt(from, driver string) {
	s.t.Helper()
	if driver == "mysql" {
		s.cutOff(from)
	}
	out := s.ends(5, "adopt --yes --from "+from)
	if !strings.Contains(out, "gone: cannot") || !strings.Contains(out, "blog: moved to /srv/vpm/") || !strings.Contains(out, "it is stopped, as it was") {
		s.t.Fatalf("vpm adopt says %s\n%s", out, s.Journal("vpm.service"))
	}
	tables := s.sh(`mariadb -N -e "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'acct%' AND TABLE_NAME LIKE '%unfinished%'"`)
	if tables != "0" {
		s.t.Errorf("an import is said to be unfinished")
	}
	s.sh(`mkdir /home/shop/public_html/gone; echo "<?php echo 'here again';" >/home/shop/public_html/gone/index.php`)
	out = s.ends(0, "adopt --yes --from /home/shop")
	if strings.Contains(out, "make the database") || !strings.Contains(out, "gone: moved to") || strings.Contains(out, "blog: moved") {
		s.t.Errorf("the second time vpm adopt says %s", out)
	}
	if out = s.ends(0, "adopt --from /home/shop"); !strings.Contains(out, "Nothing to do") {
		s.t.Errorf("the third time vpm adopt says %s", out)
	}
	if a := s.get("http://shop.test/gone/"); a.text != "here again" {
		s.t.Errorf("/gone/ says %v", a)
	}
	if driver == "mysql" {
		s.sh("test $(stat -c %U /home/shop/public_html/index.html /home/shop/vpm.env 2>/dev/null | sort -u) = www-data")
	}
}

// cutOff kills vpm while it imports, wherever that has come to.
func (s *server) cutOff(from string) {
	s.t.Helper()
	s.sh(`mkfifo /tmp/said; /opt/vpm adopt --yes --from ` + from + ` </dev/null >/tmp/said 2>&1 & vpm=$!
		while read -r line; do case "$line" in "make the database acct_wp "*) kill -9 $vpm; break;; esac; done </tmp/said
		wait $vpm || true; mariadb -e "SHOW DATABASES" | grep acct_panel`)
}

// wantTraces compares what the panel knew with what it knows. The token is that of the shared host.
func (s *server) wantTraces(a *account) {
	s.t.Helper()
	now := s.traces(a.until)
	for name, was := range a.before {
		is := now[name]
		if events, ok := is.([]any); ok && strings.Contains(name, "events.php") { // the newest are of what has happened since
			is = events[max(0, len(events)-len(was.([]any))):]
		}
		if list, ok := was.([]any); ok && len(list) == 0 || !reflect.DeepEqual(is, was) {
			s.t.Errorf("%s was\n%s\nand is\n%s", name, asJSON(was), asJSON(now[name]))
		}
	}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// wantWordPress asks for pages that WordPress makes of its database, and for one of its files.
func (s *server) wantWordPress(dir, holds string) {
	s.t.Helper()
	s.sh("test -e " + dir + "/wp-config.php")
	for path, want := range map[string]string{"": holds, "?p=1": holds, "wp-login.php": "loginform", "style.css": "black"} {
		if a := s.get("http://shop.test/blog/" + path); a.status != 200 || !strings.Contains(a.text, want) {
			s.t.Errorf("/blog/%s says %v, want %q\n%s", path, a, want, s.sh("tail -n 5 /var/log/apache2/*error.log"))
		}
	}
}

// wantHoliday wants the site closed that was stopped on the shared host, until somebody starts it.
func (s *server) wantHoliday() {
	s.t.Helper()
	if a := s.get("http://shop.test/closed/"); a.status != 503 || !strings.Contains(a.text, "on holiday") || a.header.Get("Retry-After") == "" {
		s.t.Errorf("the stopped site says %v", a)
	}
	status := s.call("GET", "instances/status.php?instance_id=closed", nil)
	if status["wanted"] != "stopped" || status["observed"] != "stopped" || status["drift"] != false {
		s.t.Errorf("the status of the stopped site is %v", status)
	}
	s.call("POST", "instances/start.php", map[string]any{"instance_id": "closed"})
	if a := s.get("http://shop.test/closed/"); a.status != 200 || a.text != "open again" {
		s.t.Errorf("the site that was started says %v", a)
	}
}

// wantStopped stops the blog, over a reboot, and starts it again.
func (s *server) wantStopped(user string) {
	s.t.Helper()
	s.change("stop", "reason", "new roof")
	s.wantClosed("new roof")
	s.reboot()
	s.wantClosed("new roof")
	if status := s.status(); status["observed"] != "stopped" || status["drift"] != false {
		s.t.Errorf("stopped, after the reboot: %v", status)
	}
	started := s.change("start")
	s.wantMaster(started["pid"], user)
	s.wantWordPress(s.copyOf(user), "Hello world!")
}

// finishAll ends the way back.
func (s *server) finishAll() {
	s.t.Helper()
	if out := s.ends(0, "adopt --finish blog"); !strings.Contains(out, "/home/shop/public_html/blog is not used any more") {
		s.t.Errorf("vpm adopt --finish says %s", out)
	}
	if out := s.ends(0, "adopt --finish --all"); strings.Contains(out, "blog") || !strings.Contains(out, "closed: final") || !strings.Contains(out, "gone: final") {
		s.t.Errorf("vpm adopt --finish --all says %s", out)
	}
	if a := s.send("POST", "http://shop.test/api/instances/move.php", map[string]any{"instance_id": "blog", "operation": "undo"}); a.fields["code"] != "conflict" {
		s.t.Errorf("an undo after that: %v", a)
	}
	s.ends(3, "adopt --finish nobody")
	s.ends(2, "adopt --finish")
	s.wantWordPress("/home/shop/public_html/blog", "Hello world!")
}
