package app

import (
	"context"
	"slices"
	"time"

	"vpm/core"
	"vpm/core/autoinstall"
	"vpm/core/doctor"
	"vpm/core/httpapi"
	"vpm/core/store"
)

// doctor makes the checks that need no right beyond the panel's own.
func (a *App) doctor(db *store.DB, mode Mode, host func(ctx context.Context, https bool) []core.Check) func(context.Context, httpapi.Asked) []core.Check {
	return func(ctx context.Context, asked httpapi.Asked) []core.Check {
		c, server := a.Config, a.Real != nil && autoinstall.ServerInstalled()
		p := doctor.Panel{Config: c, DB: db, Version: a.Version, Server: server, Channels: newSender(c).Channels(), AlertWarnings: alertWarnings(c),
			API: asked.API, Now: time.Now}
		checks := p.Run(ctx)
		if !asked.Shell { // from a shell it would see the shell's connection, user and limits
			checks = append(checks, ofHost(host(ctx, asked.HTTPS), server)...)
		}
		checks = append(checks, a.ofMode(mode, server)...)
		if server && !asked.Shell {
			checks = append(checks, doctor.Run(ctx, []doctor.Item{{Name: "as-root", Look: asRoot}})...)
		}
		return checks
	}
}

// ofHost leaves of the set-up's checks those that nothing here makes better. Limits and user of a server are its unit's.
func ofHost(checks []core.Check, server bool) []core.Check {
	return slices.DeleteFunc(checks, func(c core.Check) bool {
		return c.Name == "data_directory" || c.Name == "mysql" || server && c.Name != "https"
	})
}

// ofMode are the checks of real mode. Where nobody asked for that, what it lacks is no fault.
func (a *App) ofMode(mode Mode, server bool) []core.Check {
	checks := slices.Clone(mode.Checks)
	for i, c := range checks {
		unwanted := a.Config.Mode == string(core.ModeVirtual) || !server && a.Config.Mode != string(core.ModeReal)
		if unwanted && c.Result == core.CheckFailed {
			checks[i].Result = core.CheckSkipped
		}
	}
	return checks
}

func asRoot(context.Context) doctor.Finding {
	return doctor.Skipped("units, rights, pools, directories, sudo and the configuration of the web server can be seen by root only: run vpm doctor on the server")
}
