package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vpm/core/install"
)

// leastSystemd is the first that knows every setting of our units that keeps others out (ProtectProc).
const leastSystemd = 247

// output runs a program of the system that only tells something.
func output(ctx context.Context, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (l *look) systemd(ctx context.Context) finding {
	if info, err := os.Lstat("/run/systemd/system"); err != nil || !info.IsDir() { // sd_booted(3)
		return failed("move to a server or VPS that systemd boots; until then vpm works in virtual mode", "systemd does not run this machine")
	}
	out, err := output(ctx, "systemctl", "--version")
	words := strings.Fields(out)
	if err != nil || len(words) < 2 {
		return failed("install systemd's systemctl", "systemctl does not tell its version")
	}
	version, err := strconv.Atoi(strings.TrimRight(words[1], "~rc"))
	if err == nil && version < leastSystemd {
		return failed("upgrade the distribution", "systemd %d is older than %d, and would leave out protections of vpm's units", version, leastSystemd)
	}
	return ok("systemd %s runs this machine", words[1])
}

func (l *look) phpFPM(ctx context.Context) finding {
	found, _ := filepath.Glob("/usr/sbin/php-fpm*") // the only error is a bad pattern
	if len(found) == 0 {
		return failed("install php-fpm", "there is no PHP-FPM at /usr/sbin/php-fpm*")
	}
	used, err := output(ctx, "systemctl", "show", "--value", "--property=ExecStart", "vpm-php@probe.service")
	for _, path := range found {
		if err == nil && strings.Contains(used, "path="+path+" ") {
			return ok("instances run under %s", path)
		}
	}
	if l.state.Installed {
		return failed("run vpm install, which has the units use "+found[len(found)-1], "the PHP-FPM that vpm's units name is not there any more")
	}
	return ok("PHP-FPM is %s", strings.Join(found, ", "))
}

func (l *look) privilege(ctx context.Context) finding {
	if out, err := output(ctx, "pkaction", "--version"); err == nil {
		return ok("polkit %s is there", lastWord(out))
	}
	if out, err := output(ctx, "sudo", "-V"); err == nil {
		first, _, _ := strings.Cut(out, "\n")
		return warning("install polkitd and run vpm install: under it the server keeps all of its hardening", "polkit is not there; the server uses sudo %s", lastWord(first))
	}
	return failed("install polkitd and run vpm install", "neither polkit nor sudo is there, so that the server cannot start its units")
}

func lastWord(s string) string {
	words := strings.Fields(s)
	if len(words) == 0 {
		return "?"
	}
	return words[len(words)-1]
}

func (l *look) installation(context.Context) finding {
	switch {
	case l.stateErr != nil && !l.root:
		return unknown("what was installed can be read by root only")
	case l.stateErr != nil:
		return failed("restore the file from a backup", "what was installed cannot be read from %s/install.json", install.StateDir)
	case l.state.Cut == "uninstallation":
		return failed("run vpm uninstall once more", "an uninstallation was cut off")
	case l.state.Cut != "":
		return failed("run vpm install once more, or vpm uninstall", "an installation was cut off")
	case !l.state.Installed:
		return failed("run vpm install as root", "vpm's server is not installed here")
	}
	return ok("vpm's server has taken over %s", l.state.From)
}
