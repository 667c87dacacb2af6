// Package doctor checks everything that real mode rests on, and says of each thing that is not so what to do. It only
// looks; it needs root to see all of it.
package doctor

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/install"
)

// Options says how to look.
type Options struct {
	// Database opens the server's database and tells its schema version in a sentence, or the error for people. nil
	// skips that check.
	Database func(ctx context.Context, settings *config.Config) (said string, err error)
	// URL is an address of the API that is asked through the web server, "" for http://127.0.0.1/api/mode.php.
	URL string
	// Host is the host name that is asked for, "" for none in particular.
	Host string
}

// finding is what a check came to. fix says what to do where it is not well.
type finding struct {
	result core.CheckResult
	reason string
	fix    string
}

func ok(format string, args ...any) finding {
	return finding{result: core.CheckOK, reason: fmt.Sprintf(format, args...)}
}

func warning(fix, format string, args ...any) finding {
	return finding{core.CheckWarning, fmt.Sprintf(format, args...), fix}
}

func failed(fix, format string, args ...any) finding {
	return finding{core.CheckFailed, fmt.Sprintf(format, args...), fix}
}

func skipped(format string, args ...any) finding {
	return finding{result: core.CheckSkipped, reason: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) finding {
	return finding{core.CheckUnknown, fmt.Sprintf(format, args...), "run vpm doctor as root"}
}

// look is what the checks share.
type look struct {
	Options
	state    install.State
	stateErr error
	settings *config.Config
	root     bool
}

// Run makes all checks, one after the other and each within ten seconds. Details has "fix" where there is something to
// do.
func Run(ctx context.Context, o Options) []core.Check {
	l := &look{Options: o, root: os.Geteuid() == 0}
	l.state, l.stateErr = install.Inspect()
	var checks []core.Check
	for _, c := range []struct {
		name string
		look func(context.Context) finding
	}{
		{"systemd", l.systemd}, {"php-fpm", l.phpFPM}, {"polkit-or-sudo", l.privilege}, {"installation", l.installation},
		{"units", l.units}, {"directories", l.directories}, {"settings", l.settingsFile}, {"server", l.server},
		{"server-user", l.serverUser}, {"socket", l.socket}, {"rights", l.selfTest}, {"database", l.database},
		{"web-server", l.webServer}, {"routing", l.routing}, {"sudoers-line", l.sudoersLine}, {"leftovers", l.leftovers},
		{"cgroup", l.cgroup}, {"disk", l.disk}, {"time-zone", l.timeZone},
	} {
		checks = append(checks, one(ctx, c.name, c.look))
	}
	return checks
}

func one(ctx context.Context, name string, check func(context.Context) finding) core.Check {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	begin := time.Now()
	f := check(ctx)
	c := core.Check{Name: name, Result: f.result, Reason: f.reason, Duration: core.Milliseconds(time.Since(begin))}
	if f.fix != "" {
		c.Details = map[string]any{"fix": f.fix}
	}
	return c
}

// Print writes the checks for people, a line each and what to do below it.
func Print(w io.Writer, checks []core.Check) error {
	for _, c := range checks {
		if _, err := fmt.Fprintf(w, "%-8s %-15s %s\n", c.Result, c.Name, c.Reason); err != nil {
			return err
		}
		if fix, has := c.Details["fix"]; has {
			if _, err := fmt.Fprintf(w, "%25s%v\n", "-> ", fix); err != nil {
				return err
			}
		}
	}
	return nil
}
