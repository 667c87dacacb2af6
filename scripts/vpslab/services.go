package vpslab

import (
	"context"
	"fmt"
	"time"
)

const (
	journalLimit = 2 * time.Minute
	pollEvery    = 10 * time.Millisecond
	mariaDB      = "/run/mysqld/mysqld.sock"
)

// MariaDB starts the server with Debian's settings on the data directory that the package made, and returns the path
// inside of its socket, where root needs no password. Outside it is at Root() + socket.
func (v *VPS) MariaDB(ctx context.Context) (socket string, err error) {
	if _, err := v.Run(ctx, "systemctl", "start", "mariadb"); err != nil {
		return "", fmt.Errorf("%w\n%s", err, v.Journal("mariadb"))
	}
	return mariaDB, nil
}

// Apache makes siteConf the only site, tests the configuration, and starts Apache or reloads it. The event MPM and
// Debian's default modules are there, and headers, proxy_fcgi and rewrite with them.
func (v *VPS) Apache(ctx context.Context, siteConf string) error {
	if err := v.WriteFile("/etc/apache2/sites-available/vpm.conf", []byte(siteConf), 0o644); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"a2enmod", "-q", "headers", "proxy_fcgi", "rewrite"},
		{"a2dissite", "-q", "-f", "*"},
		{"a2ensite", "-q", "vpm"},
		{"apache2ctl", "configtest"},
	} {
		if _, err := v.Run(ctx, command[0], command[1:]...); err != nil {
			return err
		}
	}
	if _, err := v.Run(ctx, "systemctl", "reload-or-restart", "apache2"); err != nil {
		return fmt.Errorf("%w\n%s", err, v.Journal("apache2"))
	}
	return nil
}

// Journal returns what a unit has logged so far, over all boots; a journal that cannot be read says so in its place.
func (v *VPS) Journal(unit string) string {
	ctx, cancel := context.WithTimeout(context.Background(), journalLimit)
	defer cancel()
	// What was sent to the journal's daemon need not be in the file yet.
	if _, err := v.Run(ctx, "journalctl", "--sync"); err != nil {
		return fmt.Sprintf("(cannot read the journal: %v)", err)
	}
	text, err := v.Run(ctx, "journalctl", "--no-pager", "--output=short-precise", "--unit="+unit)
	if err != nil {
		return fmt.Sprintf("(cannot read the journal: %v)", err)
	}
	return text
}

// Wait asks ready until it agrees, ctx ends or the VPS does.
func (v *VPS) Wait(ctx context.Context, ready func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-v.ended:
			return fmt.Errorf("cannot wait any longer: %w", v.failure())
		case <-ctx.Done():
			return fmt.Errorf("cannot wait any longer: %w", context.Cause(ctx))
		}
	}
	return nil
}
