package asroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"vpm/core/doctor"

	"vpm/core/install"
)

const reinstall = "run vpm install, which puts them back"

func (l *look) units(ctx context.Context) doctor.Finding {
	switch {
	case l.stateErr != nil:
		return l.unread()
	case !l.state.Installed:
		return doctor.Skipped("vpm's server is not installed")
	case len(l.state.Missing) > 0:
		return doctor.Failed(reinstall, "gone: %s", strings.Join(l.state.Missing, ", "))
	case len(l.state.Changed) > 0:
		return doctor.Warning(reinstall+"; settings of your own belong into a drop-in (systemctl edit)", "edited: %s", strings.Join(l.state.Changed, ", "))
	}
	if out, err := output(ctx, "systemctl", "show", "--value", "--property=NeedDaemonReload", "vpm.service"); err == nil && out == "yes" {
		return doctor.Warning("run systemctl daemon-reload", "units have changed since systemd read them")
	}
	return doctor.OK("units, rules and configurations are as they were installed")
}

// property asks systemd for a property of the server's unit.
func property(ctx context.Context, name string) string {
	out, err := output(ctx, "systemctl", "show", "--value", "--property="+name, "vpm.service")
	if err != nil {
		return ""
	}
	return out
}

func (l *look) server(ctx context.Context) doctor.Finding {
	if l.notInstalled() {
		return doctor.Skipped("vpm's server is not installed")
	}
	if state := property(ctx, "ActiveState"); state != "active" {
		return doctor.Failed("see journalctl -u vpm.service, then systemctl restart vpm.service", "vpm.service is %s (%s)", state, property(ctx, "Result"))
	}
	if n := property(ctx, "NRestarts"); n != "0" && n != "" {
		return doctor.Warning("see journalctl -u vpm.service", "vpm.service runs, and systemd had to restart it %s times", n)
	}
	return doctor.OK("vpm.service runs")
}

func (l *look) serverUser(ctx context.Context) doctor.Finding {
	pid := property(ctx, "MainPID")
	if pid == "" || pid == "0" {
		return doctor.Skipped("the server does not run")
	}
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return unknown("the server's process cannot be looked at")
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 5 && f[0] == "Uid:" {
			for _, uid := range f[1:] {
				if uid == "0" {
					return doctor.Failed("run vpm install, which puts the unit back", "the server runs as root")
				}
			}
			return doctor.OK("the server runs as the user %s, not as root", f[1])
		}
	}
	return unknown("the kernel does not tell the server's user")
}

func (l *look) socket(ctx context.Context) doctor.Finding {
	if _, err := os.Stat(install.Socket); err != nil {
		if l.notInstalled() {
			return doctor.Skipped("vpm's server is not installed")
		}
		return doctor.Failed("run systemctl start vpm.socket", "there is no socket at %s", install.Socket)
	}
	err := answers(ctx)
	if errors.Is(err, fs.ErrPermission) && !l.root {
		return unknown("only the web server and root may connect to %s", install.Socket)
	}
	if err != nil {
		return doctor.Failed("see journalctl -u vpm.service, then systemctl restart vpm.service", "the server does not answer at %s: %v", install.Socket, err)
	}
	return doctor.OK("the server answers at %s", install.Socket)
}

// answers asks for a value of the server itself (FastCGI specification, section 4.1), which runs no request.
func answers(ctx context.Context) error {
	c, err := new(net.Dialer).DialContext(ctx, "unix", install.Socket)
	if err != nil {
		return err
	}
	defer c.Close()
	if deadline, has := ctx.Deadline(); has {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	const name = "FCGI_MPXS_CONNS"
	ask := append([]byte{1, 9, 0, 0, 0, byte(len(name) + 2), 0, 0, byte(len(name)), 0}, name...)
	if _, err := c.Write(ask); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	if head[0] != 1 || head[1] != 10 {
		return fmt.Errorf("it does not speak FastCGI")
	}
	return nil
}

func (l *look) selfTest(ctx context.Context) doctor.Finding {
	switch {
	case l.notInstalled():
		return doctor.Skipped("vpm's server is not installed")
	case !l.root:
		return unknown("only root can try what the server's user may")
	}
	if err := install.SelfTest(ctx); err != nil {
		return doctor.Failed("run vpm install; if it was just installed, run systemctl restart polkit", "the server's user cannot start its units: %v", err)
	}
	return doctor.OK("the server's user can start its units")
}
