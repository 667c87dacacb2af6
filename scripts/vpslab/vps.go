package vpslab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// bootLimit is for one boot; an idle machine needs a second, one that runs many tests at once several.
const bootLimit = 2 * time.Minute

// Options says what kind of VPS to boot. The zero value has the machine's own cgroup version.
type Options struct {
	// Unified boots under cgroup v2 alone, also where the machine has v1 beside it (hybrid). The controllers then stay
	// with v1: the tree and the files of units are those of v2, but without memory.*, pids.* and cpu.max.
	Unified bool
}

// VPS is a running container with systemd as its first process. Its methods may be called by several goroutines.
type VPS struct {
	name    string // of its cgroups and its notification socket
	dir     string
	cgroup  int
	console *os.File

	keeper    *exec.Cmd
	lifeline  io.Closer     // the keeper clears everything away when this closes, with us or before
	ended     chan struct{} // closed when the keeper has ended
	endedWith error
	stop      sync.Once
	stopped   error

	notices   *net.UnixConn
	transport *http.Transport
	machine   machine
}

// Boot boots a VPS and returns when systemd has started everything that its default target wants. It needs root.
func Boot(options Options) (*VPS, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("cannot boot a VPS: it needs root")
	}
	for _, path := range []string{"/usr/bin/systemd-nspawn", "/lib/systemd/systemd", "/usr/bin/dbus-daemon", "/bin/bash"} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("cannot boot a VPS (run scripts/setup): %w", err)
		}
	}
	var failed error
	for _, place := range places() {
		v, err := boot(options, place)
		if err == nil {
			return v, nil
		}
		failed = errors.Join(failed, fmt.Errorf("cannot boot a VPS in %s: %w", place, err))
		if !errors.Is(err, errNoOverlay) {
			break
		}
	}
	return nil, failed
}

func boot(options Options, place string) (*VPS, error) {
	ctx, cancel := context.WithTimeout(context.Background(), bootLimit)
	defer cancel()
	dir, err := newDir(place)
	if err != nil {
		return nil, err
	}
	v, err := launch(options, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := v.awaitBoot(ctx, 1); err != nil {
		jobs := v.pendingJobs()
		err = errors.Join(err, v.Stop())
		return nil, fmt.Errorf("%w\n%s%s", err, v.Console(), jobs)
	}
	var tree unix.Statfs_t
	if err := unix.Statfs(v.Root()+"/sys/fs/cgroup", &tree); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot see the cgroup version: %w", err), v.Stop())
	}
	v.cgroup = 1
	if tree.Type == unix.CGROUP2_SUPER_MAGIC {
		v.cgroup = 2
	}
	return v, nil
}

// pendingJobs says, for an error message, what a boot that takes too long waits for.
func (v *VPS) pendingJobs() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	jobs, err := v.Run(ctx, "systemctl", "list-jobs", "--no-pager")
	if err != nil {
		return "" // it did not come as far as that
	}
	return jobs
}

// Root is the path, outside, of the running VPS's root with all that is mounted in it, such as /run and /sys/fs/cgroup.
// A reboot changes it. An absolute symlink below it leads out of the VPS: ReadFile, WriteFile and CopyIn do not fall
// for that.
func (v *VPS) Root() string {
	return fmt.Sprintf("/proc/%d/root", v.machine.pid())
}

// Cgroup returns the version of the cgroup tree that the VPS sees at /sys/fs/cgroup, 1 (also for hybrid) or 2.
func (v *VPS) Cgroup() (version int) { return v.cgroup }

// Console returns what the container's manager and its first process have printed. It can be read after Stop.
func (v *VPS) Console() string {
	var text strings.Builder
	if _, err := io.Copy(&text, io.NewSectionReader(v.console, 0, 1<<20)); err != nil {
		return fmt.Sprintf("(cannot read the console: %v)", err)
	}
	return text.String()
}
