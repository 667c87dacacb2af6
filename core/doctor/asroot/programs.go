package asroot

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"vpm/core/doctor"

	"vpm/core/install"
)

// leastSystemd is the first that knows every setting of our units that keeps others out (ProtectProc).
const leastSystemd = 247

// output runs a program of the system that only tells something.
func output(ctx context.Context, argv ...string) (string, error) {
	out, err := command(ctx, argv...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func command(ctx context.Context, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.WaitDelay = time.Second
	return cmd
}

func (l *look) systemd(ctx context.Context) doctor.Finding {
	if info, err := os.Lstat("/run/systemd/system"); err != nil || !info.IsDir() { // sd_booted(3)
		return doctor.Failed("move to a server or VPS that systemd boots; until then vpm works in virtual mode", "systemd does not run this machine")
	}
	out, err := output(ctx, "systemctl", "--version")
	words := strings.Fields(out)
	if err != nil || len(words) < 2 {
		return doctor.Failed("install systemd's systemctl", "systemctl does not tell its version")
	}
	version, err := strconv.Atoi(strings.TrimRight(words[1], "~rc"))
	if err == nil && version < leastSystemd {
		return doctor.Failed("upgrade the distribution", "systemd %d is older than %d, and would leave out protections of vpm's units", version, leastSystemd)
	}
	return doctor.OK("systemd %s runs this machine", words[1])
}

func (l *look) phpFPM(ctx context.Context) doctor.Finding {
	found, _ := filepath.Glob("/usr/sbin/php-fpm*") // the only error is a bad pattern
	if len(found) == 0 {
		return doctor.Failed("install php-fpm", "there is no PHP-FPM at /usr/sbin/php-fpm*")
	}
	used := unitProgram(ctx)
	if slices.Contains(found, used) {
		return doctor.OK("instances run under %s", used)
	}
	if l.state.Installed || used != "" {
		return doctor.Failed("run vpm install, which has the units use "+found[len(found)-1], "the PHP-FPM that vpm's units name is not there any more")
	}
	return doctor.OK("PHP-FPM is %s", strings.Join(found, ", "))
}

// phpVersions lists what sites could run under.
func (l *look) phpVersions(ctx context.Context) doctor.Finding {
	found, _ := filepath.Glob("/usr/sbin/php-fpm*") // the only error is a bad pattern
	var versions []string
	for _, path := range found {
		out, err := output(ctx, path, "-v")
		if f := strings.Fields(out); err == nil && len(f) > 1 && f[0] == "PHP" {
			versions = append(versions, f[1]+" ("+path+")")
		}
	}
	if len(versions) == 0 {
		return doctor.Skipped("no PHP-FPM tells its version")
	}
	return doctor.OK("PHP %s", strings.Join(versions, ", "))
}

func (l *look) privilege(ctx context.Context) doctor.Finding {
	if out, err := output(ctx, "pkaction", "--version"); err == nil {
		return doctor.OK("polkit %s is there", lastWord(out))
	}
	if out, err := output(ctx, "sudo", "-V"); err == nil {
		first, _, _ := strings.Cut(out, "\n")
		return doctor.Warning("install polkitd and run vpm install: under it the server keeps all of its hardening", "polkit is not there; the server uses sudo %s", lastWord(first))
	}
	return doctor.Failed("install polkitd and run vpm install", "neither polkit nor sudo is there, so that the server cannot start its units")
}

func lastWord(s string) string {
	words := strings.Fields(s)
	if len(words) == 0 {
		return "?"
	}
	return words[len(words)-1]
}

func (l *look) installation(context.Context) doctor.Finding {
	switch {
	case l.stateErr != nil && !l.root:
		return unknown("what was installed can be read by root only")
	case l.stateErr != nil:
		return doctor.Failed("restore the file from a backup", "what was installed cannot be read from %s/install.json", install.StateDir)
	case l.state.Cut == "uninstallation":
		return doctor.Failed("run vpm uninstall once more", "an uninstallation was cut off")
	case l.state.Cut != "":
		return doctor.Failed("run vpm install once more, or vpm uninstall", "an installation was cut off")
	case !l.state.Installed:
		return doctor.Failed("run vpm install as root", "vpm's server is not installed here")
	}
	return doctor.OK("vpm's server has taken over %s", l.state.From)
}
