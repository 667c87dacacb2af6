package systemd

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/godbus/dbus/v5"
)

// maxStarts is how many instances are started at once. Two hundred at once took longer than their time-outs allow; four
// at a time start sooner in all.
const maxStarts = 4

// Units drives vpm's units through systemd's D-Bus interface, see org.freedesktop.systemd1(5). Its methods may be called
// by many goroutines. The connection is made when it is needed, and again after the bus was restarted.
type Units struct {
	// Sudo is the program by which systemctl is run where systemd refuses the server's user over D-Bus, as it does where
	// polkit is missing: install's sudoers file allows vpm's own units and verbs. "" for none. Looking needs no leave.
	Sudo    string
	address string
	lock    chan struct{} // held around conn
	conn    *dbus.Conn
	starts  chan struct{}
	group   atomic.Pointer[string] // what ControlGroup gave
}

// NewUnits gives the units of the systemd on the bus at address, "" for the system's.
func NewUnits(address string) *Units {
	return &Units{address: address, lock: make(chan struct{}, 1), starts: make(chan struct{}, maxStarts)}
}

// Result is what a job came to: how it ended in systemd's words (done, failed, timeout, canceled, dependency, skipped,
// assert; "" where only its effect was seen), and the unit right after.
type Result struct {
	Outcome string
	Unit    Detail
}

// Start starts a unit and waits until it is up. Of a oneshot unit that means that it has ended well.
func (u *Units) Start(ctx context.Context, unit string) (Result, error) {
	return u.job(ctx, "start", "StartUnit", unit)
}

// Restart stops a unit, if it runs, and starts it anew.
func (u *Units) Restart(ctx context.Context, unit string) (Result, error) {
	return u.job(ctx, "restart", "RestartUnit", unit)
}

// Stop stops a unit and waits until nothing of it is left.
func (u *Units) Stop(ctx context.Context, unit string) (Result, error) {
	return u.job(ctx, "stop", "StopUnit", unit)
}

// Reload has a running unit read its configuration again. Where that has an error the unit runs on as before.
func (u *Units) Reload(ctx context.Context, unit string) (Result, error) {
	return u.job(ctx, "reload", "ReloadUnit", unit)
}

// ResetFailed makes systemd forget that a unit has failed and how often it was started lately. NRestarts begins at 0
// again too. A unit that systemd has not loaded has nothing to forget.
func (u *Units) ResetFailed(ctx context.Context, unit string) error {
	if err := checkUnit(unit); err != nil {
		return err
	}
	err := u.change(ctx, false, "ResetFailedUnit", []any{unit}, nil)
	if u.mayAsk(err) {
		if u.systemctl(ctx, "reset-failed", unit) == nil {
			return nil
		}
		if d, looking := u.detail(ctx, unit); looking == nil && d.Active != "failed" { // there was nothing to forget
			return nil
		}
	}
	if errorName(err) == "org.freedesktop.systemd1.NoSuchUnit" {
		return nil
	}
	return busError("reset "+unit, err)
}

// List gives all instances that systemd has loaded, in one call. One that is missing is stopped: systemd forgets units
// that are neither running, failed nor enabled.
func (u *Units) List(ctx context.Context) (map[string]Unit, error) {
	var rows []struct {
		Name, Description, Load, Active, Sub, Following string
		Path                                            dbus.ObjectPath
		JobID                                           uint32
		JobType                                         string
		JobPath                                         dbus.ObjectPath
	}
	err := u.look(ctx, managerPath, managerPrefix+"ListUnitsByPatterns", []any{[]string{}, []string{UnitName("*")}}, []any{&rows})
	if err != nil {
		return nil, busError("list the instances", err)
	}
	units := make(map[string]Unit, len(rows))
	for _, r := range rows {
		if slug, ok := SlugOf(r.Name); ok {
			units[slug] = Unit{Slug: slug, Load: r.Load, Active: r.Active, Sub: r.Sub, Job: r.JobType}
		}
	}
	return units, nil
}

// Detail gives what systemd knows of one instance. It has an answer for every slug, for the template does; whether an
// instance was provisioned is to be seen from its pool.
func (u *Units) Detail(ctx context.Context, slug string) (Detail, error) {
	if err := CheckSlug(slug); err != nil {
		return Detail{}, err
	}
	return u.detail(ctx, UnitName(slug))
}

func (u *Units) detail(ctx context.Context, unit string) (Detail, error) {
	var properties map[string]dbus.Variant
	if err := u.look(ctx, unitPath(unit), getAll, []any{""}, []any{&properties}); err != nil {
		return Detail{}, busError("look at "+unit, err)
	}
	return parseDetail(unit, properties), nil
}

// ControlGroup is where systemd has its own cgroups, below which those of the units lie: "" on a machine, a path in
// some containers. It is asked for once.
func (u *Units) ControlGroup(ctx context.Context) (string, error) {
	if group := u.group.Load(); group != nil {
		return *group, nil
	}
	var group dbus.Variant
	err := u.look(ctx, managerPath, getProperty, []any{busName + ".Manager", "ControlGroup"}, []any{&group})
	if err != nil {
		return "", busError("ask systemd for its cgroup", err)
	}
	path, _ := group.Value().(string)
	u.group.Store(&path)
	return path, nil
}

// unitPath is a unit's object: every byte that is not a letter or a digit is written as _ and two hex digits.
func unitPath(unit string) dbus.ObjectPath {
	path := []byte(managerPath + "/unit/")
	for _, c := range []byte(unit) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			path = append(path, c)
			continue
		}
		if c < 0x10 {
			path = append(path, "_0"...)
		} else {
			path = append(path, '_')
		}
		path = strconv.AppendUint(path, uint64(c), 16)
	}
	return dbus.ObjectPath(path)
}
