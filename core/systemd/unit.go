package systemd

import (
	"encoding/hex"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// Unit is an instance's unit as ListUnits has it, in systemd's words.
type Unit struct {
	Slug   string
	Load   string // loaded, not-found, masked, error, …
	Active string // active, reloading, inactive, failed, activating, deactivating
	Sub    string // running, dead, auto-restart, …
	Job    string // the kind of job that waits or runs, "" for none
}

// up tells whether the unit serves.
func (u Unit) up() bool { return u.Active == "active" || u.Active == "reloading" }

// Detail is all of a unit that vpm looks at.
type Detail struct {
	Unit
	Name         string
	MainPID      int // 0: none
	Invocation   string
	ConditionMet bool // at the last start; true where there was none
	// Result is why the unit last ended: success, exit-code, signal, core-dump, timeout, oom-kill, start-limit-hit, …
	Result string
	// ExitCode is how the last master ended: exited, killed or dumped, "" when none has; ExitStatus its status or signal.
	ExitCode   string
	ExitStatus int
	// Restarts counts systemd's own restarts since a person's last start.
	Restarts     Figure
	ActiveSince  time.Time // zero: never
	ChangedAt    time.Time // the last change of Active
	ControlGroup string    // "" while nothing runs
}

// Exit says how the last master ended, "" when none has: "exited, status 78", "killed by SIGKILL".
func (d Detail) Exit() string {
	switch d.ExitCode {
	case "":
		return ""
	case "exited":
		return fmt.Sprintf("exited, status %d", d.ExitStatus)
	}
	return fmt.Sprintf("%s by %s", d.ExitCode, signalName(d.ExitStatus))
}

// signalName names the signals that end a master in practice.
func signalName(n int) string {
	switch syscall.Signal(n) {
	case syscall.SIGKILL:
		return "SIGKILL"
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGSEGV:
		return "SIGSEGV"
	case syscall.SIGABRT:
		return "SIGABRT"
	case syscall.SIGBUS:
		return "SIGBUS"
	case syscall.SIGSYS:
		return "SIGSYS"
	}
	return fmt.Sprintf("signal %d", n)
}

// Seen describes the unit in one line.
func (d Detail) Seen() string {
	seen := fmt.Sprintf("%s is %s (%s)", d.Name, d.Active, d.Sub)
	if d.up() && d.MainPID > 0 {
		seen += fmt.Sprintf(", PID %d", d.MainPID)
	}
	if !d.up() && d.Result != "" && d.Result != "success" {
		seen += ", " + d.Result
		if exit := d.Exit(); exit != "" {
			seen += ": " + exit
		}
	}
	return seen
}

// parseDetail reads a unit's properties. What is missing, or of another type than org.freedesktop.systemd1(5) says, is
// left zero.
func parseDetail(unit string, p map[string]dbus.Variant) Detail {
	slug, _ := SlugOf(unit)
	d := Detail{
		Unit: Unit{Slug: slug, Load: text(p, "LoadState"), Active: text(p, "ActiveState"), Sub: text(p, "SubState"), Job: jobOf(p)},
		Name: unit, Result: text(p, "Result"), ControlGroup: text(p, "ControlGroup"),
		Restarts:    busFigure(p["NRestarts"].Value()),
		ActiveSince: moment(p["ActiveEnterTimestamp"].Value()), ChangedAt: moment(p["StateChangeTimestamp"].Value()),
	}
	d.MainPID = number(p["MainPID"].Value())
	id, _ := p["InvocationID"].Value().([]byte)
	d.Invocation = hex.EncodeToString(id)
	checked, _ := p["ConditionTimestamp"].Value().(uint64)
	met, _ := p["ConditionResult"].Value().(bool)
	d.ConditionMet = met || checked == 0 || checked == unset
	code, _ := p["ExecMainCode"].Value().(int32)
	status, _ := p["ExecMainStatus"].Value().(int32)
	switch code { // si_code of SIGCHLD, see sigaction(2)
	case 1:
		d.ExitCode = "exited"
	case 2:
		d.ExitCode = "killed"
	case 3:
		d.ExitCode = "dumped"
	}
	d.ExitStatus = int(status)
	return d
}

func text(p map[string]dbus.Variant, name string) string {
	s, _ := p[name].Value().(string)
	return s
}

// jobOf tells whether a job waits or runs. The property is (u id, o job), and id 0 none.
func jobOf(p map[string]dbus.Variant) string {
	job, _ := p["Job"].Value().([]any)
	if len(job) > 0 {
		if id, _ := job[0].(uint32); id > 0 {
			return "job"
		}
	}
	return ""
}

func number(value any) int {
	n, _ := value.(uint32)
	return int(n)
}

// moment reads a time, in microseconds; 0 and unset are never.
func moment(value any) time.Time {
	us, _ := value.(uint64)
	if us == 0 || us > math.MaxInt64 {
		return time.Time{}
	}
	return time.UnixMicro(int64(us))
}
