package vpstest

import "strings"

// change asks for a change of the blog.
func (s *server) change(what string, more ...string) map[string]any {
	s.t.Helper()
	body := map[string]any{"instance_id": "blog"}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return s.call("POST", "instances/"+what+".php", body)
}

func (s *server) status() map[string]any {
	s.t.Helper()
	return s.call("GET", "instances/status.php?instance_id=blog", nil)
}

// await waits until the status is as it should be.
func (s *server) await(what string, ready func(status map[string]any) bool) (status map[string]any) {
	s.t.Helper()
	err := s.Wait(s.limited(), func() bool {
		status = s.status()
		return ready(status)
	})
	if err != nil {
		s.t.Fatalf("%s: %v: %v\n%s", what, err, status, s.Journal("vpm.service"))
	}
	return status
}

// wantControl stops and starts the blog, and ends its process in ways that nobody asked for.
func (s *server) wantControl(user string) {
	s.t.Helper()
	unit, dir := unitOf(user), s.copyOf(user)
	s.change("stop", "reason", "new roof")
	s.wantClosed("new roof")
	if state := s.sh("systemctl is-active " + unit + " || true; pgrep -u " + user + " || true"); state != "inactive" {
		s.t.Errorf("a stopped instance has %s", state)
	}
	started := s.change("start")
	s.wantMaster(started["pid"], user)
	s.wantPage(dir, user)
	restarted := s.change("restart")
	s.wantMaster(restarted["pid"], user)
	if restarted["pid"] == started["pid"] {
		s.t.Errorf("restarted, and it is the same process: %v", restarted)
	}
	s.wantPage(dir, user)

	s.sh("kill -9 $(systemctl show -p MainPID --value " + unit + ")")
	back := s.await("after kill -9", func(status map[string]any) bool {
		return status["observed"] == "running" && status["pid"] != restarted["pid"]
	})
	s.wantMaster(back["pid"], user)
	figures, _ := s.call("GET", "instances/resources.php?instance_id=blog", nil)["real"].(map[string]any)
	if figures["restarts"] != 1.0 {
		s.t.Errorf("after kill -9: %v", figures)
	}
	s.wantPage(dir, user)

	// A tick that comes in between starts it again, once.
	s.await("after somebody stopped it", func(map[string]any) bool {
		s.sh("systemctl stop " + unit)
		status := s.status()
		return status["drift"] == true && status["wanted"] == "running" && status["observed"] == "stopped" && status["status"] == "stopped" &&
			s.get("http://shop.test/blog/").status == 503
	})
	s.change("start")
	s.wantPage(dir, user)
}

// wantReboot reboots with the blog wanted running, and again with it stopped.
func (s *server) wantReboot(user string) {
	s.t.Helper()
	s.reboot()
	s.wantPage(s.copyOf(user), user)
	s.wantMaster(s.status()["pid"], user)
	s.limitsAfterBoot()
	s.change("stop", "reason", "over night")
	s.reboot()
	s.wantClosed("over night")
	if status := s.status(); status["observed"] != "stopped" || status["drift"] != false {
		s.t.Errorf("stopped, after the reboot: %v", status)
	}
	if state := s.sh("systemctl is-active " + unitOf(user) + " || true"); state != "inactive" {
		s.t.Errorf("stopped, after the reboot: %s", state)
	}
	s.change("start")
	s.wantPage(s.copyOf(user), user)
}

func (s *server) reboot() {
	s.t.Helper()
	if err := s.Reboot(s.limited()); err != nil {
		s.t.Fatal(err)
	}
	if failed := s.sh("systemctl --failed --no-legend"); failed != "" {
		s.t.Errorf("failed at boot: %s", failed)
	}
}

// wantUndone has visitors served from the original again.
func (s *server) wantUndone(user string) {
	s.t.Helper()
	undo := map[string]any{"instance_id": "blog", "operation": "undo"}
	s.change("stop", "reason", "not yet")
	if a := s.send("POST", "http://shop.test/api/instances/move.php", undo); a.fields["code"] != "conflict" {
		s.t.Errorf("the undo of a stopped instance: %v", a)
	}
	s.wantClosed("not yet")
	s.change("start")
	s.call("POST", "instances/move.php", undo)
	s.awaitPage(original, "www-data")
	if left := s.sh("systemctl is-active " + unitOf(user) + " || true"); left != "inactive" {
		s.t.Errorf("after the undo: %s", left)
	}
	if status := s.status(); status["mode"] != "virtual" || !strings.HasPrefix(status["pid"].(string), "v") || status["observed"] != "running" {
		s.t.Errorf("after the undo: %v", status)
	}
}
