package systemd

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/godbus/dbus/v5"

	"vpm/core"
)

func TestSlugs(t *testing.T) {
	t.Parallel()
	none := func(string) bool { return false }
	for id, want := range map[string]string{
		"shop1": "shop1", "My-Shop_2": "myshop2", "wp-test-001": "wptest001", "abcdefghijklmnopqrstuvwx": "abcdefghijklmnopqrstuvwx",
	} {
		if got, err := NewSlug(id, none); got != want || err != nil {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
	taken := map[string]bool{}
	for _, id := range []string{"shop1", "shop-1", "SHOP1", "s-h-o-p-1", "---", "_", strings.Repeat("x", 64), strings.Repeat("x", 63)} {
		slug, err := NewSlug(id, func(s string) bool { return taken[s] })
		if err != nil || taken[slug] || CheckSlug(slug) != nil {
			t.Errorf("%s: %s, %v", id, slug, err)
		}
		taken[slug] = true
	}
	if _, err := NewSlug("x", func(string) bool { return true }); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("all taken: %v", err)
	}
	if _, err := NewSlug("../x", none); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("no instance id: %v", err)
	}
}

func FuzzSlug(f *testing.F) {
	for _, s := range []string{"", "shop1", "a b", "é", "a\n", "A", strings.Repeat("a", 25)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		valid := s != "" && len(s) <= 24 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
		if (CheckSlug(s) == nil) != valid {
			t.Errorf("CheckSlug(%q) = %v", s, CheckSlug(s))
		}
		if slug, ok := SlugOf(UnitName(s)); ok != valid || ok && slug != s {
			t.Errorf("SlugOf(UnitName(%q)) = %q, %v", s, slug, ok)
		}
		if (checkUnit(UnitName(s)) == nil) != valid || checkUnit(s) == nil && !strings.HasPrefix(s, "vpm-") {
			t.Errorf("checkUnit of %q", s)
		}
		if slug, err := NewSlug(s, func(string) bool { return false }); err == nil && CheckSlug(slug) != nil {
			t.Errorf("NewSlug(%q) = %q", s, slug)
		}
	})
}

func TestUnitPath(t *testing.T) {
	t.Parallel()
	if got := unitPath("vpm-php@a1.service"); got != "/org/freedesktop/systemd1/unit/vpm_2dphp_40a1_2eservice" {
		t.Error(got)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0\n": "0", "26300416": "26300416", "max\n": `"unlimited"`, "": `"unavailable"`, "-1": `"unavailable"`, "x": `"unavailable"`,
		"9223372036854771712\n": `"unlimited"`, "9223372036854775807": `"unlimited"`, "18446744073709551615": `"unlimited"`,
	} {
		if got, err := json.Marshal(fileFigure(text)); string(got) != want || err != nil {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, v := range []any{uint64(math.MaxUint64), nil, "1"} {
		if f := busFigure(v); f.String() != "unavailable" {
			t.Errorf("%v: %s", v, f)
		}
	}
	if busFigure(uint32(3)) != known(3) || busFigure(uint64(3)).String() != "3" {
		t.Error("3 is not 3")
	}
}

func TestDetailOfWhatIsUnset(t *testing.T) {
	t.Parallel()
	d := parseDetail("vpm-php@a.service", map[string]dbus.Variant{
		"LoadState": dbus.MakeVariant("loaded"), "ActiveState": dbus.MakeVariant("failed"), "SubState": dbus.MakeVariant("failed"),
		"ActiveEnterTimestamp": dbus.MakeVariant(uint64(math.MaxUint64)), "StateChangeTimestamp": dbus.MakeVariant(uint64(1_700_000_000_000_000)),
		"ConditionResult": dbus.MakeVariant(false), "ConditionTimestamp": dbus.MakeVariant(uint64(5)),
		"ExecMainCode": dbus.MakeVariant(int32(2)), "ExecMainStatus": dbus.MakeVariant(int32(9)), "Result": dbus.MakeVariant("signal"),
		"Job": dbus.MakeVariant([]any{uint32(7), dbus.ObjectPath("/x")}), "InvocationID": dbus.MakeVariant([]byte{0xab, 1}),
		"MainPID": dbus.MakeVariant("of another type"),
	})
	if d.Slug != "a" || d.up() || !d.ActiveSince.IsZero() || d.ChangedAt.Unix() != 1_700_000_000 || d.ConditionMet || d.Restarts.Known ||
		d.Job == "" || d.Invocation != "ab01" || d.MainPID != 0 || d.Seen() != "vpm-php@a.service is failed (failed), signal: killed by SIGKILL" {
		t.Errorf("%+v: %s", d, d.Seen())
	}
	if d := parseDetail("vpm-php@a.service", nil); !d.ConditionMet || d.Exit() != "" || d.Job != "" {
		t.Errorf("%+v", d)
	}
}

// TestExits names the signals that end a master, for people who look one up.
func TestExits(t *testing.T) {
	t.Parallel()
	for want, exit := range map[string][2]int32{
		"": {0, 0}, "exited, status 78": {1, 78}, "killed by SIGKILL": {2, 9}, "killed by SIGTERM": {2, 15}, "killed by signal 40": {2, 40},
		"dumped by SIGSEGV": {3, 11}, "dumped by SIGABRT": {3, 6}, "dumped by SIGBUS": {3, 7}, "dumped by SIGSYS": {3, 31},
	} {
		d := parseDetail("vpm-php@a.service", map[string]dbus.Variant{"ExecMainCode": dbus.MakeVariant(exit[0]), "ExecMainStatus": dbus.MakeVariant(exit[1])})
		if got := d.Exit(); got != want {
			t.Errorf("%v: %q, want %q", exit, got, want)
		}
	}
}

// TestWhatSystemdSays is for people, and its code for programs.
func TestWhatSystemdSays(t *testing.T) {
	t.Parallel()
	for says, err := range map[string]error{
		"polkit rule":                   dbus.Error{Name: "org.freedesktop.DBus.Error.AccessDenied"},
		"no such unit":                  dbus.Error{Name: "org.freedesktop.systemd1.NoSuchUnit"},
		"shutting down":                 dbus.Error{Name: "org.freedesktop.systemd1.TransactionIsDestructive"},
		"systemd says":                  dbus.Error{Name: "org.freedesktop.systemd1.UnitMasked", Body: []any{"Unit is masked."}},
		"cannot be reached":             dbus.ErrClosed,
		"has not answered in time":      context.DeadlineExceeded,
		"cannot look: the word of ours": core.Errorf(core.CodeConflict, "cannot look: the word of ours"),
	} {
		got := busError("look", err)
		want := core.CodeUnavailable
		switch says {
		case "has not answered in time":
			want = core.CodeBusy
		case "cannot look: the word of ours":
			want = core.CodeConflict
		}
		if core.CodeOf(got) != want || !strings.Contains(core.Sentence(got), says) || !strings.HasPrefix(core.Sentence(got), "cannot look: ") {
			t.Errorf("%v is %v (%s), want %q (%s)", err, got, core.CodeOf(got), says, want)
		}
	}
	if err := busError("look", nil); err != nil {
		t.Errorf("nothing is %v", err)
	}
}

// TestJudge: what a job has come to is what the unit is afterwards, whatever systemd calls it.
func TestJudge(t *testing.T) {
	t.Parallel()
	up, down := Detail{Unit: Unit{Active: "active"}, ConditionMet: true}, Detail{Unit: Unit{Active: "failed"}, ConditionMet: true}
	unwanted := Detail{Unit: Unit{Active: "inactive"}}
	for _, c := range []struct {
		verb, unit, outcome string
		after               Detail
		want                core.Code
	}{
		{"start", "vpm-php@a.service", "done", up, ""}, {"stop", "vpm-php@a.service", "done", down, ""}, {"stop", "vpm-php@a.service", "", up, core.CodeConflict},
		{"start", "vpm-php@a.service", "", down, core.CodeNotEffective}, {"restart", "vpm-php@a.service", "done", unwanted, core.CodeNotEffective},
		{"stop", "vpm-php@a.service", "done", up, core.CodeConflict}, {"start", "vpm-php@a.service", "canceled", up, core.CodeConflict},
		{"start", "vpm-php@a.service", "assert", down, core.CodeNotEffective}, {"start", "vpm-php@a.service", "timeout", up, core.CodeNotEffective},
		{"start", "vpm-gate@a.service", "done", unwanted, ""}, {"start", "vpm-gate@a.service", "failed", unwanted, core.CodeNotEffective},
	} {
		if err := judge(c.verb, c.unit, c.outcome, c.after); core.CodeOf(err) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestRefusedBySudo is told from a job that has failed: only the first is for whoever administers the machine.
func TestRefusedBySudo(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]bool{
		"echo 'sudo: a password is required' >&2; exit 1": true, "echo 'Job for vpm-php@a.service failed.' >&2; exit 1": false, "echo 'sudo: x' >&2; exit 4": false,
	} {
		program := filepath.Join(t.TempDir(), "sudo")
		syscall.ForkLock.RLock() // no child of another test may hold it open for writing when it is run (golang/go#22315)
		err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755)
		syscall.ForkLock.RUnlock()
		if err != nil {
			t.Fatal(err)
		}
		if err := (&Units{Sudo: program}).systemctl(t.Context(), "start", "vpm-php@a.service"); err == nil || refused(err) != want {
			t.Errorf("%s: %v", script, err)
		}
	}
	if err := (&Units{Sudo: "/nonexistent/sudo"}).systemctl(t.Context(), "start", "vpm-php@a.service"); !refused(err) {
		t.Errorf("without sudo: %v", err)
	}
}

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCgroupV2(t *testing.T) {
	t.Parallel()
	const g = "vpm.slice/vpm-php@a.service/"
	c := Cgroups{Root: tree(t, map[string]string{
		"cgroup.controllers": "cpu memory pids\n", "memory.current": "1\n", g + "memory.current": "26300416\n", g + "memory.peak": "30000000\n",
		g + "memory.max": "134217728\n", g + "memory.events": "low 0\noom 2\noom_kill 1\noom_group_kill 0\n",
		g + "cpu.stat": "usage_usec 1234567\nuser_usec 1000000\n", g + "cpu.max": "150000 100000\n", g + "pids.current": "3\n", g + "pids.max": "max\n",
		g + "cgroup.procs": "41\n40\n42\n",
	}), Proc: tree(t, map[string]string{"40/stat": "40 (php-fpm: (x) S 9 9) S 1 40 40", "41/stat": "41 (php-fpm8.2) S 40 40", "42/stat": "42 (x) S 41 40"})}
	r := c.Read("/" + g)
	if r.Memory != known(26300416) || r.MemoryPeak != known(30000000) || r.MemoryLimit != known(134217728) || r.CPU != known(1234567) ||
		r.CPULimit != known(150) || r.Tasks != known(3) || !r.TasksLimit.Unlimited || r.OOMKills != known(1) {
		t.Errorf("%+v", r)
	}
	if pid, ok := c.MainPID(g); pid != 40 || !ok {
		t.Errorf("the master is %d, %v", pid, ok)
	}
	two := Cgroups{Root: c.Root, Proc: tree(t, map[string]string{"40/stat": "40 (php-fpm8.2) S 1 40 40", "41/stat": "41 (php-fpm8.2) S 1 41 41", "42/stat": "42 (x) S 41 40"})}
	if pid, ok := two.MainPID(g); ok {
		t.Errorf("of two masters one is %d", pid)
	}
	r.At = time.Time{}
	for _, group := range []string{"", "/gone"} {
		if r := c.Read(group); r.Memory.Known || r.CPU.Known || r.CPULimit.Known || r.Tasks.Known || r.MemoryLimit.Unlimited {
			t.Errorf("%q: %+v", group, r)
		}
		if _, ok := c.MainPID(group); ok {
			t.Errorf("%q has a master", group)
		}
	}
}

func TestCgroupV1(t *testing.T) {
	t.Parallel()
	const g = "/vpm.slice/vpm-php@a.service/"
	files := map[string]string{
		"memory" + g + "memory.usage_in_bytes": "26300416\n", "memory" + g + "memory.max_usage_in_bytes": "30000000\n",
		"memory" + g + "memory.limit_in_bytes": "9223372036854771712\n", "memory" + g + "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
		"cpuacct" + g + "cpuacct.usage": "1234567890\n", "cpu" + g + "cpu.cfs_quota_us": "-1\n", "cpu" + g + "cpu.cfs_period_us": "100000\n",
		"pids" + g + "pids.current": "3\n", "pids" + g + "pids.max": "32\n", "systemd" + g + "cgroup.procs": "40\n", "unified" + g + "cpu.stat": "usage_usec 777\n",
	}
	r := Cgroups{Root: tree(t, files)}.Read(g)
	if r.Memory != known(26300416) || r.MemoryPeak != known(30000000) || !r.MemoryLimit.Unlimited || r.CPU != known(1234567) ||
		!r.CPULimit.Unlimited || r.Tasks != known(3) || r.TasksLimit != known(32) || r.OOMKills != known(1) {
		t.Errorf("%+v", r)
	}
	delete(files, "cpuacct"+g+"cpuacct.usage") // hybrid, cpuacct apart
	files["cpu"+g+"cpu.cfs_quota_us"] = "50000\n"
	if r := (Cgroups{Root: tree(t, files)}).Read(g); r.CPU != known(777) || r.CPULimit != known(50) {
		t.Errorf("%+v", r)
	}
}

func TestCPUShare(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 0)
	before, after := Resources{CPU: known(1_000_000), At: at}, Resources{CPU: known(2_500_000), At: at.Add(3 * time.Second)}
	if share, ok := CPUShare(before, after); share != 50 || !ok {
		t.Errorf("%v, %v", share, ok)
	}
	for _, pair := range [][2]Resources{{after, before}, {{At: at}, after}, {before, before}, {{CPU: known(3_000_000), At: at}, after}} {
		if share, ok := CPUShare(pair[0], pair[1]); ok {
			t.Errorf("%+v: %v", pair, share)
		}
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ log, want string }{
		"socket in use": {"[23-Nov-2026 08:26:55] ERROR: unable to bind listening socket for address '/run/vpm/a/php.sock': Address already in use (98)\n[23-Nov-2026 08:26:55] ERROR: FPM initialization failed",
			"the socket is in use: unable to bind listening socket for address '/run/vpm/a/php.sock': Address already in use (98)"},
		"another FPM": {"[23-Nov-2026 08:26:55] ERROR: An another FPM instance seems to already listen on /run/vpm/a/php.sock", "the socket is in use: An another FPM instance seems to already listen on /run/vpm/a/php.sock"},
		"no directory": {"Starting vpm-php@why.service...\n[ERROR] unable to bind listening socket for address '/run/vpm/b/php.sock': No such file or directory (2)\n[ERROR] FPM initialization failed\nvpm-php@why.service: Main process exited, code=exited, status=78/CONFIG",
			"the socket cannot be opened: unable to bind listening socket for address '/run/vpm/b/php.sock': No such file or directory (2)"},
		"unknown entry": {"[23-Nov-2026 08:26:55] ERROR: [/etc/vpm/pools/a.conf:31] unknown entry 'x'\n[23-Nov-2026 08:26:55] ERROR: failed to load configuration file '/etc/vpm/pools/a.conf'\n[23-Nov-2026 08:26:55] ERROR: FPM initialization failed",
			"the configuration has an error: [/etc/vpm/pools/a.conf:31] unknown entry 'x'"},
		"error_log": {"[23-Nov-2026 08:26:55] ERROR: failed to open error_log (/x/y): No such file or directory (2)", "the log cannot be opened: failed to open error_log (/x/y): No such file or directory (2)"},
		"memory":    {"[ALERT] [pool a] fork() failed: Cannot allocate memory (12)", "there is not enough memory: [pool a] fork() failed: Cannot allocate memory (12)"},
		"tasks":     {"[ERROR] fork() failed: Resource temporarily unavailable (11)", "no process can be started, which the memory or the number of tasks does not allow: fork() failed: Resource temporarily unavailable (11)"},
		"oom":       {"vpm-php@a.service: A process of this unit has been killed by the OOM killer.\nvpm-php@a.service: Failed with result 'oom-kill'.", "there was not enough memory: a process was killed"},
		"user":      {"vpm-php@a.service: Failed to determine user credentials: No such process\nvpm-php@a.service: Main process exited, code=exited, status=217/USER\nvpm-php@a.service: Failed with result 'exit-code'.", "its user does not exist; provision the instance again"},
		"namespace": {"vpm-php@a.service: Main process exited, code=exited, status=226/NAMESPACE", "one of its directories is missing; provision the instance again"},
		"78":        {"vpm-php@a.service: Main process exited, code=exited, status=78/CONFIG", "PHP-FPM cannot run with its configuration (status 78)"},
		"limit":     {"vpm-php@a.service: Main process exited, code=killed, status=9/KILL\nvpm-php@a.service: Start request repeated too quickly.", "it ended five times within a minute"},
		"other":     {"[ERROR] something new", "PHP-FPM says: something new"},
		"no more":   {"[ERROR] FPM initialization failed", ""},
		"a script":  {"[WARNING] [pool a] child 7 said into stderr: \"ERROR: unable to bind listening socket: Address already in use\"", ""},
		"nothing":   {"", ""},
	} {
		if got := Reason(lines(c.log)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	kept := withoutOutput([]string{"[WARNING] [pool a] child 7 said into stderr: \"secret\"", "[ERROR] x", "NOTICE: PHP message: secret"})
	if !slices.Equal(kept, []string{"[ERROR] x"}) {
		t.Errorf("kept %q", kept)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"log": strings.Repeat("an older line\n", 10_000) + "one\ntwo\n", "short": "only"})
	for name, want := range map[string][]string{"log": {"one", "two"}, "short": {"only"}, "gone": nil} {
		if got, err := Tail(filepath.Join(dir, name), 2); !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := os.Symlink("log", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "."} {
		if got, err := Tail(filepath.Join(dir, name), 2); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestFPMStatus(t *testing.T) {
	t.Parallel()
	const header = "Content-type: application/json\r\n\r\n"
	s, err := parseStatus([]byte(header + `{"pool":"a","process manager":"ondemand","start time":1700000000,"start since":5,"accepted conn":9,"listen queue":1,"max listen queue":2,"listen queue len":511,"idle processes":3,"active processes":4,"total processes":7,"max active processes":6,"max children reached":8,"slow requests":0,"memory peak":2097152}`))
	want := FPMStatus{Active: 4, Idle: 3, Total: 7, Queue: 1, MaxQueue: 2, MaxActive: 6, MaxChildrenReached: 8, Accepted: 9, StartedAt: time.Unix(1_700_000_000, 0)}
	if s != want || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", header, header + "{}", header + "Access denied.", `{"start time":1}`} {
		if s, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}

func TestFastCGIAnswers(t *testing.T) {
	t.Parallel()
	const begin = "\x01\x06\x00\x01\x00\x03\x01\x00abc\x00" // standard output, with padding
	const stderr = "\x01\x07\x00\x01\x00\x01\x00\x00!"
	const end = "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	const refused = "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00"
	got, err := fcgiAnswer(iotest.OneByteReader(strings.NewReader(begin + stderr + begin + end)))
	if string(got) != "abcabc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", begin, begin[:9], refused, "HTTP/1.1 200 OK", strings.Repeat("\x01\x06\x00\x01\xff\xff\x00\x00"+strings.Repeat("x", 65535), 17)} {
		if got, err := fcgiAnswer(strings.NewReader(bad)); err == nil {
			t.Errorf("%.20q: %.20q", bad, got)
		}
	}
}

// TestPoolThatDoesNotAnswer holds nobody up for longer than he waits.
func TestPoolThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	go func() {
		if conn, err := l.Accept(); err == nil {
			defer conn.Close()
			leave()
			<-t.Context().Done()
		}
	}()
	if s, err := Status(ctx, socket); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	w := Wanted{t.TempDir()}
	if _, ok, err := w.Read("a"); ok || err != nil {
		t.Errorf("before: %v, %v", ok, err)
	}
	for _, n := range []Note{{"v1", "ab"}, {"v2", ""}, {}} {
		if err := w.Write("a", n); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := w.Read("a"); got != n || !ok || err != nil {
			t.Errorf("%+v, %v, %v", got, ok, err)
		}
	}
	for range 2 {
		if err := w.Remove("a"); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(w.Dir); len(left) > 0 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
	if w.Write("../a", Note{}) == nil || w.Remove("..") == nil || w.Write("a", Note{Run: "v\n"}) == nil {
		t.Error("it writes anywhere")
	}
	unlock, err := w.Lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Lock(t.Context(), "b"); err != nil {
		t.Errorf("another's lock: %v", err)
	}
	got := make(chan error)
	go func() {
		again, err := w.Lock(t.Context(), "a")
		if err == nil {
			err = again()
		}
		got <- err
	}()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.Lock(short, "a"); core.CodeOf(err) != core.CodeBusy {
		t.Errorf("locked twice: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}
