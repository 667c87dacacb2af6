// Package asroot checks everything that real mode rests on, and says of each thing that is not so what to do. It only
// looks; it needs root to see all of it.
package asroot

import (
	"context"
	"os"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/doctor"
	"vpm/core/install"
)

// Options says how to look.
type Options struct {
	// Database opens the server's database and tells its schema version in a sentence, or the error for people. nil
	// skips that check.
	Database func(ctx context.Context, settings *config.Config) (said string, err error)
	// Statistics tells in a sentence how the instances' queries are counted on the database server at a socket; nil skips
	// that check.
	Statistics func(ctx context.Context, socket string) (said string, err error)
	// URL is an address of the API that is asked through the web server, "" for http://127.0.0.1/api/mode.php.
	URL string
	// Host is the host name that is asked for, "" for none in particular.
	Host string
}

func unknown(format string, args ...any) doctor.Finding {
	return doctor.Unknown("run vpm doctor as root", format, args...)
}

// look is what the checks share.
type look struct {
	Options
	state    install.State
	stateErr error
	settings *config.Config
	root     bool
}

// notInstalled tells that there is nothing of the server to look at.
func (l *look) notInstalled() bool { return !l.state.Installed && l.stateErr == nil }

// unread is what a check says that goes by what was installed, where that cannot be read.
func (l *look) unread() doctor.Finding {
	if !l.root {
		return unknown("what was installed can be read by root only")
	}
	return doctor.Unknown("see the check installation", "what was installed cannot be read")
}

// Run makes all checks.
func Run(ctx context.Context, o Options) []core.Check {
	l := &look{Options: o, root: os.Geteuid() == 0}
	l.state, l.stateErr = install.Inspect()
	return doctor.Run(ctx, []doctor.Item{
		{Name: "systemd", Look: l.systemd}, {Name: "php-fpm", Look: l.phpFPM}, {Name: "php-versions", Look: l.phpVersions},
		{Name: "polkit-or-sudo", Look: l.privilege}, {Name: "installation", Look: l.installation}, {Name: "units", Look: l.units},
		{Name: "directories", Look: l.directories}, {Name: "settings", Look: l.settingsFile}, {Name: "server", Look: l.server},
		{Name: "server-user", Look: l.serverUser}, {Name: "socket", Look: l.socket}, {Name: "rights", Look: l.selfTest},
		{Name: "refusals", Look: l.refusals}, {Name: "pools", Look: l.pools}, {Name: "pool-sockets", Look: l.poolSockets},
		{Name: "database", Look: l.database}, {Name: "statistics", Look: l.statistics}, {Name: "web-server", Look: l.webServer},
		{Name: "routing", Look: l.routing}, {Name: "sudoers-line", Look: l.sudoersLine}, {Name: "leftovers", Look: l.leftovers},
		{Name: "cgroup", Look: l.cgroup}, {Name: "disk", Look: l.disk}, {Name: "journal-storage", Look: l.journal},
		{Name: "time-zone", Look: l.timeZone},
	})
}
