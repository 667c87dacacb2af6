//go:build linux

package systemd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/htaccess"
	"vpm/scripts/vpslab"
)

func TestStartRestartReloadStop(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("calm"))
	first := l.run(t, "calm", "v1")
	if comm, err := os.ReadFile(fmt.Sprintf("%s/proc/%d/comm", l.Root(), first)); err != nil || !strings.HasPrefix(string(comm), "php-fpm") {
		t.Fatalf("PID %d is %q, %v", first, comm, err)
	}
	look := l.ask(t, "Look", Ask{Slug: "calm", Run: "v1"})
	if p := look.Process; p.Status != core.RunRunning || p.Mode != core.ModeReal || *p.Socket != "/run/vpm/calm/php.sock" || p.StartedAt == "" {
		t.Errorf("its process: %+v", p)
	}
	// A report makes do with a part of what systemd knows.
	all := look.Result.Unit
	if p := look.Process; p.PID.Real != all.MainPID || p.StartedAt != core.Timestamp(all.ActiveSince.UTC().Format(time.DateTime)) || look.Seen.Seen != all.Seen() {
		t.Errorf("its process: %+v, seen as %q, of %+v", p, look.Seen.Seen, all)
	}
	if again := l.run(t, "calm", "v1"); again != first {
		t.Errorf("starting a running one: PID %d, was %d", again, first)
	}
	second := l.run(t, "calm", "v2")
	if second == first {
		t.Error("another run has the same PID")
	}
	if a := l.must(t, "Drive", Ask{Verb: "reload", Unit: UnitName("calm")}); a.Result.Unit.MainPID != second || a.Result.Outcome != "done" {
		t.Errorf("after a reload: %q, PID %d, was %d", a.Result.Outcome, a.Result.Unit.MainPID, second)
	}

	l.must(t, "Settle", Ask{Slug: "calm", Run: "v2", Stopped: true})
	look = l.ask(t, "Look", Ask{Slug: "calm", Stopped: true})
	if look.Seen.Observed != core.ObservedStopped || look.Process.PID.Real != 0 || look.Process.Status != core.RunStopped {
		t.Errorf("after the stop: %+v, %+v", look.Seen, look.Process)
	}
	if _, err := l.ReadFile("/var/lib/vpm/wanted/calm"); !os.IsNotExist(err) {
		t.Errorf("it is wanted still: %v", err)
	}
	gates := map[string]htaccess.Gate{}
	l.call(t, "Gates", Ask{}, &gates)
	if gates["calm"].Reason != "closed for a test" {
		t.Errorf("the gates: %+v", gates)
	}
	l.must(t, "Settle", Ask{Slug: "calm", Run: "v2", Stopped: true})
	l.run(t, "calm", "v3")
	clear(gates)
	l.call(t, "Gates", Ask{}, &gates)
	if _, closed := gates["calm"]; closed {
		t.Error("it runs, and the gate is closed")
	}
	l.must(t, "Release", Ask{Slug: "calm"})
	if d := l.ask(t, "Look", Ask{Slug: "calm"}).Result.Unit; d.up() {
		t.Errorf("after Release %s", d.Seen())
	}
}

// TestCutOff leaves what a server leaves that dies between two steps.
func TestCutOff(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("cut"))
	first := l.run(t, "cut", "v1")
	before := l.ask(t, "Look", Ask{Slug: "cut"}).Result.Unit.Invocation

	var ok bool
	l.call(t, "WriteNote", Ask{Slug: "cut", Run: "v2", Unit: before}, &ok) // a restart: noted, not done
	second := l.run(t, "cut", "v2")
	if second == first {
		t.Error("a restart that was cut off was not completed")
	}
	l.must(t, "Drive", Ask{Verb: "stop", Unit: UnitName("cut")})
	l.call(t, "WriteNote", Ask{Slug: "cut", Run: "v3", Unit: before}, &ok)
	l.must(t, "Drive", Ask{Verb: "start", Unit: UnitName("cut")}) // noted and done, and nobody told
	third := l.ask(t, "Look", Ask{Slug: "cut"}).Process.PID.Real
	if again := l.run(t, "cut", "v3"); again != third {
		t.Error("a restart that was done was done again")
	}
	more := pool("cut")
	more.MaxChildren = 3
	text, err := more.Render()
	if err != nil {
		t.Fatal(err)
	}
	changed := func() time.Time { return l.ask(t, "Look", Ask{Slug: "cut"}).Result.Unit.ChangedAt }
	l.write(t, "/etc/vpm/pools/cut.conf", text) // new limits: written, and not read
	atFirst := changed()
	if again := l.run(t, "cut", "v3"); again != third || !changed().After(atFirst) {
		t.Errorf("PID %d, was %d; a pool that was written was not read", again, third)
	}
	read := changed()
	if l.run(t, "cut", "v3"); !changed().Equal(read) {
		t.Error("a pool that was read was read again")
	}
	l.call(t, "RemoveNote", Ask{Slug: "cut"}, &ok) // a stop: noted, not done
	l.must(t, "Settle", Ask{Slug: "cut", Run: "v3", Stopped: true})
	if d := l.ask(t, "Look", Ask{Slug: "cut"}).Result.Unit; d.Active != "inactive" {
		t.Errorf("after a stop that was cut off %s", d.Seen())
	}
	if a := l.ask(t, "Drive", Ask{Verb: "start", Unit: UnitName("cut")}); a.Code != core.CodeNotEffective || !strings.Contains(a.Message, "wanted") {
		t.Errorf("starting what is not wanted: %+v", a)
	}
}

// TestPoolThatNobodyHasRead is what a server leaves that dies after a pool was changed: the next one has the master read it,
// once.
func TestPoolThatNobodyHasRead(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("unread"))
	first := l.run(t, "unread", "v1")
	look := func() Detail { return l.ask(t, "Look", Ask{Slug: "unread"}).Result.Unit }
	started := look()
	l.run(t, "unread", "v1")
	if d := look(); !d.ChangedAt.Equal(started.ChangedAt) {
		t.Errorf("a pool that is as it was is read again: %+v", d)
	}
	text, err := pool("unread").Render()
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, "/etc/vpm/pools/unread.conf", text+"; changed\n")
	if pid := l.run(t, "unread", "v1"); pid != first {
		t.Errorf("for a changed pool the master %d gave way to %d", first, pid)
	}
	read := look()
	if !read.ChangedAt.After(started.ChangedAt) || read.Invocation != started.Invocation {
		t.Errorf("the changed pool was not read: %+v, then %+v", started, read)
	}
	l.run(t, "unread", "v1")
	if d := look(); !d.ChangedAt.Equal(read.ChangedAt) {
		t.Errorf("the changed pool is read twice: %+v", d)
	}
}

func TestFailedStartSaysWhy(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	good, err := pool("why").Render()
	if err != nil {
		t.Fatal(err)
	}
	l.provision(t, pool("why"))
	fail := func(ask Ask, wants ...string) {
		t.Helper()
		a := l.ask(t, "Settle", ask)
		for _, want := range wants {
			if a.Code != core.CodeNotEffective || !strings.Contains(a.Message, want) {
				t.Errorf("code %s, %q; want %q", a.Code, a.Message, want)
			}
		}
	}
	person := Ask{Slug: "why", Run: "v1", Insist: true}
	const path = "/etc/vpm/pools/why.conf"
	l.write(t, path, good+"no_such_setting = 1\n")
	fail(person, "the configuration has an error: ", "no_such_setting", path+":")
	failed := l.wait(t, "why", func(d Detail) bool { return d.Active == "failed" })
	if seen := l.ask(t, "Look", person).Seen; seen.Observed != core.ObservedError || !strings.Contains(seen.Seen, "status 78") {
		t.Errorf("observed %+v", seen)
	}
	fail(Ask{Slug: "why", Run: "v1"}, "tried again by and by") // a look at its status is no reason to start
	if now := l.ask(t, "Look", person).Result.Unit; now.Invocation != failed.Invocation {
		t.Error("it was started though nobody had asked for that")
	}

	for i, c := range []struct{ replace, with, want string }{
		{"listen = /run/vpm/why/", "listen = /run/vpm/nowhere/", "the socket cannot be opened: "},
		{"chdir = /srv/vpm/why/htdocs", "chdir = /srv/vpm/why/gone", "a directory is missing: "},
		{"error_log = syslog", "error_log = /srv/vpm/why/gone/fpm.log", "the log cannot be opened: "},
	} {
		l.write(t, path, strings.Replace(good, c.replace, c.with, 1))
		fail(Ask{Slug: "why", Run: fmt.Sprint("w", i), Insist: true}, c.want)
	}
	l.root(t, "rm "+path)
	fail(person, "provision the instance")
	if seen := l.ask(t, "Look", person).Seen; seen.Observed != core.ObservedError {
		t.Errorf("without a pool: %+v", seen)
	}
	l.write(t, path, good)
	l.run(t, "why", "v2") // also after more than five starts in a minute

	// A configuration that went bad fails the reload, and not the site.
	l.write(t, path, good+"no_such_setting = 1\n")
	pid := l.ask(t, "Look", person).Process.PID.Real
	if a := l.ask(t, "Drive", Ask{Verb: "reload", Unit: UnitName("why")}); a.Message == "" || a.Result.Unit.MainPID != pid {
		t.Errorf("reload: %+v, PID was %d", a, pid)
	}
	l.must(t, "Settle", Ask{Slug: "why", Run: "v2", Stopped: true})

	l.root(t, "userdel vpm-why")
	l.write(t, path, good)
	fail(Ask{Slug: "why", Run: "v3", Insist: true}, "its user does not exist")
	l.must(t, "Settle", Ask{Slug: "why", Run: "v3", Stopped: true})
	if d := l.ask(t, "Look", person).Result.Unit; d.Active != "inactive" {
		t.Errorf("a failed one was stopped, and is %s", d.Seen())
	}
}

func TestCrashes(t *testing.T) {
	t.Parallel()
	l := ownLab(t, vpslab.Options{}) // a daemon-reload for another test has systemd count from 0 again
	l.write(t, "/etc/systemd/system/"+UnitName("crash")+".d/20-soon.conf", "[Service]\nRestartSec=50ms\n")
	l.provision(t, pool("crash"))
	l.run(t, "crash", "v1")
	var c Crashes
	for i := range 5 {
		pid := l.ask(t, "Look", Ask{Slug: "crash"}).Result.Unit.MainPID
		l.root(t, fmt.Sprint("kill -9 ", pid))
		d := l.wait(t, "crash", func(d Detail) bool { return d.up() && d.MainPID != pid || d.Active == "failed" })
		if failed := i == 4; failed != (d.Active == "failed") {
			t.Fatalf("after %d ends %s", i+1, d.Seen())
		}
		var action Action
		if c, action = c.Next(d, true, time.Now()); action != ActNothing {
			t.Errorf("after %d ends: %s", i+1, action)
		}
	}
	look := l.ask(t, "Look", Ask{Slug: "crash", Run: "v1"})
	if look.Seen.Observed != core.ObservedError || look.Process.Status != core.RunError {
		t.Errorf("observed %+v, %+v", look.Seen, look.Process)
	}
	var log, exits []string
	l.root(t, "journalctl --sync") // what systemd has told the journal's daemon need not be in the file yet
	l.call(t, "Log", Ask{Slug: "crash"}, &log)
	l.call(t, "Exits", Ask{Slug: "crash"}, &exits)
	if len(exits) != 5 || exits[4] != "code=killed, status=9/KILL" || Reason(log) != "it ended five times within a minute" {
		t.Errorf("exits %q, reason %q", exits, Reason(log))
	}
	if c.Total < 4 || c.NextAt.IsZero() {
		t.Errorf("remembered %+v", c)
	}
	d := look.Result.Unit
	if _, action := c.Next(d, true, d.ChangedAt.Add(time.Minute)); action != ActRetry {
		t.Errorf("a minute later: %q", action)
	}
	l.run(t, "crash", "v1") // a person need not wait
	total := c.Total
	if c, _ = c.Started().Next(l.ask(t, "Look", Ask{Slug: "crash"}).Result.Unit, true, time.Now()); c.Total != total || !c.NextAt.IsZero() {
		t.Errorf("after a person's start: %+v", c)
	}
}

func TestSomebodyElseStopsIt(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("drift"))
	l.run(t, "drift", "v1")
	l.root(t, "systemctl stop "+UnitName("drift"))
	look := l.ask(t, "Look", Ask{Slug: "drift", Run: "v1"})
	if look.Seen.Observed != core.ObservedStopped || look.Seen.How != core.HowUnit {
		t.Errorf("observed %+v", look.Seen)
	}
	if _, action := (Crashes{}).Next(look.Result.Unit, true, time.Now()); action != ActDrift {
		t.Errorf("the tick has to do: %q", action)
	}
	l.must(t, "Settle", Ask{Slug: "drift", Run: "v1"}) // the repair needs nobody's asking
	if look := l.ask(t, "Look", Ask{Slug: "drift", Run: "v1"}); look.Seen.Observed != core.ObservedRunning {
		t.Errorf("after the repair: %+v", look.Seen)
	}
}

func TestResourcesAndStatus(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("used"))
	l.run(t, "used", "v1")
	var first, second Resources
	l.call(t, "Resources", Ask{Slug: "used"}, &first)
	if l.Cgroup() == 1 && (!first.Memory.Known || first.Memory.Value == 0 || first.MemoryPeak.Value < first.Memory.Value ||
		first.MemoryLimit != known(128*Megabyte) || first.CPULimit != known(150) || first.TasksLimit != known(32) ||
		first.OOMKills != known(0)) {
		t.Errorf("resources %+v", first)
	}
	if first.Tasks.Value == 0 || first.CPU.Value == 0 {
		t.Errorf("resources %+v", first)
	}
	l.write(t, "/srv/vpm/used/htdocs/busy.php", "<?php while (!file_exists(__DIR__ . '/enough'));")
	socket, err := l.Dial(t.Context(), "unix", "/run/vpm/used/php.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	const script = "/srv/vpm/used/htdocs/busy.php"
	if _, err := socket.Write(fcgiRequest([][2]string{{"REQUEST_METHOD", "GET"}, {"SCRIPT_FILENAME", script}, {"SCRIPT_NAME", "/busy.php"}})); err != nil {
		t.Fatal(err)
	}
	var s FPMStatus
	if err := l.VPS.Wait(t.Context(), func() bool { l.call(t, "Status", Ask{Slug: "used"}, &s); return s.Active == 1 }); err != nil {
		t.Fatal(err)
	}
	l.write(t, "/srv/vpm/used/htdocs/enough", "")
	if _, err := fcgiAnswer(socket); err != nil {
		t.Fatal(err)
	}
	l.call(t, "Status", Ask{Slug: "used"}, &s)
	if s.SlowRequests.Known || s.Accepted != 1 || s.MaxActive != 1 || time.Since(s.StartedAt) > time.Hour {
		t.Errorf("status %+v\n%s", s, l.Journal(UnitName("used")))
	}
	l.call(t, "Resources", Ask{Slug: "used"}, &second)
	if share, ok := CPUShare(first, second); !ok || share <= 0 {
		t.Errorf("share of the processor %v, %v", share, ok)
	}
}

func TestPolkitRefuses(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("kept"))
	l.run(t, "kept", "v1")
	refused := map[string]string{}
	l.call(t, "Attempts", Ask{}, &refused)
	if len(refused) < 11 {
		t.Errorf("%d attempts", len(refused))
	}
	for name, err := range refused {
		if err != "org.freedesktop.DBus.Error.AccessDenied" && err != "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired" {
			t.Errorf("%s: %q", name, err)
		}
	}
	if a := l.ask(t, "Drive", Ask{Verb: "start", Unit: "dbus.service"}); a.Code != core.CodeInvalid {
		t.Errorf("another unit: %+v", a)
	}
}

// TestRebootAndBusRestart is under cgroup v2 alone.
func TestRebootAndBusRestart(t *testing.T) {
	t.Parallel()
	l := ownLab(t, vpslab.Options{Unified: true})
	l.write(t, "/etc/systemd/system/"+UnitName("slow")+".d/20-slow.conf", "[Service]\nExecStartPre=/bin/sh -c 'until test -e /etc/go-on; do sleep 0.05; done'\n")
	l.provision(t, pool("wanted"), pool("unwanted"), pool("slow"))
	l.run(t, "wanted", "v1")
	l.run(t, "unwanted", "v1")
	l.must(t, "Settle", Ask{Slug: "unwanted", Run: "v1", Stopped: true})
	var r Resources
	l.call(t, "Resources", Ask{Slug: "wanted"}, &r)
	if !r.CPU.Known || r.CPU.Value == 0 || r.Memory.Known || r.MemoryLimit.Known || r.MemoryLimit.Unlimited {
		t.Errorf("resources under v2 without controllers: %+v", r)
	}
	all := map[string]Used{}
	l.call(t, "Overview", Ask{}, &all)
	if d := l.ask(t, "Look", Ask{Slug: "wanted"}).Result.Unit; all["wanted"].PID != d.MainPID || d.MainPID == 0 {
		t.Errorf("overview %+v, PID %d", all, d.MainPID)
	}

	l.root(t, "systemctl restart dbus")
	l.run(t, "wanted", "v2")

	// A job outlives the patience of whoever asked for it, and the bus over which its end would be told.
	if a := l.ask(t, "Settle", Ask{Slug: "slow", Run: "v1", Within: 10 * time.Second}); a.Code != core.CodeBusy || !strings.Contains(a.Message, "under way") {
		t.Errorf("a start that takes longer than one waits: %+v", a)
	}
	l.must(t, "Settle", Ask{Slug: "slow", Run: "v1", Stopped: true})
	var slow Answer
	start := l.client.Go("Inside.Settle", Ask{Slug: "slow", Run: "v2"}, &slow, nil)
	l.wait(t, "slow", func(d Detail) bool { return d.Active == "activating" })
	l.root(t, "systemctl restart dbus; touch /etc/go-on")
	if <-start.Done; start.Error != nil || slow.Message != "" || slow.Seen.Observed != core.ObservedRunning {
		t.Errorf("a start during which the bus was restarted: %+v, %v", slow, start.Error)
	}

	if err := l.leave(); err != nil {
		t.Fatal(err)
	}
	if err := l.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.enter(); err != nil {
		t.Fatal(err)
	}
	if look := l.ask(t, "Look", Ask{Slug: "wanted", Run: "v2"}); look.Seen.Observed != core.ObservedRunning {
		t.Errorf("wanted, after the reboot: %+v", look.Seen)
	}
	if look := l.ask(t, "Look", Ask{Slug: "unwanted", Stopped: true}); look.Seen.Observed != core.ObservedStopped {
		t.Errorf("not wanted, after the reboot: %+v", look.Seen)
	}
	pid := l.ask(t, "Look", Ask{Slug: "wanted", Run: "v2"}).Process.PID.Real
	if again := l.run(t, "wanted", "v2"); again != pid {
		t.Error("what the boot had started was started again")
	}

	var found Capability
	l.call(t, "Detect", Ask{}, &found)
	if !found.Real || found.Missing() != "" || len(found.Checks) != 6 ||
		slices.ContainsFunc(found.Checks, func(c core.Check) bool { return c.Result != core.CheckOK }) {
		t.Errorf("found %+v", found)
	}
	l.root(t, "rm /etc/polkit-1/rules.d/50-vpm.rules; systemctl restart polkit")
	found = Capability{} // gob leaves what is false as it was
	l.call(t, "Detect", Ask{}, &found)
	if found.Real || !strings.Contains(found.Missing(), "50-vpm.rules") {
		t.Errorf("without the polkit rule: %+v", found)
	}
	if a := l.ask(t, "Settle", Ask{Slug: "unwanted", Run: "v2", Insist: true}); a.Code != core.CodeUnavailable || !strings.Contains(a.Message, "50-vpm.rules") {
		t.Errorf("a start without the polkit rule: %+v", a)
	}
}

func TestDetectElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := Detector{Units: NewUnits("unix:path=" + filepath.Join(dir, "bus")), Wanted: Wanted{filepath.Join(dir, "wanted")},
		Booted: filepath.Join(dir, "system"), FPM: filepath.Join(dir, "php-fpm*"), Now: time.Now}
	found := d.Detect(t.Context())
	results := map[string]core.CheckResult{}
	for _, c := range found.Checks {
		results[c.Name] = c.Result
	}
	if found.Real || results["systemd"] != core.CheckFailed || results["bus"] != core.CheckSkipped || results["units"] != core.CheckSkipped ||
		results["php-fpm"] != core.CheckFailed || results["wanted"] != core.CheckFailed {
		t.Errorf("found %+v", found)
	}
	if err := os.Mkdir(d.Booted, 0o755); err != nil {
		t.Fatal(err)
	}
	if found = d.Detect(t.Context()); found.Checks[1].Result != core.CheckFailed || !strings.Contains(found.Checks[1].Reason, "D-Bus") {
		t.Errorf("without a bus: %+v", found.Checks[1])
	}
	for setting, want := range map[string]core.Mode{"": core.ModeVirtual, "auto": core.ModeVirtual, "virtual": core.ModeVirtual} {
		if mode, err := found.Choose(setting); mode != want || err != nil {
			t.Errorf("%q: %s, %v", setting, mode, err)
		}
	}
	if _, err := found.Choose("real"); core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(message(err), "php-fpm") {
		t.Errorf("real: %v", err)
	}
	for _, setting := range []string{"auto", "real"} {
		if mode, err := (Capability{Real: true}).Choose(setting); mode != core.ModeReal || err != nil {
			t.Errorf("%s where real is possible: %s, %v", setting, mode, err)
		}
	}
	if err := os.WriteFile(d.Wanted.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if result, why := d.writable(); result != core.CheckFailed {
		t.Errorf("a file for the directory of wanted instances: %s, %s", result, why)
	}
	if err := d.Units.Close(); err != nil {
		t.Errorf("a connection that was never made: %v", err)
	}
	if _, err := found.Choose("maybe"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("maybe: %v", err)
	}
}
