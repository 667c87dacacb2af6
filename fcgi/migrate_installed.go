package main

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/install"
)

// migrateLimit is for upgrading the tables, of which some may be large.
const migrateLimit = 10 * time.Minute

// migrateInstalled upgrades the tables of the installed server's database, by a process of its own: that becomes the
// owner of the settings, for good.
func migrateInstalled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrateLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, install.Program, "migrate")
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "VPM_CONFIG=" + install.Settings}
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = "/", &said
	err := cmd.Run()
	if err == nil {
		return nil
	}
	_, why, _ := strings.Cut("\n"+strings.TrimSpace(said.String()), "\nvpm: ")
	if why == "" {
		why = err.Error()
	}
	return core.Errorf(core.CodeUnavailable, "cannot upgrade the database: %s", why).Because(err)
}
