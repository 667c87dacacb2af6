//go:build linux

package install_test

import (
	"fmt"
	"strings"
	"testing"

	"vpm/core/install"
)

// TestKilled kills an installation and an uninstallation at points all over them. What follows completes it, or puts
// everything back.
func TestKilled(t *testing.T) {
	t.Parallel()
	for part := range 2 {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.apache()
			s.setUpWith("sqlite")
			before := s.tree()
			points := s.points("apply")
			installed := s.tree()
			ending := s.points("uninstall")
			s.wantTree(before, "after the uninstallation")

			const kills = 6
			for i := range kills {
				at := 1 + (2*i+part)*(points-1)/(2*kills-1)
				s.kill("apply", at)
				if i%2 == 0 {
					s.must("apply")
					s.logIn("server")
					s.sameBut(installed, fmt.Sprintf("killed at point %d of %d and installed again", at, points))
				}
				s.must("uninstall")
				s.wantTree(before, fmt.Sprintf("killed at point %d of %d and uninstalled", at, points))
				s.logIn("")
			}
			const halts = 3
			for i := range halts {
				at := 1 + (2*i+part)*(ending-1)/(2*halts-1)
				s.must("apply")
				s.kill("uninstall", at)
				s.must("uninstall")
				s.wantTree(before, fmt.Sprintf("uninstallation killed at point %d of %d and done again", at, ending))
				s.logIn("")
			}
		})
	}
}

// points runs to the end and counts the points that are passed.
func (s *server) points(what string) int {
	s.t.Helper()
	out, err := s.Run(s.limited(), "sh", "-c", "INSTALL_TEST_INSIDE="+what+" FROM= FAULT_AT=0 /opt/vpm-test 2>&1")
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Count(out, "fault: ")
}

func (s *server) kill(what string, at int) {
	s.t.Helper()
	out, err := s.try(what, fmt.Sprintf("FAULT_AT=%d", at))
	if err == nil || !strings.Contains(err.Error(), "killed") {
		s.t.Fatalf("%s was not killed at point %d: %v\n%s", what, at, err, out)
	}
}

// sameBut compares with an installation that was not killed; only the journal may number its copies otherwise.
func (s *server) sameBut(want, when string) {
	s.t.Helper()
	without := func(tree string) string {
		var lines []string
		for line := range strings.Lines(tree) {
			if !strings.HasPrefix(line, install.StateDir+"/install") && !strings.HasPrefix(line, install.DataDir+"/"+install.DatabaseName) {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	if is := without(s.tree()); is != without(want) {
		s.t.Errorf("%s: the tree is\n%s\nwant\n%s", when, is, without(want))
	}
}
