package vpslab

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// machine is what nspawn has reported of the VPS. The process ID names the VPS's first process, and with it its
// namespaces; the descriptor (pidfd) makes sure that they are not those of a later process with the same ID.
type machine struct {
	mu      sync.Mutex
	leader  int
	fd      int
	ready   bool // systemd has finished its start
	boots   int  // how often it has
	changed chan struct{}
}

func (m *machine) pid() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.leader
}

func (m *machine) booted() (times int, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boots, m.changed
}

// setLeader notes a new first process; 0 means that there is none.
func (m *machine) setLeader(pid int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fd >= 0 {
		_ = unix.Close(m.fd)
	}
	m.leader, m.fd, m.ready = pid, -1, false
	if pid == 0 {
		return
	}
	if fd, err := unix.PidfdOpen(pid, 0); err == nil { // else it has ended, and the next report says more
		m.fd = fd
	}
}

// setReady counts a boot once: systemd may say it again after a reload.
func (m *machine) setReady() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready {
		return
	}
	m.ready = true
	m.boots++
	close(m.changed)
	m.changed = make(chan struct{})
}

// join moves the calling thread into the namespaces of the VPS.
func (m *machine) join() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fd < 0 {
		return errors.New("it is not running")
	}
	const all = unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP
	// Threads of a process share root and working directory, and the kernel moves none that does.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	return unix.Setns(m.fd, all)
}

// listen follows nspawn's reports (sd_notify) until the keeper ends. X_NSPAWN_LEADER_PID comes before READY, at each
// boot: systemd-nspawn(1), --notify-ready.
func (v *VPS) listen() {
	buffer := make([]byte, 4096)
	for {
		n, err := v.notices.Read(buffer)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(buffer[:n])) {
			line = strings.TrimSuffix(line, "\n")
			if pid, found := strings.CutPrefix(line, "X_NSPAWN_LEADER_PID="); found {
				if leader, err := strconv.Atoi(pid); err == nil {
					v.machine.setLeader(leader)
				}
			}
			if line == "READY=1" {
				v.machine.setReady()
			}
		}
	}
}

// awaitBoot waits until the VPS has booted that many times.
func (v *VPS) awaitBoot(ctx context.Context, times int) error {
	for {
		booted, changed := v.machine.booted()
		if booted >= times {
			return nil
		}
		select {
		case <-changed:
		case <-v.ended:
			return v.failure()
		case <-ctx.Done():
			return fmt.Errorf("it does not come up: %w", context.Cause(ctx))
		}
	}
}

// Reboot shuts the VPS down and returns when it has booted again: files stay, /run and /tmp are empty, units that are
// enabled have been started. A reboot that a process inside asks for works as well, and nobody waits for it.
func (v *VPS) Reboot(ctx context.Context) error {
	booted, _ := v.machine.booted()
	// The command may be killed by what it asked for.
	_, asked := v.Run(ctx, "systemctl", "--no-block", "reboot")
	if err := v.awaitBoot(ctx, booted+1); err != nil {
		return fmt.Errorf("cannot reboot the VPS: %w", errors.Join(err, asked))
	}
	return nil
}
