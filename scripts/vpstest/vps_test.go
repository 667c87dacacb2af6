package vpstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestWayToAServer goes the whole way, once with each database.
func TestWayToAServer(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.setUp(s.database(driver))
			s.wantPage(original, "www-data")
			recorded := s.record()
			if got := recorded["start"]["mode"]; got != "virtual" {
				t.Errorf("before the installation the mode is %v", got)
			}
			before := s.tree()

			s.install()
			s.wantPage(original, "www-data")
			if driver == "sqlite" {
				s.wantFailedMove()
			} else {
				s.wantOriginal() // and then it is stopped
				s.wantBeside()
			}
			user := s.move()
			if driver == "mysql" {
				s.wantClosed("too early")
				if left := s.sh("cat " + original + "/.htaccess"); strings.Contains(left, "vpm") {
					s.t.Errorf("the original of a site that was moved is closed: %s", left)
				}
				s.change("start")
			}
			s.awaitPage(s.copyOf(user), user)
			if old := s.sh("cmp " + s.copyOf(user) + "/style.css " + original + "/style.css 2>&1 || true"); old != "" {
				t.Errorf("the copy is not that of now: %s", old)
			}
			s.sh("sed -i '/new/d' " + original + "/style.css")
			s.wantReplay(recorded, user)
			s.wantMetrics()
			s.wantPHP()
			s.wantControl(user)
			if driver == "mysql" {
				s.wantQueries()
			}
			s.wantLog(user)
			s.wantLimits(user)
			s.wantShell(user)
			s.wantReboot(user)
			s.wantUndone(user)
			s.uninstall(before)
			if driver == "mysql" {
				if left := s.sh(`mariadb -N -e "SELECT User FROM mysql.user WHERE User LIKE 'vpm%'"`); left != "" {
					t.Errorf("accounts that are left: %s", left)
				}
			}
		})
	}
}

func (s *server) database(driver string) map[string]any {
	s.t.Helper()
	if driver == "sqlite" {
		return map[string]any{"db_driver": "sqlite"}
	}
	socket, err := s.MariaDB(s.limited())
	if err != nil {
		s.t.Fatal(err)
	}
	s.sh(`systemctl enable -q mariadb; mariadb -e "CREATE DATABASE panel; CREATE USER panel@localhost IDENTIFIED BY 'db-pass'; GRANT ALL ON panel.* TO panel@localhost"`)
	return map[string]any{"db_driver": "mysql", "db_host": "localhost", "db_socket": socket, "db_name": "panel", "db_user": "panel", "db_password": "db-pass"}
}

// record asks what a page of the panel asks, and the changes of it.
func (s *server) record() map[string]map[string]any {
	s.t.Helper()
	blog := map[string]any{"instance_id": "blog"}
	got := map[string]map[string]any{}
	for _, name := range []string{"stop", "start", "restart"} {
		got[name] = s.call("POST", "instances/"+name+".php", blog)
	}
	for _, name := range []string{"status", "monitor", "health", "resources"} {
		got[name] = s.call("GET", "instances/"+name+".php?instance_id=blog&fresh=1", nil)
	}
	got["list"] = s.call("GET", "instances/list.php", nil)
	return got
}

// tree lists what an installation may touch, with owners, modes and contents.
func (s *server) tree() string {
	s.t.Helper()
	return s.sh(`leave='^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-|^/etc/\.pwd\.lock|^/home/shop/vpm-data/'
{ find /etc /home /srv $(ls -d /usr/lib/vpm /usr/bin/vpm /var/lib/vpm* 2>/dev/null) -printf '%p %y %m %u:%g %l\n'
find /etc /home /srv -type f -print0 | xargs -0 sha256sum | sed -E 's/^([^ ]+) +(.*)/\2 \1/'; } | grep -Ev "$leave" | sort`)
}

func (s *server) install() {
	s.t.Helper()
	before := s.tree()
	plan := s.sh("/opt/vpm install --dry-run")
	for _, want := range []string{"/usr/lib/vpm/vpm", "vpm.service", "50-vpm.rules", "+     IncludeOptional /etc/apache2/vpm.d/shop.test/*.conf"} {
		if !strings.Contains(plan, want) {
			s.t.Errorf("the dry run does not say %q:\n%s", want, plan)
		}
	}
	s.wantTree(before, "after the dry run")
	if a := s.get("http://shop.test/api/metrics.php"); a.status != 404 || !strings.Contains(a.text, "vpm serve") {
		s.t.Errorf("the metrics of vpm.cgi: %v", a)
	}
	s.sh("/opt/vpm install")
	if mode := s.call("GET", "mode.php", nil); mode["mode"] != "real" {
		s.t.Fatalf("after the installation: %v\n%s", mode, s.Journal("vpm.service"))
	}
	if out, err := s.Run(s.limited(), "vpm", "doctor", "--host", "shop.test"); err != nil {
		s.t.Errorf("the doctor says: %v\n%s", err, out)
	}
	checks, _ := s.call("GET", "doctor.php", nil)["checks"].([]any)
	for _, c := range checks {
		check, _ := c.(map[string]any)
		if quiet := check["result"] == "ok" || check["result"] == "skipped" || check["name"] == "https"; !quiet { // the lab has none
			s.t.Errorf("without reason the server says: %v", check)
		}
	}
	if len(checks) < 15 {
		s.t.Errorf("the server makes the checks %v", checks)
	}
}

// wantOriginal wants the server to tell the truth of a site that has no process of its own yet: it can look at it.
func (s *server) wantOriginal() {
	s.t.Helper()
	health := s.call("GET", "instances/health.php?instance_id=blog", nil)
	if status := s.status(); status["mode"] != "virtual" || status["observed"] != "running" || health["healthy"] != true {
		s.t.Errorf("before the move: %v, %v", status, health)
	}
	usage := s.call("GET", "instances/resources.php?instance_id=blog&fresh=1", nil)
	if disk, _ := usage["disk_usage"].(float64); disk < 100 || usage["real"] != nil {
		s.t.Errorf("before the move: %v", usage)
	}
	s.wantStops(original, "www-data")
	s.change("stop", "reason", "too early")
}

// wantFailedMove has a move fail when visitors are to be sent to it, and wants everything as it was.
func (s *server) wantFailedMove() {
	s.t.Helper()
	const broken = "/etc/apache2/conf-enabled/broken.conf"
	if err := s.WriteFile(broken, []byte("Nonsense\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	a := s.send("POST", "http://shop.test/api/instances/move.php", map[string]any{"instance_id": "blog"})
	if a.status/100 == 2 || !strings.Contains(a.text, "Nonsense") {
		s.t.Errorf("a move with a broken web server: %v", a)
	}
	s.sh("rm " + broken)
	s.awaitPage(original, "www-data")
	if status := s.status(); status["mode"] != "virtual" || status["observed"] != "running" {
		s.t.Errorf("after a move that failed: %v", status)
	}
	if left := s.sh("systemctl is-active 'vpm-php@*' || true; ls /etc/apache2/vpm.d/*/ /var/lib/vpm/wanted"); strings.Contains(left, "active") || strings.Contains(left, "blog") {
		s.t.Errorf("after a move that failed: %s", left)
	}
	// What is changed in the original now is in the next copy.
	s.sh("echo '/* new */' >> " + original + "/style.css")
}

// move gives the blog a process of its own, and tells its user.
func (s *server) move() (user string) {
	s.t.Helper()
	body := map[string]any{"instance_id": "blog", "operation": "move"}
	a := s.send("POST", "http://shop.test/api/instances/move.php", body)
	for a.fields["code"] == "busy" { // it is being copied
		a = s.send("POST", "http://shop.test/api/instances/move.php", body)
	}
	result, _ := a.fields["result"].(map[string]any)
	user, _ = result["user"].(string)
	if a.status != 200 || !strings.HasPrefix(user, "vpm-") {
		s.t.Fatalf("the move: %v\n%s\n%s", a, s.Journal("vpm-provision@blog.service"), s.Journal("vpm.service"))
	}
	return user
}

func (s *server) copyOf(user string) string {
	return "/srv/vpm/" + strings.TrimPrefix(user, "vpm-") + "/web/htdocs"
}

func unitOf(user string) string { return "vpm-php@" + strings.TrimPrefix(user, "vpm-") + ".service" }

// wantReplay asks the same again: the answers have to be of the shape that they had on the shared host.
func (s *server) wantReplay(recorded map[string]map[string]any, user string) {
	s.t.Helper()
	got := s.record()
	for name, was := range recorded {
		sameShape(s.t, name, was, got[name])
	}
	for _, name := range []string{"start", "restart", "stop", "status"} {
		if got[name]["mode"] != "real" {
			s.t.Errorf("%s has the mode %v", name, got[name]["mode"])
		}
		if _, there := got[name]["virtual_pid"]; there {
			s.t.Errorf("%s has a virtual_pid: %v", name, got[name])
		}
	}
	status := got["status"]
	s.wantMaster(status["pid"], user)
	monitored, _ := got["monitor"]["process"].(map[string]any)
	instances, _ := got["list"]["instances"].([]any)
	var listed map[string]any
	for _, in := range instances {
		if in, _ := in.(map[string]any); in["instance_id"] == "blog" {
			listed, _ = in["process"].(map[string]any)
		}
	}
	for name, process := range map[string]map[string]any{"monitor": monitored, "list": listed, "restart": got["restart"]} {
		if process["pid"] != status["pid"] || process["mode"] != "real" {
			s.t.Errorf("%s has the process %v, and status %v", name, process, status)
		}
	}
	if status["observed"] != "running" || status["drift"] != false || got["health"]["healthy"] != true {
		s.t.Errorf("status %v, health %v", status, got["health"])
	}
	figures, _ := got["resources"]["real"].(map[string]any)
	if memory, _ := figures["memory"].(float64); memory < 1<<20 {
		s.t.Errorf("the process uses %v", got["resources"]["real"])
	}
	if workers, _ := figures["workers"].(map[string]any); workers["idle"] == nil {
		s.t.Errorf("the workers: %v", figures["workers"])
	}
	evidence, _ := got["resources"]["evidence"].(map[string]any)
	if disk, _ := got["resources"]["disk_usage"].(float64); disk < 100 || evidence["disk_usage"] != "measured" {
		s.t.Errorf("disk usage: %v", got["resources"])
	}
}

// wantMetrics looks at the figures for Prometheus, of one instance that runs.
func (s *server) wantMetrics() {
	s.t.Helper()
	metrics := s.get("http://shop.test/api/metrics.php")
	if metrics.status != 200 || !strings.HasPrefix(metrics.header.Get("Content-Type"), "text/plain; version=0.0.4") {
		s.t.Errorf("the metrics: %v %v", metrics, metrics.header)
	}
	for _, series := range []string{`vpm_instances{healthy="true",observed="running",wanted="running"} 1`, `vpm_instance_memory_bytes{instance="blog"} `,
		`vpm_instance_cpu_seconds_total{instance="blog"} `, `vpm_instance_restarts_total{instance="blog"} 0`, `vpm_instance_php_workers{instance="blog",state="idle"} `} {
		if !strings.Contains(metrics.text, "\n"+series) {
			s.t.Errorf("the metrics are without %s:\n%s", series, metrics.text)
		}
	}
}

// sameShape wants every field of was in is, of the same JSON type.
func sameShape(t *testing.T, name string, was, is any) {
	t.Helper()
	switch was := was.(type) {
	case map[string]any:
		now, ok := is.(map[string]any)
		if !ok {
			t.Errorf("%s was an object and is %v", name, is)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(was)) {
			value, there := now[key]
			switch {
			case key == "virtual_pid":
			case !there:
				t.Errorf("%s.%s is missing: %v", name, key, now)
			case key == "pid" && was[key] == nil: // of one that is stopped
				if value != nil {
					t.Errorf("%s.pid was null and is %v", name, value)
				}
			case key == "pid":
				if _, number := value.(float64); !number {
					t.Errorf("%s.pid is %v and not a number", name, value)
				}
			case key == "socket": // null in virtual mode, by the contract
			default:
				sameShape(t, name+"."+key, was[key], value)
			}
		}
	case []any:
		now, ok := is.([]any)
		if !ok || name == "list.instances" && len(now) != len(was) {
			t.Errorf("%s was a list and is %v", name, is)
		}
		for i := range min(len(was), len(now)) {
			sameShape(t, fmt.Sprint(name, i), was[i], now[i])
		}
	case nil:
	default:
		if fmt.Sprintf("%T", was) != fmt.Sprintf("%T", is) {
			t.Errorf("%s was %v and is %v", name, was, is)
		}
	}
}

// wantMaster wants pid to be that of the PHP-FPM master of a user.
func (s *server) wantMaster(pid any, user string) {
	s.t.Helper()
	n, _ := pid.(float64)
	if got, err := s.Run(s.limited(), "ps", "-o", "user:40=,args=", "-p", fmt.Sprint(int(n))); err != nil || !strings.HasPrefix(got, user+" ") || !strings.Contains(got, "php-fpm: master process") {
		s.t.Errorf("PID %v is %q, %v", pid, got, err)
	}
}

func (s *server) uninstall(before string) {
	s.t.Helper()
	if out, err := s.Run(s.limited(), "vpm", "uninstall"); err == nil || !strings.Contains(err.Error(), "deprovision") {
		s.t.Errorf("it is uninstalled while an instance has a user of its own: %v\n%s", err, out)
	}
	s.call("POST", "instances/move.php", map[string]any{"instance_id": "blog", "operation": "remove"})
	if kept := s.sh("find /srv/vpm/.removed -name index.php"); kept == "" {
		s.t.Error("nothing of the copy is kept")
	}
	s.sh("rm -r /srv/vpm/.removed")
	if out := s.sh("vpm uninstall"); strings.Contains(out, "left") {
		s.t.Error(out)
	}
	s.wantTree(before, "after the uninstallation")
	if left := s.sh("getent passwd | grep ^vpm || true; systemctl list-units --all --no-legend 'vpm*'; ls -d /run/vpm* /var/lib/vpm* 2>/dev/null || true"); left != "" {
		s.t.Errorf("left: %s", left)
	}
	s.awaitPage(original, "www-data")
	if status := s.call("GET", "instances/status.php?instance_id=blog", nil); status["mode"] != "virtual" || status["status"] != "running" {
		s.t.Errorf("on the shared host again: %v", status)
	}
}

func (s *server) wantTree(want, when string) {
	s.t.Helper()
	sameLines(s.t, when, want, s.tree())
}

// sameLines wants two listings of files to be the same.
func sameLines(t *testing.T, when, want, is string) {
	t.Helper()
	if is == want {
		return
	}
	lines := map[string]int{} // how much more often a line is in is
	for line := range strings.Lines(is) {
		lines[strings.TrimSpace(line)]++
	}
	for line := range strings.Lines(want) {
		lines[strings.TrimSpace(line)]--
	}
	var different []string
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		if sign := lines[line]; sign != 0 {
			different = append(different, string("- +"[sign+1])+" "+line)
		}
	}
	t.Errorf("%s the tree is another:\n%s", when, strings.Join(different, "\n"))
}
