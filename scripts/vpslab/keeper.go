package vpslab

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"vpm/scripts/instrument"
)

// stopLimit is how long the keeper may take to clear away; the kernel needs a second when much is running.
const stopLimit = 2 * time.Minute

//go:embed keeper.sh
var keeperScript string

// keeperCommand is the keeper with arguments, in a session that no signal for our terminal or our process group
// reaches, and in a mount namespace of its own.
func (v *VPS) keeperCommand(mode string) *exec.Cmd {
	cmd := exec.Command("/bin/bash", "-c", keeperScript, "keeper.sh", v.name, v.dir, mode)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "INSTRUMENTED=" + instrument.Dir()}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = v.console, v.console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNS}
	return cmd
}

// launch starts the keeper of the VPS in dir, which from then on removes dir, and listens to what it reports.
func launch(options Options, dir string) (_ *VPS, err error) {
	v := &VPS{name: filepath.Base(dir), dir: dir, ended: make(chan struct{})}
	v.machine.changed = make(chan struct{})
	v.machine.fd = -1
	v.transport = v.newTransport()
	if v.console, err = os.OpenFile(filepath.Join(dir, "console.log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("cannot open the console: %w", err)
	}
	// nspawn takes its socket from the network namespace that it and we share, so that no path is needed.
	v.notices, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: "@" + v.name})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot listen to the VPS: %w", err), v.console.Close())
	}
	mode := "machine"
	if options.Unified {
		mode = "unified"
	}
	v.keeper = v.keeperCommand(mode)
	v.lifeline, err = v.keeper.StdinPipe()
	if err == nil {
		err = v.keeper.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the VPS's keeper: %w", err), v.notices.Close(), v.console.Close())
	}
	go v.listen()
	go func() {
		v.endedWith = v.keeper.Wait()
		close(v.ended)
		_ = v.notices.Close() // ends listen
	}()
	return v, nil
}

// failure is why the keeper ended without being told.
func (v *VPS) failure() error {
	if v.keeper.ProcessState.ExitCode() == 3 {
		return errNoOverlay
	}
	if v.endedWith == nil {
		return errors.New("the VPS is off")
	}
	return fmt.Errorf("the VPS ended: %w", v.endedWith)
}

// Stop ends the VPS at once, like a power cut, and returns when no process, mount, cgroup or directory of it is left.
// It may be called twice, and after the VPS was switched off from inside.
func (v *VPS) Stop() error {
	v.stop.Do(func() { v.stopped = v.clear() })
	return v.stopped
}

func (v *VPS) clear() error {
	_ = v.lifeline.Close() // closed already when the keeper has ended
	select {
	case <-v.ended:
	case <-time.After(stopLimit):
		_ = v.keeper.Process.Kill()
		<-v.ended
	}
	v.machine.setLeader(0)
	_, err := os.Lstat(v.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil // the last thing that the keeper removes
	}
	if err := v.keeperCommand("clear").Run(); err != nil { // somebody killed the keeper
		return fmt.Errorf("cannot clear the VPS away: %w\n%s", err, v.Console())
	}
	return nil
}
