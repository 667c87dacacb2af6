//go:build linux

package systemd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// attempt is a call of the bus that somebody makes, and what polkit is told of it.
type attempt struct {
	unit, verb  string // "" for one that is about no unit
	destination string
	path        dbus.ObjectPath
	method      string
	args        []any
}

func (a attempt) String() string { return fmt.Sprintf("%s %v", a.method, a.args) }

// may tells whether the server's user may do that. Nobody else may do anything.
func (a attempt) may() bool {
	if strings.HasPrefix(a.unit, "vpm-php@") {
		return instanceUnit.MatchString(a.unit) && slices.Contains([]string{"start", "stop", "restart", "reload", "reset-failed"}, a.verb)
	}
	return a.verb == "start" && rootUnit.MatchString(a.unit)
}

var (
	instanceUnit = regexp.MustCompile(`^vpm-php@[a-z0-9]{1,24}\.service$`)
	rootUnit     = regexp.MustCompile(`^vpm-(provision|deprovision|gate|selftest)@[a-z0-9]{1,24}\.service$`)
)

// polkitWords turns the names of methods into the verbs that systemd gives to polkit.
var polkitWords = strings.NewReplacer("ReloadOrTryRestart", "reload-or-try-restart", "ReloadOrRestart", "reload-or-restart", "TryRestart", "try-restart",
	"Start", "start", "Stop", "stop", "Restart", "restart", "Reload", "reload")

// tabled are the units that are tried.
var tabled = []string{"vpm-php@tabled.service", "vpm-php@A_b.service", "vpm-php@" + strings.Repeat("a", 25) + ".service",
	"vpm-provision@tabled.service", "vpm-deprovision@tabled.service", "vpm-gate@tabled.service", "vpm-selftest@tabled.service",
	"vpm-gate@A_b.service", "vpm.socket", "vpm.service", "dbus.service", "polkit.service", "rescue.target", "vpm.slice", "-.mount"}

type property struct {
	Name  string
	Value dbus.Variant
}

type command struct {
	Path string
	Args []string
	Fail bool
}

type aux struct {
	Name       string
	Properties []property
}

// attempts are those that must be refused, and the few that must not. Here and inside they come in the same order.
func attempts() []attempt {
	var all []attempt
	manager := func(unit, verb, method string, args ...any) {
		all = append(all, attempt{unit, verb, busName, managerPath, managerPrefix + method, args})
	}
	for _, unit := range tabled {
		for _, verb := range []string{"Start", "Stop", "Restart", "Reload", "TryRestart", "ReloadOrRestart", "ReloadOrTryRestart"} {
			word := polkitWords.Replace(verb)
			manager(unit, word, verb+"Unit", unit, "replace")
			all = append(all, attempt{unit, word, busName, unitPath(unit), "org.freedesktop.systemd1.Unit." + verb, []any{"replace"}})
		}
		limits := []property{{"MemoryMax", dbus.MakeVariant(uint64(1 << 40))}}
		manager(unit, "reset-failed", "ResetFailedUnit", unit)
		manager(unit, "kill", "KillUnit", unit, "all", int32(9))
		manager(unit, "set-property", "SetUnitProperties", unit, true, limits)
		manager(unit, "freeze", "FreezeUnit", unit)
		manager(unit, "clean", "CleanUnit", unit, []string{"all"})
		manager(unit, "bind-mount", "BindMountUnit", unit, "/root", "/srv", false, false)
		manager(unit, "verify-active", "EnqueueUnitJob", unit, "verify-active", "replace")
		manager("", "", "EnableUnitFiles", []string{unit}, false, true)
		manager("", "", "DisableUnitFiles", []string{unit}, false)
		manager("", "", "MaskUnitFiles", []string{unit}, false, true)
		manager("", "", "RevertUnitFiles", []string{unit})
	}
	asRoot := []property{{"ExecStart", dbus.MakeVariant([]command{{"/bin/true", []string{"/bin/true"}, false}})}}
	for _, unit := range []string{"evil.service", "vpm-php@evil.service", "vpm-gate@evil.service", "vpm-selftest@evil.service"} {
		manager("", "", "StartTransientUnit", unit, "replace", asRoot, []aux{})
	}
	manager("", "", "LinkUnitFiles", []string{"/tmp/evil.service"}, true, true)
	manager("", "", "SetDefaultTarget", "rescue.target", true)
	manager("", "", "SetEnvironment", []string{"LD_PRELOAD=/tmp/evil.so"})
	for _, method := range []string{"Reload", "Reexecute", "Reboot", "PowerOff", "Halt", "KExec", "Exit", "ClearJobs", "ResetFailed"} {
		manager("", "", method)
	}
	manager("", "", "SwitchRoot", "/srv", "")
	manager("", "", "StartUnit", "rescue.target", "isolate")
	set := func(name string, value any) {
		all = append(all, attempt{"", "", busName, managerPath, "org.freedesktop.DBus.Properties.Set", []any{busName + ".Manager", name, dbus.MakeVariant(value)}})
	}
	set("LogLevel", "debug")
	set("RuntimeWatchdogUSec", uint64(1_000_000))
	return all
}

// serveAttempts makes them as whoever runs it, and tells how each was answered. Those that vpmd may make are told apart
// by the test.
func serveAttempts() {
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	var answers []string
	for _, a := range attempts() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := conn.Object(a.destination, a.path).CallWithContext(ctx, a.method, 0, a.args...).Err
		cancel()
		answer := errorName(err)
		if err != nil && answer == "" {
			answer = err.Error()
		}
		answers = append(answers, answer)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}

// TestRefused has three users make every call of the bus that may be worth a try. Nobody may do anything but the server's
// user, and that one only drive vpm's own units, by the verbs that it needs.
func TestRefused(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("tabled"))
	// Of a unit that is not loaded some calls say only that.
	l.write(t, "/etc/systemd/system/held.service", "[Unit]\nAfter="+strings.Join(tabled, " ")+"\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
	l.root(t, "systemctl start held.service")
	pid := l.run(t, "tabled", "v1")
	all := attempts()
	for _, user := range []string{"www-data", "vpm-tabled", "vpmd"} {
		text, err := l.RunAs(t.Context(), user, "env", "VPM_SYSTEMD_INSIDE=attempts", program)
		if err != nil {
			t.Fatal(err)
		}
		var answers []string
		if err := json.Unmarshal([]byte(text), &answers); err != nil || len(answers) != len(all) {
			t.Fatalf("%s: %d answers, %v", user, len(answers), err)
		}
		refused := 0
		for i, a := range all {
			denied := slices.Contains([]string{"org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"}, answers[i])
			switch {
			case denied:
				refused++
			case user != "vpmd" || !a.may():
				t.Errorf("%s, %s: %q", user, a, answers[i])
			}
			if denied && user == "vpmd" && a.may() {
				t.Errorf("%s is refused %s", user, a)
			}
		}
		if user != "vpmd" && l.ask(t, "Look", Ask{Slug: "tabled", Run: "v1"}).Process.PID.Real != pid {
			t.Errorf("%s was refused everything, and the process is another", user)
		}
		t.Logf("%s was refused %d of %d", user, refused, len(all))
	}
	l.run(t, "tabled", "v2")
}
