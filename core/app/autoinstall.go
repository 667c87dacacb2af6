package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"vpm/core"
	"vpm/core/autoinstall"
	"vpm/core/store"
)

// outOfReach says why an uploaded vpm.cgi answers on a machine that has a server: otherwise that would have.
func outOfReach() string {
	return fmt.Sprintf("vpm's server is installed on this machine, and this vpm.cgi, which runs as the user %d, cannot connect to %s; "+
		"use the address that the server answers at, and see vpm doctor", os.Geteuid(), autoinstall.ServerSocket)
}

// moved tells which instances have a process of their own.
func moved(db *store.DB) func(ctx context.Context, in core.Instance) (bool, error) {
	return func(ctx context.Context, in core.Instance) (bool, error) {
		slug, _, err := db.Unit(ctx, in)
		return slug != "", err
	}
}

// AutoInstall is for the uploaded program: it has the changes that administrators make start the installation of the
// server, as core/autoinstall says. sum is the SHA-256 of the program of the same release, in hexadecimal digits; ""
// starts nothing.
func (a *App) AutoInstall(sum string) {
	if a.broken || sum == "" || !a.Config.Configured() {
		return
	}
	dir := a.Config.DataDir
	if dir == "" { // the settings are another program's
		dir = filepath.Join(filepath.Dir(a.Config.Place.WebRoot), "vpm-data")
	}
	a.upload = &autoinstall.Upload{DataDir: dir, Dir: a.Config.Place.ProgramDir, Sum: sum, Off: a.Config.AutoInstall == "off",
		Log: func(line string) { a.Log.Warn().Msg(line) }}
	a.API.Changed = func(ctx context.Context) {
		if _, err := a.upload.AfterChange(ctx); err != nil {
			a.Log.Error().Err(err).Msg("vpm's server is not installed")
		}
	}
}

// sudo says what administrators are to know of the way through sudo, nil where there is nothing.
func (a *App) sudo(ctx context.Context) any {
	s := autoinstall.ServerStatus()
	if a.upload != nil {
		s = a.upload.Status(ctx)
	}
	if s == (autoinstall.Status{}) {
		return nil
	}
	return s
}
