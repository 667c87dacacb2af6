package provision

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
)

// command runs a program without a shell and with nothing of our environment. What it said is in the error, for these
// are programs that say why.
func command(ctx context.Context, name string, args ...string) error {
	return commandAs(ctx, root, name, args...)
}

func commandAs(ctx context.Context, o owner, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	cmd.Dir = "/"
	cmd.WaitDelay = 5 * time.Second
	if o != root {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}}
	}
	err := cmd.Run()
	if err == nil {
		return nil
	}
	text := strings.Join(strings.Fields(said.String()), " ")
	if len(text) > 1000 { // the end says what was wrong
		text = "…" + text[len(text)-1000:]
	}
	return core.Errorf(core.CodeNotEffective, "cannot run %s %s: %s", filepath.Base(name), strings.Join(args, " "), text).Because(err)
}

// systemctl runs it; exit statuses of questions are its answers.
func systemctl(ctx context.Context, args ...string) error {
	return command(ctx, "/bin/systemctl", append([]string{"--no-ask-password"}, args...)...)
}

const lockWait = time.Minute

// exclusively has f run by one process at a time, for what instances share: the list of users, and the web server's
// configuration, where a test would find another's mistake.
func (p Paths) exclusively(ctx context.Context, f func() error) error {
	return p.locked(ctx, "lock", f)
}

func (p Paths) locked(ctx context.Context, name string, f func() error) error {
	file, err := os.OpenFile(p.State+"/"+name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot lock %s: %w", name, err)
	}
	defer file.Close()
	if err := atomicfile.Lock(ctx, file, lockWait); err != nil {
		return core.Errorf(core.CodeBusy, "cannot go on: another run holds the lock").Because(err)
	}
	return f()
}

func (r *run) exclusively(f func() error) error { return r.Paths.exclusively(r.ctx, f) }
