package asroot

import (
	"context"
	"os"
	"slices"
	"strings"
	"vpm/core/doctor"

	"vpm/core/install"
)

// controllers are what limits and usage of instances rest on.
var controllers = []string{"cpu", "memory", "pids"}

func (l *look) cgroup(context.Context) doctor.Finding {
	var missing []string
	version := "2"
	if text, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		for _, c := range controllers {
			if !slices.Contains(strings.Fields(string(text)), c) {
				missing = append(missing, c)
			}
		}
	} else {
		version = "1"
		for _, c := range controllers {
			if info, err := os.Stat("/sys/fs/cgroup/" + c); err != nil || !info.IsDir() {
				missing = append(missing, c)
			}
		}
	}
	if len(missing) > 0 {
		return doctor.Warning("ask the provider for them, or add cgroup_enable=memory to the kernel's command line",
			"cgroup version %s lacks %s: such limits of instances do not bind, and their usage is unavailable", version, strings.Join(missing, ", "))
	}
	return doctor.OK("cgroup version %s, with %s", version, strings.Join(controllers, ", "))
}

func (l *look) disk(context.Context) doctor.Finding {
	return doctor.Space(install.StateDir, "/srv/vpm", "/var/log")
}

// timeZone: a stop that ends by itself does so by the web server's clock, and the server must mean the same hour.
func (l *look) timeZone(ctx context.Context) doctor.Finding {
	ours, known := zone(ctx, "vpm.service")
	if !known {
		return doctor.Skipped("the server does not run, or cannot be looked at")
	}
	for _, unit := range webServers {
		if theirs, known := zone(ctx, unit); known && theirs != ours {
			return doctor.Warning("set both alike, as with systemctl edit "+unit, "%s has the time zone %q and vpm.service %q", unit, theirs, ours)
		}
	}
	return doctor.OK("web server and vpm have the same time zone")
}

// zone gives what TZ is in the process of a unit, "" for the machine's.
func zone(ctx context.Context, unit string) (tz string, known bool) {
	pid, err := output(ctx, "systemctl", "show", "--value", "--property=MainPID", unit)
	if err != nil || pid == "" || pid == "0" {
		return "", false
	}
	text, err := os.ReadFile("/proc/" + pid + "/environ")
	if err != nil {
		return "", false
	}
	for variable := range strings.SplitSeq(string(text), "\x00") {
		if value, is := strings.CutPrefix(variable, "TZ="); is {
			return value, true
		}
	}
	return "", true
}

// journal tells whether what is logged survives a reboot. Either is a choice.
func (l *look) journal(context.Context) doctor.Finding {
	if info, err := os.Stat("/var/log/journal"); err == nil && info.IsDir() {
		return doctor.OK("the journal survives reboots")
	}
	return doctor.Skipped("the journal is lost at each reboot; mkdir /var/log/journal keeps it")
}
