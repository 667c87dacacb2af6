package systemd

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"vpm/core"
)

// mayAsk tells whether an error is a refusal that sudo may help with.
func (u *Units) mayAsk(err error) bool {
	switch errorName(err) {
	case "org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired":
		return u.Sudo != ""
	}
	return false
}

// systemctl runs it as root, for one unit that is vpm's.
func (u *Units) systemctl(ctx context.Context, verb, unit string) error {
	cmd := exec.CommandContext(ctx, u.Sudo, "-n", "/usr/bin/systemctl", "--no-ask-password", verb, unit)
	cmd.Env, cmd.Dir, cmd.WaitDelay = []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"}, "/", time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// bySudo does what a job does, by systemctl, which ends when the job has. denied is what systemd said over D-Bus: where sudo
// refuses too, that is the reason.
func (u *Units) bySudo(ctx context.Context, verb, unit string, denied error) (Result, error) {
	failed := u.systemctl(ctx, verb, unit)
	switch {
	case ctx.Err() != nil:
		return Result{}, core.Errorf(core.CodeBusy, "cannot see the %s of %s end: it is still under way", verb, unit).Because(ctx.Err())
	case failed != nil && refused(failed):
		return Result{}, core.Errorf(core.CodeUnavailable, "cannot %s %s: neither polkit nor sudo lets vpm do that; run vpm install again", verb, unit).
			Because(errors.Join(denied, failed))
	}
	after, err := u.detail(ctx, unit)
	if err != nil {
		return Result{}, err
	}
	outcome := "done"
	if failed != nil {
		outcome = "failed"
	}
	return Result{outcome, after}, judge(verb, unit, outcome, after)
}

// refused tells a refusal of sudo's from a failure of systemctl's, whose own messages begin otherwise.
func refused(err error) bool {
	exit, ran := errors.AsType[*exec.ExitError](err)
	return !ran || exit.ExitCode() == 1 && strings.Contains(err.Error(), "sudo: ")
}
