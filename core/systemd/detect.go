package systemd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
)

// Detector finds out whether this machine can run real processes for vpm. That takes up to a tenth of a second:
// it is for start-up and after errors, never for a request.
type Detector struct {
	Units   *Units
	Journal Journal
	Wanted  Wanted
	// Booted is the directory that is there while systemd is PID 1 (sd_booted(3)): /run/systemd/system.
	Booted string
	// FPM is the pattern of PHP-FPM's program: /usr/sbin/php-fpm*.
	FPM string
	Now func() time.Time
}

// Capability is what was found. The reason of a check that failed says what to do.
type Capability struct {
	Real   bool // all that real mode needs is there
	Checks []core.Check
	At     time.Time
}

// selfTest does nothing, and is started in the same way as an instance: that it starts proves the whole chain.
const selfTest = "vpm-selftest@probe.service"

// Detect checks one thing after the other; those that rest on one that failed are skipped.
func (d Detector) Detect(ctx context.Context) Capability {
	found := Capability{Real: true, At: d.Now()}
	check := func(name string, needed, possible bool, look func() (core.CheckResult, string)) bool {
		begin := time.Now()
		c := core.Check{Name: name, Result: core.CheckSkipped, Reason: "the check before it has failed"}
		if possible {
			c.Result, c.Reason = look()
		}
		c.Duration = core.Milliseconds(time.Since(begin))
		found.Checks = append(found.Checks, c)
		found.Real = found.Real && (c.Result == core.CheckOK || !needed)
		return c.Result == core.CheckOK
	}
	booted := check("systemd", true, true, d.booted)
	bus := check("bus", true, booted, func() (core.CheckResult, string) { return d.answers(ctx) })
	check("units", true, bus, func() (core.CheckResult, string) { return d.selfTest(ctx) })
	check("php-fpm", true, true, d.program)
	check("wanted", true, true, d.writable)
	check("journal", false, booted, func() (core.CheckResult, string) { return d.readable(ctx) })
	return found
}

func (d Detector) booted() (core.CheckResult, string) {
	// sd_booted(3): the directory itself, not a link.
	if info, err := os.Lstat(d.Booted); err != nil || !info.IsDir() {
		return core.CheckFailed, "systemd does not run this machine; real processes need a server or VPS that systemd has booted"
	}
	return core.CheckOK, "systemd has booted this machine"
}

func (d Detector) answers(ctx context.Context) (core.CheckResult, string) {
	if _, err := d.Units.List(ctx); err != nil {
		return core.CheckFailed, message(err) + "; install dbus and start it"
	}
	return core.CheckOK, "systemd answers over D-Bus"
}

func (d Detector) selfTest(ctx context.Context) (core.CheckResult, string) {
	if _, err := d.Units.Start(ctx, selfTest); err != nil {
		return core.CheckFailed, message(err)
	}
	return core.CheckOK, "vpm's units are installed and it may start them"
}

func (d Detector) program() (core.CheckResult, string) {
	programs, _ := filepath.Glob(d.FPM) // the only error is a bad pattern, which finds none
	for _, p := range programs {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return core.CheckOK, "PHP-FPM is " + p
		}
	}
	return core.CheckFailed, "there is no PHP-FPM at " + d.FPM + "; install php-fpm"
}

func (d Detector) writable() (core.CheckResult, string) {
	err := d.Wanted.sync()
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(d.Wanted.Dir, ".probe-"); err == nil {
			f.Close()
			err = os.Remove(f.Name())
		}
	}
	if err != nil {
		return core.CheckFailed, "vpm cannot write in " + d.Wanted.Dir + ", which its tmpfiles.d file makes; run systemd-tmpfiles --create"
	}
	return core.CheckOK, d.Wanted.Dir + " can be written"
}

func (d Detector) readable(ctx context.Context) (core.CheckResult, string) {
	if _, err := d.Journal.Last(ctx, selfTest, 1, time.Time{}); err != nil {
		return core.CheckWarning, message(err) + ", so that failed starts say less; add vpm's user to the group systemd-journal"
	}
	return core.CheckOK, "the journal can be read"
}

// Missing says in one sentence what real mode lacks, "" where it lacks nothing.
func (c Capability) Missing() string {
	var reasons []string
	for _, check := range c.Checks {
		if check.Result == core.CheckFailed {
			reasons = append(reasons, check.Reason)
		}
	}
	return strings.Join(reasons, "; ")
}

// Choose gives the mode for a setting of VPM_MODE (auto, virtual or real) on a machine of this capability. Real mode that
// was asked for and is not possible is an error: falling back would report sites that nobody runs.
func (c Capability) Choose(setting string) (core.Mode, error) {
	switch setting {
	case "virtual":
		return core.ModeVirtual, nil
	case "", "auto":
		if c.Real {
			return core.ModeReal, nil
		}
		return core.ModeVirtual, nil
	case "real":
		if !c.Real {
			return "", core.Errorf(core.CodeUnavailable, "cannot use VPM_MODE=real: %s", c.Missing())
		}
		return core.ModeReal, nil
	}
	return "", core.Errorf(core.CodeInvalid, "cannot use VPM_MODE=%.20q: it has to be auto, virtual or real", setting)
}

// message is the part of an error for people.
func message(err error) string {
	if e, ok := asError(err); ok {
		return e.Message
	}
	return err.Error()
}
