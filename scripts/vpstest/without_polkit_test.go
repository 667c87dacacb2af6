package vpstest

import (
	"strings"
	"testing"
)

// TestWithoutPolkit runs instances where there is no polkit: the server drives its units by sudo, those and no others.
func TestWithoutPolkit(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.setUp(s.database("sqlite"))
	s.sh("systemctl stop polkit; rm /usr/bin/pkaction /usr/lib/polkit-1/polkitd /usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service /usr/lib/systemd/system/polkit.service; " +
		"systemctl daemon-reload; systemctl reload dbus")
	s.sh("/opt/vpm install")
	mode := s.call("GET", "mode.php", nil)
	if rule := s.sh("ls /etc/polkit-1/rules.d/50-vpm.rules 2>/dev/null || true"); mode["mode"] != "real" || rule != "" {
		t.Fatalf("without polkit: %v, %q\n%s", mode, rule, s.Journal("vpm.service"))
	}
	s.wantStops(original, "www-data")
	user := s.move()
	s.awaitPage(s.copyOf(user), user)
	s.change("stop", "reason", "new roof")
	s.wantClosed("new roof")
	started := s.change("start")
	s.wantMaster(started["pid"], user)
	restarted := s.change("restart")
	s.wantMaster(restarted["pid"], user)
	if started["pid"] == restarted["pid"] {
		t.Errorf("restarted, and it is the same process: %v", restarted)
	}
	s.wantPage(s.copyOf(user), user)
	for _, refused := range []string{"start ssh.service", "stop vpm.service", "start vpm-php@x.service ssh.service", "enable vpm-php@blog.service", "stop vpm-provision@blog.service", "start vpm-php@../x.service"} {
		if out, err := s.RunInputAs(s.limited(), "vpmd", strings.NewReader(""), "sudo", append([]string{"-n", "/usr/bin/systemctl", "--no-ask-password"}, strings.Fields(refused)...)...); err == nil {
			t.Errorf("sudo %s: %q", refused, out)
		}
	}
	s.call("POST", "instances/move.php", map[string]any{"instance_id": "blog", "operation": "undo"})
	s.awaitPage(original, "www-data")
}
