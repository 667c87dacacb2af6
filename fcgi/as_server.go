package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vpm/core"
	"vpm/core/install"
)

// asServer runs "vpm moves" as the server's user, from whom alone root's units take requests.
func asServer(ctx context.Context, out io.Writer, docroot string, args ...string) error {
	credential, err := serverUser()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, install.Program, append([]string{"moves", "--docroot", docroot}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "VPM_CONFIG=" + install.Settings}
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: credential}
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, 20*time.Second
	return failure(cmd.Run(), said.String(), install.Program+" as "+install.User)
}

// failure is why a vpm that was run has ended as it did: what it reports, with its code. What it has said besides goes to
// stderr.
func failure(err error, said, what string) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := len(lines) - 1
	ended, ok := errors.AsType[*exec.ExitError](err)
	if why, reported := strings.CutPrefix(lines[last], "vpm: "); ok && reported {
		err = core.Errorf(codeOf(ended.ExitCode()), "%s", why)
		lines = lines[:last]
	} else if err != nil {
		err = core.Errorf(core.CodeUnavailable, "cannot run %s: %w", what, err)
	}
	if log := strings.Join(lines, "\n"); log != "" {
		fmt.Fprintln(os.Stderr, log)
	}
	return err
}

// codeOf is the code that a vpm ended with.
func codeOf(status int) core.Code {
	for _, code := range []core.Code{core.CodeInvalid, core.CodeNotFound, core.CodeForbidden, core.CodeConflict, core.CodeUnavailable} {
		if exitStatus(core.Errorf(code, "")) == status {
			return code
		}
	}
	return core.CodeInternal
}

func serverUser() (*syscall.Credential, error) {
	fail := func(err error) (*syscall.Credential, error) {
		return nil, core.Errorf(core.CodeUnavailable, "cannot find the server's user %s: %w", install.User, err)
	}
	u, err := user.Lookup(install.User)
	if err != nil {
		return fail(err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return fail(err)
	}
	var ids []uint32
	for _, text := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return fail(err)
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}
