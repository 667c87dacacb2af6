//go:build linux

package install_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/autoinstall"
)

func (s *server) doctor() map[string]core.Check {
	s.t.Helper()
	var list []core.Check
	if err := json.Unmarshal([]byte(s.must("doctor")), &list); err != nil {
		s.t.Fatal(err)
	}
	checks := map[string]core.Check{}
	for _, c := range list {
		checks[c.Name] = c
	}
	return checks
}

// What is done to the journal, and how that is mended.
const damage, mendJournal = "cp -p /var/lib/vpm/install.json /root; ", "mv /root/install.json /var/lib/vpm"

// wantNoAlarmWithoutRoot: what somebody else may not see is unknown, and no fault.
func (s *server) wantNoAlarmWithoutRoot() {
	s.t.Helper()
	inside := func(what string) (string, error) {
		return s.RunAs(s.limited(), "nobody", "env", "INSTALL_TEST_INSIDE="+what, "FROM=", "/opt/vpm-test")
	}
	if _, err := inside("apply"); err == nil || !strings.Contains(err.Error(), "this needs root") {
		s.t.Errorf("an installation by nobody: %v", err)
	}
	out, err := inside("doctor")
	if err != nil {
		s.t.Fatal(err)
	}
	var list []core.Check
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatal(err)
	}
	unseen := []string{"installation", "units", "settings", "socket", "rights", "refusals", "pools", "pool-sockets", "sudoers-line", "leftovers"}
	for _, c := range list {
		if hidden := slices.Contains(unseen, c.Name); c.Result == core.CheckFailed || c.Result == core.CheckWarning || hidden != (c.Result == core.CheckUnknown) ||
			hidden && c.Details["fix"] != "run vpm doctor as root" {
			s.t.Errorf("as nobody: %+v", c)
		}
	}
}

// TestDoctor: no alarm where all is well, and the right one for each thing that is not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.apache()
	if _, err := s.try("apply"); err == nil || !strings.Contains(err.Error(), "it is not set up yet") {
		t.Errorf("before the set-up: %v", err)
	}
	s.setUpWith("sqlite")
	before := s.doctor()
	if c := before["installation"]; c.Result != core.CheckFailed || c.Details["fix"] != "run vpm install as root" {
		t.Errorf("before the installation: %+v", c)
	}
	s.must("apply")
	well := s.doctor()
	for name, c := range well {
		nothing := map[string]bool{"database": true, "pools": true, "statistics": true, "journal-storage": true}[name] // to look at
		if c.Result != core.CheckOK && !(nothing && c.Result == core.CheckSkipped) {
			t.Errorf("without reason: %+v", c)
		}
	}
	s.wantNoAlarmWithoutRoot()
	for _, c := range []struct {
		check, harm, mend string
		want              core.CheckResult
		says              string
	}{
		{"socket", "systemctl stop vpm.socket", "systemctl start vpm.socket vpm.service", core.CheckFailed, "no socket"},
		{"server", "systemctl stop vpm.service", "systemctl start vpm.service", core.CheckFailed, "inactive"},
		{"settings", "chmod 644 /etc/vpm/vpm.env", "chmod 600 /etc/vpm/vpm.env", core.CheckFailed, "password"},
		{"settings", "echo VPM_NONSENSE=1 >> /etc/vpm/vpm.env", "sed -i /NONSENSE/d /etc/vpm/vpm.env", core.CheckFailed, "VPM_NONSENSE"},
		{"units", "echo '# mine' >> /etc/systemd/system/vpm.service", "sed -i '/# mine/d' /etc/systemd/system/vpm.service", core.CheckWarning, "vpm.service"},
		{"units", "mv /etc/apache2/conf-enabled/vpm.conf /root", "mv /root/vpm.conf /etc/apache2/conf-enabled", core.CheckFailed, "conf-enabled/vpm.conf"},
		{"settings", "chown root:root /etc/vpm/vpm.env", "chown vpmd:vpmd /etc/vpm/vpm.env", core.CheckFailed, "the server cannot read"},
		{"database", "chown root /var/lib/vpm/data/vpm.sqlite", "chown vpmd /var/lib/vpm/data/vpm.sqlite", core.CheckFailed, "belongs to root"},
		{"php-fpm", "mkdir /root/fpm; mv /usr/sbin/php-fpm* /root/fpm", "mv /root/fpm/* /usr/sbin; rmdir /root/fpm", core.CheckFailed, "there is no PHP-FPM"},
		{"php-fpm", "for p in /usr/sbin/php-fpm*; do mv $p $p-x; done", "for p in /usr/sbin/php-fpm*-x; do mv $p ${p%-x}; done", core.CheckFailed, "not there any more"},
		{"installation", damage + `sed -i '1s/{/{"ending": true,/' /var/lib/vpm/install.json`, mendJournal, core.CheckFailed, "an uninstallation was cut off"},
		{"installation", damage + `sed -i '1s/{/{"started": true,/' /var/lib/vpm/install.json`, mendJournal, core.CheckFailed, "an installation was cut off"},
		{"installation", damage + "echo nonsense > /var/lib/vpm/install.json", mendJournal, core.CheckFailed, "cannot be read"},
		{"leftovers", damage + "echo nonsense > /var/lib/vpm/install.json", mendJournal, core.CheckUnknown, "cannot be read"},
		{"web-server", "systemctl stop apache2 nginx", "systemctl start apache2", core.CheckFailed, "no web server runs"},
		{"pool-sockets", "useradd -M vpm-x; install -D -m 666 -o vpm-x /dev/null /run/vpm/x/php.sock", "rm -r /run/vpm/x; userdel vpm-x", core.CheckFailed, "/run/vpm/x/php.sock (0666"},
		{"pool-sockets", "install -D -m 660 -o www-data /dev/null /run/vpm/x/php.sock", "rm -r /run/vpm/x", core.CheckFailed, "/run/vpm/x/php.sock (0660, www-data"},
		{"disk", "mount -t tmpfs -o size=100m none /srv/vpm", "umount /srv/vpm", core.CheckWarning, "/srv/vpm"},
		{"directories", "chmod 777 /var/lib/vpm/requests", "chmod 700 /var/lib/vpm/requests", core.CheckFailed, "0777"},
		{"directories", "chown root /var/lib/vpm/wanted", "chown vpmd /var/lib/vpm/wanted", core.CheckFailed, "root:vpmd"},
		{"rights", "mv /etc/polkit-1/rules.d/50-vpm.rules /root; systemctl restart polkit", "mv /root/50-vpm.rules /etc/polkit-1/rules.d; systemctl restart polkit", core.CheckFailed, "cannot start"},
		{"web-server", "echo Nonsense > /etc/apache2/conf-enabled/x.conf", "rm /etc/apache2/conf-enabled/x.conf", core.CheckFailed, "Nonsense"},
		{"routing", "systemctl stop vpm.socket", "systemctl start vpm.socket vpm.service", core.CheckFailed, "503"},
		{"sudoers-line", "echo '" + autoinstall.SudoersLine + "' > /etc/sudoers.d/www; chmod 440 /etc/sudoers.d/www", "rm /etc/sudoers.d/www", core.CheckWarning, "equivalent to root"},
		{"leftovers", "mkdir /var/lib/vpm-install.aaaaaa", "rmdir /var/lib/vpm-install.aaaaaa", core.CheckWarning, "vpm-install.aaaaaa"},
		{"refusals", `echo 'polkit.addRule(function (a, s) { if (s.user == "vpmd") return polkit.Result.YES; });' > /etc/polkit-1/rules.d/10-x.rules; systemctl restart polkit`,
			"rm /etc/polkit-1/rules.d/10-x.rules; systemctl restart polkit", core.CheckFailed, "manage-units vpm-doctor-probe.service start"},
		{"pools", "useradd -M vpm-x; echo nonsense > /etc/vpm/pools/x.conf", "rm /etc/vpm/pools/x.conf; userdel vpm-x", core.CheckFailed, "[/etc/vpm/pools/x.conf:1]"},
		{"pools", "echo '[x]' > /etc/vpm/pools/x.conf", "rm /etc/vpm/pools/x.conf", core.CheckFailed, "no user vpm-x"},
		{"pool-sockets", "chmod 666 /run/vpmd/vpm.sock", "chmod 660 /run/vpmd/vpm.sock", core.CheckFailed, "vpm.sock (0666"},
		{"disk", "mount -t tmpfs -o size=10m none /srv/vpm", "umount /srv/vpm", core.CheckFailed, "/srv/vpm"},
		{"time-zone", "mkdir -p /run/systemd/system/vpm.service.d; printf '[Service]\nEnvironment=TZ=Asia/Tokyo\n' > /run/systemd/system/vpm.service.d/tz.conf; systemctl daemon-reload; systemctl restart vpm",
			"rm -r /run/systemd/system/vpm.service.d; systemctl daemon-reload; systemctl restart vpm", core.CheckWarning, "Asia/Tokyo"},
	} {
		s.sh(c.harm)
		got := s.doctor()[c.check]
		if got.Result != c.want || !strings.Contains(got.Reason, c.says) || got.Details["fix"] == nil {
			t.Errorf("after %s: %+v", c.harm, got)
		}
		s.sh(c.mend)
	}
	for name, c := range s.doctor() {
		if c.Result != well[name].Result {
			t.Errorf("after all was mended: %+v", c)
		}
	}
	s.wantRefused()
}

// wantRefused: what cannot end well is not begun.
func (s *server) wantRefused() {
	s.t.Helper()
	before := s.tree()
	for _, c := range []struct{ harm, what, from, mend, says string }{
		{damage + `sed -i '1s/{/{"ending": true,/' /var/lib/vpm/install.json`, "apply", "", mendJournal, "run vpm uninstall once more"},
		{damage + "echo nonsense > /var/lib/vpm/install.json", "uninstall", "", mendJournal, "cannot read what was installed"},
		{"mkdir /root/fpm; mv /usr/sbin/php-fpm* /root/fpm", "apply", "", "mv /root/fpm/* /usr/sbin; rmdir /root/fpm", "there is no PHP-FPM"},
		{"mkdir /home/shop/other; cp " + api + "/vpm.cgi /home/shop/other", "apply", "/home/shop/other", "rm -r /home/shop/other", "the server already has that in " + api},
		{`mkdir "/home/shop/a'b"`, "apply", "/home/shop/a'b", `rmdir "/home/shop/a'b"`, "without quotes"},
	} {
		s.sh(c.harm)
		if out, err := s.try(c.what, "FROM="+c.from); err == nil || !strings.Contains(err.Error(), c.says) {
			s.t.Errorf("%s after %s: %s, %v", c.what, c.harm, out, err)
		}
		s.sh(c.mend)
	}
	s.wantTree(before, "after what was refused")
}
