package vpstest

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"vpm/scripts/lab"
)

// wantTablesUpgraded installs a package whose program works with later tables than those that are there, and one whose
// program is too old for them: then the server that runs is left to run.
func (s *server) wantTablesUpgraded() {
	s.t.Helper()
	tool := filepath.Join(s.t.TempDir(), "setversion")
	if err := lab.Build(tool, "vpm/scripts/vpstest/setversion"); err != nil {
		s.t.Fatal(err)
	}
	if err := s.CopyIn(tool, "/opt/setversion"); err != nil {
		s.t.Fatal(err)
	}
	setVersion := func(version int) {
		s.t.Helper()
		s.sh(fmt.Sprintf("setpriv --reuid=vpmd --regid=vpmd --clear-groups /opt/setversion /var/lib/vpm/data/vpm.sqlite %d", version))
	}
	pid := func() string { return s.sh("systemctl show -p MainPID --value vpm.service") }
	list := func() answer { return s.send("GET", "http://shop.test/api/instances/list.php", nil) }

	setVersion(2)
	if a := list(); a.status != http.StatusServiceUnavailable {
		s.t.Errorf("with tables of version 2: %v", a)
	}
	s.apt("install --reinstall ./vpm-" + second + ".deb")
	if a := list(); a.status != http.StatusOK {
		s.t.Errorf("after the upgrade: %v\n%s", a, s.Journal("vpm.service"))
	}
	if log := s.get("http://shop.test/api/instances/events.php?limit=5"); !strings.Contains(log.text, `"migrate"`) {
		s.t.Errorf("the history does not tell of the upgrade: %v", log)
	}
	s.wantServer(second)

	setVersion(99)
	old := pid()
	if out, err := s.tryApt("install --reinstall ./vpm-" + second + ".deb"); err == nil || !strings.Contains(out, "a newer vpm has upgraded it to version 99") {
		s.t.Errorf("with tables of version 99: %v\n%s", err, out)
	}
	if now := pid(); now != old {
		s.t.Errorf("the upgrade failed, and the server was %s and is %s", old, now)
	}
	setVersion(3)
	if a := list(); a.status != http.StatusOK {
		s.t.Errorf("the server that was left: %v", a)
	}
	s.sh("dpkg --configure -a; rm /opt/setversion")
	s.wantServer(second)
}
