package asroot

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"

	"vpm/core/doctor"
	"vpm/core/install"
)

// refused are requests that systemd must not carry out for the server's user: each is a way to be root. Words are the
// unit and the verb that systemd tells polkit, none where it tells none, as of StartTransientUnit.
var refused = []struct {
	action string
	words  []string
}{
	{"manage-units", []string{"vpm-doctor-probe.service", "start"}},
	{"manage-units", []string{"vpm.service", "stop"}},
	{"manage-units", []string{"vpm-provision@probe.service", "set-property"}},
	{"manage-units", nil},
	{"manage-unit-files", nil},
	{"reload-daemon", nil},
}

// refusals asks polkit, or sudo, whether the server's user may do what it must not. Nothing is done.
func (l *look) refusals(ctx context.Context) doctor.Finding {
	switch {
	case l.notInstalled():
		return doctor.Skipped("vpm's server is not installed")
	case !l.root:
		return unknown("only root can ask what the server's user may not")
	}
	if _, err := os.Stat("/etc/polkit-1/rules.d/50-vpm.rules"); err != nil {
		return sudoRefusals(ctx)
	}
	pid := property(ctx, "MainPID")
	if pid == "" || pid == "0" {
		return doctor.Skipped("the server does not run")
	}
	var may []string
	for _, r := range refused {
		argv := []string{"pkcheck", "--process", pid, "--action-id", "org.freedesktop.systemd1." + r.action}
		if len(r.words) > 0 {
			argv = append(argv, "--detail", "unit", r.words[0], "--detail", "verb", r.words[1])
		}
		out, err := output(ctx, argv...)
		status := 0
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			status = exit.ExitCode()
		} else if err != nil {
			return doctor.Unknown("", "polkit cannot be asked: %v", err)
		}
		switch {
		case status == 0:
			may = append(may, strings.Join(append([]string{r.action}, r.words...), " "))
		case status > 3: // pkcheck(1): 1 to 3 are a no
			return doctor.Unknown("run systemctl restart polkit", "polkit cannot be asked: %s", out)
		}
	}
	if len(may) > 0 {
		return doctor.Failed("see /etc/polkit-1/rules.d for a rule that allows it, and run vpm install, which puts vpm's back",
			"polkit lets the server's user %s: that is equivalent to root", strings.Join(may, ", "))
	}
	return doctor.OK("polkit refuses the server's user everything but vpm's own units")
}

func sudoRefusals(ctx context.Context) doctor.Finding {
	for _, words := range [][]string{{"start", "vpm-doctor-probe.service"}, {"stop", "vpm.service"}, {"enable", "vpm-php@probe.service"}, {"daemon-reload"}} {
		argv := append([]string{"sudo", "-n", "-l", "-U", install.User, "/usr/bin/systemctl", "--no-ask-password"}, words...)
		if _, err := output(ctx, argv...); err == nil {
			return doctor.Failed("see /etc/sudoers and /etc/sudoers.d for a line that allows it, and run vpm install, which puts vpm's back",
				"sudo lets the server's user run systemctl %s: that is equivalent to root", strings.Join(words, " "))
		}
	}
	return doctor.OK("sudo refuses the server's user everything but vpm's own units")
}
