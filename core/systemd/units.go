package systemd

import (
	"context"
	"fmt"
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
	units, err := u.list(ctx, "ListUnitsByPatterns", []string{}, []string{UnitName("*")})
	return units, busError("list the instances", err)
}

func (u *Units) list(ctx context.Context, method string, args ...any) (map[string]Unit, error) {
	var rows []struct {
		Name, Description, Load, Active, Sub, Following string
		Path                                            dbus.ObjectPath
		JobID                                           uint32
		JobType                                         string
		JobPath                                         dbus.ObjectPath
	}
	if err := u.look(ctx, managerPath, managerPrefix+method, args, []any{&rows}); err != nil {
		return nil, err
	}
	units := make(map[string]Unit, len(rows))
	for _, r := range rows {
		if slug, ok := SlugOf(r.Name); ok {
			units[slug] = Unit{Slug: slug, Load: r.Load, Active: r.Active, Sub: r.Sub, Job: r.JobType}
		}
	}
	return units, nil
}

// Glance gives of an instance that serves what a report says of it: its unit's state, the master's PID and since when it
// serves. Of any other it gives all, as Detail does. That takes systemd and vpm three times as long: some 300 values, of which
// systemd reads several from the kernel's files.
func (u *Units) Glance(ctx context.Context, slug string) (Detail, error) {
	if err := CheckSlug(slug); err != nil {
		return Detail{}, err
	}
	unit := UnitName(slug)
	d, err := u.glance(ctx, unit)
	if err != nil {
		return Detail{}, busError("look at "+unit, err)
	}
	if d.up() && d.MainPID > 0 { // it has not ended in between
		return d, nil
	}
	return u.detail(ctx, unit)
}

func (u *Units) glance(ctx context.Context, unit string) (Detail, error) {
	units, err := u.list(ctx, "ListUnitsByNames", []string{unit})
	if err != nil {
		return Detail{}, err
	}
	slug, _ := SlugOf(unit)
	d := Detail{Unit: units[slug], Name: unit}
	if !d.up() {
		return d, nil
	}
	pid, err := u.property(ctx, unitPath(unit), "Service", "MainPID")
	if err != nil {
		return Detail{}, err
	}
	since, err := u.property(ctx, unitPath(unit), "Unit", "ActiveEnterTimestamp")
	d.MainPID, d.ActiveSince = number(pid), moment(since)
	return d, err
}

// property gives one value of an object, as of is called in org.freedesktop.systemd1(5).
func (u *Units) property(ctx context.Context, object dbus.ObjectPath, of, name string) (any, error) {
	var value dbus.Variant
	err := u.look(ctx, object, getProperty, []any{busName + "." + of, name}, []any{&value})
	return value.Value(), err
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
	group, err := u.property(ctx, managerPath, "Manager", "ControlGroup")
	if err != nil {
		return "", busError("ask systemd for its cgroup", err)
	}
	path, _ := group.(string)
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
		path = fmt.Appendf(path, "_%02x", c)
	}
	return dbus.ObjectPath(path)
}
