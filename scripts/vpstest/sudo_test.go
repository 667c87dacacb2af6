package vpstest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The line that administrators were told to add.
const (
	sudoersLine = "www-data ALL=(ALL) NOPASSWD: /usr/sbin/php-fpm*, /bin/systemctl\n"
	sudoersFile = "/etc/sudoers.d/www"
	dataDir     = "/home/shop/vpm-data"
)

// TestDocumentedLine goes the documented way to real mode, with all that can go wrong on it: the line is added, Apache is
// restarted, and the next change by an administrator has the server installed.
func TestDocumentedLine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.setUp(s.database("mysql"))
	s.call("POST", "users/create.php", map[string]any{"username": "manager", "password": password, "full_name": "M", "email": "m@shop.test", "role": "manager"})
	admin, manager := s.token, s.logIn("manager")
	s.copyElsewhere()
	program := "install -m 644 -o www-data -g www-data /opt/vpm " + docroot + "/api/vpm"

	s.sh(program)
	s.change("stop")
	s.wantNothingStarted("without the line")
	if err := s.WriteFile(sudoersFile, []byte(sudoersLine), 0o440); err != nil {
		t.Fatal(err)
	}
	s.sh("systemctl restart apache2; echo VPM_AUTO_INSTALL=off >> /home/shop/vpm.env")
	s.change("start")
	s.wantNothingStarted("with VPM_AUTO_INSTALL=off")
	s.sh("sed -i /AUTO_INSTALL/d /home/shop/vpm.env")
	s.token = manager
	s.change("stop")
	s.token = admin
	s.status()
	s.send("POST", "http://shop.test/api/instances/stop.php", map[string]any{"instance_id": "nowhere"})
	s.call("POST", "tick.php", nil)
	s.wantNothingStarted("after a manager's change, and what is no change")

	s.sh("echo damaged >> " + docroot + "/api/vpm")
	s.change("start")
	if got := s.sudo(); !strings.Contains(fmt.Sprint(got["installation"]), "upload both again") || got["sudoers"] == nil {
		t.Errorf("with a damaged program: %v", got)
	}
	s.wantNothingStarted("with a damaged program")

	// It fails as root, which leaves everything as it was, and is not tried again by itself.
	s.sh(program + "; echo Nonsense > /etc/apache2/conf-enabled/broken.conf")
	if got := s.change("stop"); got["mode"] != "virtual" {
		t.Errorf("the change that starts the installation: %v", got)
	}
	if failed := s.awaitInstallation(); failed["state"] != "failed" || !strings.Contains(fmt.Sprint(failed["message"]), "journalctl -u vpm-install") {
		t.Errorf("of an installation that fails: %v", failed)
	}
	s.sh("rm /etc/apache2/conf-enabled/broken.conf; test ! -e /etc/systemd/system/vpm-install.service")
	s.change("start")
	if got := s.sudo(); fmt.Sprint(got["installation"]) == "" || s.unit("InvocationID") == "" {
		t.Errorf("after a failure: %v", got)
	}
	s.sh("rm " + dataDir + "/vpm-install.started")
	s.change("restart")
	s.awaitInstallation()
	s.wantInstalled(manager, admin)

	user := s.move()
	s.awaitPage(s.copyOf(user), user)
	s.wantMaster(s.change("restart")["pid"], user)
	s.wantHandedOn()
	s.wantOutOfReach(user)
	s.sh("rm " + sudoersFile)
	if got := s.sudo(); got != nil {
		t.Errorf("with the line removed: %v", got)
	}
	s.change("stop", "reason", "no line")
	s.wantClosed("no line")
	s.wantMaster(s.change("start")["pid"], user)
	s.wantPage(s.copyOf(user), user)
}

func (s *server) logIn(username string) (token string) {
	s.t.Helper()
	token, _ = s.call("POST", "auth/login.php", map[string]any{"username": username, "password": password})["token"].(string)
	return token
}

// sudo is what mode.php says of the way through sudo, nil where that is nothing.
func (s *server) sudo() map[string]any {
	s.t.Helper()
	said, _ := s.call("GET", "mode.php", nil)["sudo"].(map[string]any)
	return said
}

// unit is a property of the installation's unit.
func (s *server) unit(property string) string {
	s.t.Helper()
	return s.sh("systemctl show --value -p " + property + " vpm-install.service")
}

func (s *server) wantNothingStarted(when string) {
	s.t.Helper()
	if id, mark := s.unit("InvocationID"), s.sh("ls "+dataDir+" /etc/systemd/system"); id != "" || strings.Contains(mark, "vpm-install.s") {
		s.t.Errorf("%s an installation was started: %s", when, mark)
	}
}

// awaitInstallation waits until the one that was started has ended, and tells what is said of it then. Until the server is
// up instances are run in virtual mode, and administrators are told why.
func (s *server) awaitInstallation() (said map[string]any) {
	s.t.Helper()
	running := func() bool { return s.unit("ActiveState") == "activating" }
	err := s.Wait(s.limited(), func() bool {
		before := running()
		a := s.send("GET", "http://shop.test/api/mode.php", nil)
		sudo, _ := a.fields["sudo"].(map[string]any)
		said, _ = sudo["installation"].(map[string]any)
		if before && running() && a.fields["mode"] == "virtual" && said["state"] != "running" {
			s.t.Errorf("while the server is installed: %v", a)
		}
		return !before
	})
	if err != nil {
		s.t.Fatal(err, s.Journal("vpm-install.service"))
	}
	return said
}

// wantInstalled wants real mode, nothing left of the way to it, and people told of the line.
func (s *server) wantInstalled(manager, admin string) {
	s.t.Helper()
	s.awaitAPI()
	if left := s.sh("ls -d /var/lib/vpm-install.* /etc/systemd/system/vpm-install.service 2>/dev/null || true"); left != "" {
		s.t.Errorf("left: %s", left)
	}
	if same := s.sh("cmp /opt/vpm /usr/lib/vpm/vpm 2>&1; stat -c %U:%a /usr/lib/vpm/vpm"); same != "root:755" {
		s.t.Errorf("what is installed is %s", same)
	}
	if sudoers, _ := s.sudo()["sudoers"].(map[string]any); !strings.Contains(fmt.Sprint(sudoers["message"]), "equivalent to root") || fmt.Sprint(sudoers["files"]) != "["+sudoersFile+"]" {
		s.t.Errorf("administrators are told %v", sudoers)
	}
	s.token = manager
	if got := s.sudo(); got != nil {
		s.t.Errorf("a manager is told %v", got)
	}
	s.token = admin
	if out, err := s.Run(s.limited(), "vpm", "doctor", "--host", "shop.test"); err != nil || !strings.Contains(out, "equivalent to root") {
		s.t.Errorf("the doctor says: %v\n%s", err, out)
	}
	if log := s.sh("cat /var/log/apache2/*error.log"); !strings.Contains(log, "equivalent to root") {
		s.t.Errorf("vpm.cgi logs %s", log)
	}
	for _, unit := range []string{"vpm-install.service", "vpm.service"} {
		if unit == "vpm.service" { // it began before the installation had ended
			s.sh("systemctl restart vpm.service")
			s.awaitAPI()
		}
		if log := s.Journal(unit); !strings.Contains(log, "equivalent to root") {
			s.t.Errorf("%s logs %s", unit, log)
		}
	}
}

// copyElsewhere puts a copy of the upload where the installation does not look.
func (s *server) copyElsewhere() {
	s.t.Helper()
	s.sh("mkdir " + docroot + "/old; cp -a " + docroot + "/api " + docroot + "/old/")
}

// wantHandedOn asks the copy, which Apache runs: as CGI, and kept by mod_fcgid.
func (s *server) wantHandedOn() {
	s.t.Helper()
	for _, how := range []string{"true", "a2enmod -q fcgid; systemctl restart apache2"} {
		s.sh(how)
		a := s.send("GET", "http://shop.test/old/api/mode.php", nil)
		b := s.send("POST", "http://shop.test/old/api/instances/restart.php", map[string]any{"instance_id": "blog"})
		if _, real := b.fields["pid"].(float64); a.fields["mode"] != "real" || b.status != 200 || !real {
			s.t.Errorf("a copy of vpm.cgi, after %q: %v, %v", how, a, b)
		}
	}
	if by := s.sh("pgrep -u www-data -f /old/api/vpm.cgi || true"); by == "" {
		s.t.Error("mod_fcgid keeps no vpm.cgi")
	}
	// Its process stays when the server goes, and does not take its place.
	s.sh("systemctl stop vpm.socket vpm.service")
	a := s.send("POST", "http://shop.test/old/api/instances/stop.php", map[string]any{"instance_id": "blog"})
	if a.status != 503 || a.fields["code"] != "unavailable" {
		s.t.Errorf("a copy, with the server stopped: %v", a)
	}
	s.sh("systemctl start vpm.socket vpm.service")
	if a := s.send("GET", "http://shop.test/old/api/mode.php", nil); a.fields["mode"] != "real" {
		s.t.Errorf("a copy, with the server started again: %v", a)
	}
}

// wantOutOfReach runs a copy as another user, as suEXEC does, who may not connect to the server.
func (s *server) wantOutOfReach(user string) {
	s.t.Helper()
	const home = "/home/other"
	s.sh("useradd --system -d " + home + " other; mkdir -p " + home + "/public_html; cp -r " + docroot + "/api " + home + "/public_html/; cp /home/shop/vpm.env " + home +
		"; chown -R other: " + home)
	ask := func(method, path, body string) (status string, fields map[string]any) {
		s.t.Helper()
		name, query, _ := strings.Cut(path, "?")
		out, err := s.RunInputAs(s.limited(), "other", strings.NewReader(body), "env", "GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD="+method,
			"REQUEST_URI=/api/"+path, "PATH_INFO=/"+name, "QUERY_STRING="+query, "CONTENT_LENGTH="+fmt.Sprint(len(body)), "HTTP_HOST=other.test",
			"REMOTE_ADDR=192.0.2.1", "HTTP_X_AUTH_TOKEN="+s.token, "DOCUMENT_ROOT="+home+"/public_html", home+"/public_html/api/vpm.cgi")
		if err != nil {
			s.t.Fatal(err)
		}
		head, text, _ := strings.Cut(strings.ReplaceAll(out, "\r\n", "\n"), "\n\n")
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			s.t.Fatalf("%s: %v %s", path, err, out)
		}
		status, _, _ = strings.Cut(strings.TrimPrefix(head, "Status: "), " ")
		return status, fields
	}
	gate := s.sh("cat " + original + "/.htaccess; sha256sum " + s.copyOf(user) + "/index.php")
	if _, mode := ask("GET", "mode.php", ""); mode["mode"] != "virtual" || !strings.Contains(fmt.Sprint(mode["details"]), "cannot connect to /run/vpmd/vpm.sock") {
		s.t.Errorf("a copy of another user: %v", mode)
	}
	if status, got := ask("GET", "instances/status.php?instance_id=blog", ""); status != "200" || got["observed"] != "unknown" || got["pid"] != nil || got["mode"] != "real" {
		s.t.Errorf("a copy of another user sees %s %v", status, got)
	}
	for _, change := range []string{"stop", "start", "restart", "delete", "bypass"} {
		if status, got := ask("POST", "instances/"+change+".php", `{"instance_id":"blog"}`); status != "503" || got["code"] != "unavailable" || !strings.Contains(fmt.Sprint(got["message"]), "cannot reach the process of blog") {
			s.t.Errorf("%s by a copy of another user: %s %v", change, status, got)
		}
	}
	if status, got := ask("POST", "tick.php", ""); status != "200" || !strings.Contains(fmt.Sprint(got), "cannot reach the process of blog") {
		s.t.Errorf("the tick of a copy of another user: %s %v", status, got)
	}
	if after := s.sh("cat " + original + "/.htaccess; sha256sum " + s.copyOf(user) + "/index.php"); after != gate {
		s.t.Errorf("it has changed\n%s to\n%s", gate, after)
	}
	if status := s.status(); status["wanted"] != "running" || status["observed"] != "running" {
		s.t.Errorf("afterwards: %v", status)
	}
	s.wantPage(s.copyOf(user), user)
}
