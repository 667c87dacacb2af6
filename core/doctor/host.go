package doctor

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"

	"vpm/core/install"
)

// controllers are what limits and usage of instances rest on.
var controllers = []string{"cpu", "memory", "pids"}

func (l *look) cgroup(context.Context) finding {
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
		return warning("ask the provider for them, or add cgroup_enable=memory to the kernel's command line",
			"cgroup version %s lacks %s: such limits of instances do not bind, and their usage is unavailable", version, strings.Join(missing, ", "))
	}
	return ok("cgroup version %s, with %s", version, strings.Join(controllers, ", "))
}

// Below these a disk is nearly full, and full.
const (
	scarceDisk = 500 << 20
	noDisk     = 50 << 20
)

func (l *look) disk(context.Context) finding {
	for _, path := range []string{install.StateDir, "/srv/vpm", "/var/log"} {
		var st syscall.Statfs_t
		if err := syscall.Statfs(path, &st); err != nil {
			continue // where it is not there, another check says so
		}
		free := uint64(st.Bavail) * uint64(st.Bsize)
		switch {
		case free < noDisk:
			return failed("free some space", "the disk of %s has %d MB left", path, free>>20)
		case free < scarceDisk:
			return warning("free some space", "the disk of %s has %d MB left", path, free>>20)
		}
	}
	return ok("there is space on the disks")
}

// timeZone: a stop that ends by itself does so by the web server's clock, and the server must mean the same hour.
func (l *look) timeZone(ctx context.Context) finding {
	ours, known := zone(ctx, "vpm.service")
	if !known {
		return skipped("the server does not run, or cannot be looked at")
	}
	for _, unit := range webServers {
		if theirs, known := zone(ctx, unit); known && theirs != ours {
			return warning("set both alike, as with systemctl edit "+unit, "%s has the time zone %q and vpm.service %q", unit, theirs, ours)
		}
	}
	return ok("web server and vpm have the same time zone")
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
