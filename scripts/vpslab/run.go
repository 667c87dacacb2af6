package vpslab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"vpm/scripts/instrument"
)

// environment is what a login as root gives; RunAs puts another's home and name over it.
func environment() []string {
	return append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8", "HOME=/root", "USER=root", "LOGNAME=root", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0",
	}, instrument.Environment(instrument.Inside)...)
}

// Start starts cmd in the VPS, as its process and our child: cmd.Path, cmd.Dir and a Credential are the VPS's, and
// Wait, Kill and pipes work as always. Without Env it gets a login's, without SysProcAttr a session of its own, so that
// nothing asks at our terminal. Somebody must wait for it: until then the kernel does not let the VPS end.
func (v *VPS) Start(cmd *exec.Cmd) error {
	if cmd.Env == nil {
		cmd.Env = environment()
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	return v.enter(cmd.Start)
}

// Run runs a program as root in the VPS and returns its standard output. The error of one that fails carries what it
// printed and, as an exec.ExitError, its status. The program is killed when ctx ends.
func (v *VPS) Run(ctx context.Context, name string, args ...string) (stdout string, err error) {
	return v.run(ctx, nil, nil, name, args)
}

// RunInput is Run with standard input.
func (v *VPS) RunInput(ctx context.Context, stdin io.Reader, name string, args ...string) (stdout string, err error) {
	return v.run(ctx, nil, stdin, name, args)
}

// RunAs is Run as another user, with that user's groups and home.
func (v *VPS) RunAs(ctx context.Context, user, name string, args ...string) (stdout string, err error) {
	return v.RunInputAs(ctx, user, nil, name, args...)
}

// RunInputAs is RunAs with standard input.
func (v *VPS) RunInputAs(ctx context.Context, user string, stdin io.Reader, name string, args ...string) (stdout string, err error) {
	account, err := v.lookUp(user)
	if err != nil {
		return "", fmt.Errorf("cannot run %s as %s: %w", name, user, err)
	}
	return v.run(ctx, account, stdin, name, args)
}

func (v *VPS) run(ctx context.Context, account *account, stdin io.Reader, name string, args []string) (string, error) {
	// env finds the program in the VPS's own PATH.
	cmd := exec.CommandContext(ctx, "/usr/bin/env", append([]string{"--", name}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second // for one that leaves a child with its output
	cmd.Env = environment()
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if account != nil {
		cmd.Env = append(cmd.Env, "HOME="+account.home, "USER="+account.name, "LOGNAME="+account.name)
		cmd.SysProcAttr.Credential = &account.Credential
	}
	err := v.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		command := strings.Join(append([]string{name}, args...), " ")
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
		return stdout.String(), fmt.Errorf("cannot run %q in the VPS: %w\n%s%s", command, err, &stderr, &stdout)
	}
	return stdout.String(), nil
}
