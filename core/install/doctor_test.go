//go:build linux

package install_test

import (
	"encoding/json"
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

// TestDoctor: no alarm where all is well, and the right one for each thing that is not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.apache()
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
}
