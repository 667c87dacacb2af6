//go:build linux

package install_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/autoinstall"
	"vpm/core/install"
)

// TestNginx: its server block gets the routing, and has it taken out again byte for byte.
func TestNginx(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.apache()
	s.setUpWith("sqlite")
	const block = "# mine\nserver {   # root /nowhere;\n  listen 127.0.0.1:8080;\n  root \"/home/shop/public_html\";\n}\nserver { listen 127.0.0.1:8081; root /srv; }\n"
	s.sh("systemctl stop apache2; printf 'DocumentRoot /x\n' > /etc/apache2/sites-available/vpm.conf; rm -f /etc/nginx/conf.d/*.conf")
	if err := s.WriteFile("/etc/nginx/sites-enabled/default", []byte(block), 0o640); err != nil {
		t.Fatal(err)
	}
	s.sh("systemctl restart nginx")
	before := s.tree()
	if plan := s.must("dry-run"); !strings.Contains(plan, "+     include /etc/nginx/snippets/vpm.conf;") {
		t.Errorf("the dry run: %s", plan)
	}
	s.wantTree(before, "after the dry run")
	s.must("apply")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, "tcp", "127.0.0.1:8080") }}}
	err := s.Wait(s.limited(), func() bool { // nginx takes on its configuration after the reload has ended, a worker at a time
		for range 8 {
			r, err := client.Get("http://shop.test/api/setup.php")
			if err != nil {
				return false
			}
			r.Body.Close()
			if r.Header.Get("X-Answered-By") == "" {
				return false
			}
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/api/setup.php": "server", "/api/vpm.cgi": "server", "/api/.htaccess": "server"} {
		r, err := client.Get("http://shop.test" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if r.Header.Get("X-Answered-By") != want || err != nil || strings.HasSuffix(path, "setup.php") && r.StatusCode != 200 {
			t.Errorf("%s: %d %.200s %v", path, r.StatusCode, body, err)
		}
	}
	if out := strings.TrimSpace(s.must("apply")); out != "" {
		t.Errorf("a second time does: %s", out)
	}
	s.sh("echo '# edited since' >> /etc/nginx/sites-enabled/default")
	s.must("uninstall")
	s.sh("sed -i '/# edited since/d' /etc/nginx/sites-enabled/default")
	s.wantTree(before, "after the uninstallation")
	if is, err := s.ReadFile("/etc/nginx/sites-enabled/default"); err != nil || string(is) != block {
		t.Errorf("the site is %q, %v", is, err)
	}
}

// TestFailureRollsBack: a web server's configuration that has an error already, and a server that does not start.
func TestFailureRollsBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.apache()
	s.setUpWith("sqlite")
	// What was there before has to be there again, to the last bit.
	s.sh("mkdir -p /srv/vpm; chown www-data /srv/vpm; chmod 2750 /srv/vpm; ln -s /opt/vpm-test /usr/bin/vpm; echo '# earlier' > /etc/apache2/conf-available/vpm.conf")
	for name, c := range map[string]struct{ harm, mend, says string }{
		"file":       {"mkdir /root/srv; mv /srv/vpm /root/srv; touch /srv/vpm", "rm /srv/vpm; mv /root/srv/vpm /srv; rmdir /root/srv", "something that is no directory"},
		"directory":  {"mkdir /etc/polkit-1/rules.d/50-vpm.rules", "rmdir /etc/polkit-1/rules.d/50-vpm.rules", "something that is no file"},
		"configtest": {"echo Nonsense > /etc/apache2/conf-enabled/broken.conf", "rm /etc/apache2/conf-enabled/broken.conf", "Nonsense"},
		"start":      {"mkdir -p /run/systemd/system/vpm.service.d; printf '[Service]\nExecStartPre=/bin/false\n' > /run/systemd/system/vpm.service.d/99.conf", "rm -r /run/systemd/system/vpm.service.d", "cannot start the server"},
	} {
		s.sh(c.harm)
		before := s.tree()
		out, err := s.try("apply")
		if err == nil || !strings.Contains(err.Error(), "nothing was changed") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		s.wantTree(before, name+": after the failure")
		s.sh(c.mend)
		s.logIn("")
	}
	s.must("apply")
	s.logIn("server")
	// The upload works again whoever has edited its settings, and what other edited files held is not lost.
	s.sh("echo '# mine' | tee -a /home/shop/vpm.env >> /etc/apache2/conf-available/vpm.conf")
	if left := s.must("uninstall"); !strings.Contains(left, "/var/lib/vpm/kept/vpm.conf.") || strings.Contains(left, "vpm.env") {
		t.Errorf("left: %s", left)
	}
	if is := s.sh("cat /var/lib/vpm/kept/*; tail -n1 /home/shop/vpm.env /etc/apache2/conf-available/vpm.conf"); !strings.HasPrefix(is, "# earlier\n") || strings.Count(is, "# mine") != 2 {
		t.Errorf("what was edited is\n%s", is)
	}
	s.logIn("")
}

func TestPrivilege(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.apache()
	s.setUpWith("sqlite")
	s.sh("systemctl stop polkit || true; rm /usr/bin/pkaction; chmod -x /usr/lib/polkit-1/polkitd")
	before := s.tree()
	s.sh("chmod -x /usr/bin/sudo")
	if _, err := s.try("apply"); err == nil || !strings.Contains(err.Error(), "of polkit it is not installed, of sudo it is not installed") {
		t.Errorf("with neither polkit nor sudo: %v", err)
	}
	if c := s.doctor()["polkit-or-sudo"]; c.Result != core.CheckFailed || !strings.Contains(c.Reason, "neither polkit nor sudo") {
		t.Errorf("with neither polkit nor sudo: %+v", c)
	}
	s.wantTree(before, "after the refusal")
	s.sh("chmod 4755 /usr/bin/sudo")
	s.must("apply") // which proves that the server may start its self-test
	if c := s.doctor()["polkit-or-sudo"]; c.Result != core.CheckWarning || !strings.Contains(c.Reason, "the server uses sudo 1.") {
		t.Errorf("with sudo alone: %+v", c)
	}
	s.sh("visudo -c -q")
	may := func(args ...string) error {
		_, err := s.RunAs(s.limited(), install.User, "sudo", append([]string{"-n", "/usr/bin/systemctl", "--no-ask-password"}, args...)...)
		return err
	}
	if err := may("start", install.SelfTestUnit); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"start", "apache2.service"}, {"stop", install.SelfTestUnit}, {"start", "vpm-php@a.service", "apache2.service"}, {"link", "/tmp/x.service"}} {
		if may(args...) == nil {
			t.Errorf("the server may %q", args)
		}
	}
	if nnp := s.sh("grep NoNewPrivs /proc/$(systemctl show -p MainPID --value vpm.service)/status"); !strings.HasSuffix(nnp, "0") {
		t.Errorf("the server cannot use sudo: %s", nnp)
	}
	s.must("uninstall")
	s.wantTree(before, "after the uninstallation")
}

// TestDocumentedLine goes the documented way: the line is added, and the next change by an administrator ends in real
// mode.
func TestDocumentedLine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.apache()
	s.setUpWith("sqlite")
	s.sh("install -m 755 -o www-data /opt/vpm-test " + api + "/vpm")
	sum, _, _ := strings.Cut(s.sh("sha256sum "+api+"/vpm"), " ")
	change := func(env ...string) string {
		t.Helper()
		args := append([]string{"INSTALL_TEST_INSIDE=change", "SUM=" + sum}, env...)
		out, err := s.RunAs(s.limited(), "www-data", "env", append(args, "/opt/vpm-test")...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	if got := change(); got != "false" {
		t.Errorf("without the line: %s", got)
	}
	noted := s.sh("stat -c %i /home/shop/vpm-data/vpm-install.asked")
	if got := change(); got != "false" || s.sh("stat -c %i /home/shop/vpm-data/vpm-install.asked") != noted {
		t.Errorf("sudo was asked twice for the same: %s", got)
	}
	if err := s.WriteFile("/etc/sudoers.d/www", []byte(autoinstall.SudoersLine+"\n"), 0o440); err != nil {
		t.Fatal(err)
	}
	if got := change("OFF=1"); got != "false" {
		t.Errorf("with VPM_AUTO_INSTALL=off: %s", got)
	}
	before := s.tree()
	if out, err := s.RunAs(s.limited(), "www-data", "env", "INSTALL_TEST_INSIDE=change", "SUM="+strings.Repeat("0", 64), "/opt/vpm-test"); err == nil {
		t.Errorf("a damaged program: %s", out)
	}
	s.wantTree(before, "after the refusal of a damaged program")
	status := func() (upload, server autoinstall.Status) {
		t.Helper()
		out, err := s.RunAs(s.limited(), "www-data", "env", "INSTALL_TEST_INSIDE=status", "SUM="+sum, "/opt/vpm-test")
		var list []autoinstall.Status
		if err := errors.Join(err, json.Unmarshal([]byte(out), &list)); err != nil || len(list) != 2 {
			t.Fatal(out, err)
		}
		return list[0], list[1]
	}
	s.sh("mkdir " + autoinstall.UnitFile)
	if out, err := s.RunAs(s.limited(), "www-data", "env", "INSTALL_TEST_INSIDE=change", "SUM="+sum, "/opt/vpm-test"); err == nil || !strings.Contains(err.Error(), "cannot start the installation of vpm") {
		t.Errorf("with something in the unit's place: %s, %v", out, err)
	}
	if got := change(); got != "false" {
		t.Errorf("after one that could not be started: %s", got)
	}
	if is, _ := status(); is.Installation == nil || is.Installation.State != autoinstall.Failed {
		t.Errorf("the status of one that could not be started: %+v", is.Installation)
	}
	s.sh("rmdir " + autoinstall.UnitFile + "; rm /home/shop/vpm-data/vpm-install.started")
	if got := change(); !strings.HasSuffix(got, "true") || !strings.Contains(got, "equivalent to root") {
		t.Errorf("with the line: %s", got)
	}
	s.logIn(s.ask("GET", "/setup.php", nil).by) // one of the two answers at any time, but for the moment of the move
	err := s.Wait(s.limited(), func() bool {
		_, err := s.Run(s.limited(), "sh", "-c", "! systemctl -q is-active vpm-install && test ! -e /etc/systemd/system/vpm-install.service")
		return err == nil
	})
	if err != nil {
		t.Fatal(err, s.Journal(autoinstall.Unit))
	}
	if s.ask("GET", "/setup.php", nil).by != "server" {
		t.Fatal(s.Journal(autoinstall.Unit))
	}
	s.logIn("server")
	if got := change(); got != "false" {
		t.Errorf("a second time: %s", got)
	}
	is, server := status()
	if is.Installation != nil || is.Sudoers == nil || server.Sudoers == nil || strings.Join(server.Sudoers.Files, " ") != "/etc/sudoers.d/www" {
		t.Errorf("the status of one that has ended well: %+v, %+v", is, server)
	}
	s.sh("touch /etc/sudoers.d")
	if _, server := status(); server.Sudoers != nil {
		t.Errorf("the server guesses at what sudoers holds now: %+v", server.Sudoers)
	}
	s.must("uninstall")
	s.wantTree(before, "after the uninstallation")
	if is, _ := status(); is.Installation == nil || is.Installation.State != autoinstall.Ended {
		t.Errorf("the status after the uninstallation: %+v", is.Installation)
	}
}
