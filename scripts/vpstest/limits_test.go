package vpstest

import (
	"strings"
)

// wantLimits changes what the blog may use while it runs: it counts at once, in the same process, and after a boot.
func (s *server) wantLimits(user string) {
	s.t.Helper()
	master := s.status()["pid"]
	ini := s.copyOf(user) + "/ini.php"
	s.sh("echo '<?php echo ini_get(\"memory_limit\"), \" \", ini_get(\"max_execution_time\");' > " + ini + "; chown " + user + " " + ini)
	s.change("update", "memory_limit", "96M", "max_execution_time", "45", "max_children", "7", "total_memory", "300M", "cpu_limit", "150", "tasks_limit", "40")
	if err := s.Wait(s.limited(), func() bool { return s.get("http://shop.test/blog/ini.php").text == "96M 45" }); err != nil {
		s.t.Errorf("PHP has the limits %v", s.get("http://shop.test/blog/ini.php"))
	}
	want := func(when string) {
		s.t.Helper()
		figures, _ := s.call("GET", "instances/monitor.php?instance_id=blog", nil)["real"].(map[string]any)
		if figures["memory_limit"] != float64(300<<20) || figures["cpu_limit"] != 150.0 || figures["tasks_limit"] != 40.0 {
			s.t.Errorf("%s, the limits are %v", when, figures)
		}
		if pool := s.sh("cat /etc/vpm/pools/" + strings.TrimPrefix(user, "vpm-") + ".conf"); !strings.Contains(pool, "pm.max_children = 7\n") {
			s.t.Errorf("%s, the pool: %s", when, pool)
		}
	}
	want("at once")
	if now := s.status()["pid"]; now != master {
		s.t.Errorf("the process was %v and is %v", master, now)
	}
	a := s.send("POST", "http://shop.test/api/instances/update.php", map[string]any{"instance_id": "blog", "tasks_limit": 2})
	if a.fields["code"] != "invalid" {
		s.t.Errorf("a limit that cannot be: %v", a)
	}
	s.wantPage(s.copyOf(user), user)
	s.sh("rm " + ini)
	s.limitsAfterBoot = func() { want("after a boot") }
}
