package vpstest

import "strings"

// wantShell operates the blog from root's shell, which must leave nothing that the server's user cannot use.
func (s *server) wantShell(user string) {
	s.t.Helper()
	if out := s.sh("vpm stop blog --reason 'by hand'"); !strings.Contains(out, "stopped") {
		s.t.Errorf("vpm stop says %s", out)
	}
	s.wantClosed("by hand")
	s.sh("vpm start blog; vpm tick; vpm migrate; vpm usage blog --fresh")
	s.wantPage(s.copyOf(user), user)
	s.wantMaster(s.status()["pid"], user)
	if out := s.sh("vpm list; vpm top; vpm events blog --limit 5"); strings.Count(out, "running") < 2 || !strings.Contains(out, "root (shell)") || !strings.Contains(out, "by hand") {
		s.t.Errorf("the list and the history are\n%s", out)
	}
	if out := s.sh("find /var/lib/vpm/data /etc/vpm/vpm.env ! -user vpmd"); out != "" {
		s.t.Errorf("root has left of its own:\n%s", out)
	}
	if out := s.sh("su -s /bin/sh www-data -c 'vpm list' 2>&1 && exit 1 || echo $?"); !strings.Contains(out, "use sudo") || !strings.HasSuffix(out, "4") {
		s.t.Errorf("another user gets\n%s", out)
	}
	s.change("restart") // the server goes on with the same database
}
