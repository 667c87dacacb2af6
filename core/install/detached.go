package install

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
)

// Detached is an installation that the web server's user starts through the line in sudoers.
type Detached struct {
	// DataDir is the upload's data directory, outside of what visitors can fetch. It has to be an absolute path.
	DataDir string
	// From is the directory of the uploaded vpm.cgi.
	From string
	// Program is the program that is to be installed: it is run as "vpm install --from FROM".
	Program string
	// Sum is its SHA-256 in hexadecimal digits as the release has it; "" takes that of the file as it is now.
	Sum string
	// Setting is VPM_AUTO_INSTALL: "off" starts nothing.
	Setting string
	// Log hears what is done; nil is nobody.
	Log func(line string)
}

const (
	installUnit = "vpm-install.service"
	startedMark = "vpm-install.started"
	askedMark   = "vpm-install.asked"
)

// script is what the unit runs as root. The program is copied to where only root can write, compared with the checksum
// in the unit's own text, and only then run: what happens to the uploaded file meanwhile does not matter. /run would not
// do, it may be mounted noexec. In the end nothing of it is left: the server does not rest on the line in sudoers.
const script = `umask 077; d=$(mktemp -d /var/lib/vpm-install.XXXXXX); ` +
	`trap "rm -rf $d; rm -f ` + unitDir + installUnit + `; systemctl daemon-reload" EXIT; ` +
	`cat <"$SRC" >"$d/vpm"; echo "$SUM  $d/vpm" | sha256sum --check --quiet -; chmod 700 "$d/vpm"; "$d/vpm" install --from "$FROM"`

func (d Detached) unit() string {
	quoted := func(name, value string) string {
		return `Environment="` + name + "=" + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(value) + `"` + "\n"
	}
	return "# vpm wrote this to install itself once. See \"vpm doctor\".\n[Unit]\nDescription=VPM installation\n[Service]\nType=oneshot\n" +
		"TimeoutStartSec=600\nPrivateTmp=yes\n" + quoted("SRC", d.Program) + quoted("SUM", d.Sum) + quoted("FROM", d.From) +
		"ExecStart=/bin/sh -euc '" + strings.ReplaceAll(script, "$", "$$") + "'\n"
}

// AfterChange is for the end of a change that an administrator made: where the line in sudoers is there and no
// installation has been started yet, it starts one, once, and does not wait for it. On a machine without systemd, with
// the server, or with VPM_AUTO_INSTALL=off it costs a stat or two; sudo is asked once a day and whenever its
// configuration was changed.
func (d Detached) AfterChange(ctx context.Context) (started bool, err error) {
	if d.Setting == "off" || there(Socket) || !there("/run/systemd/system") || there(filepath.Join(d.DataDir, startedMark)) || os.Geteuid() == 0 {
		return false, nil
	}
	asked := sudoState(time.Now())
	before, _ := os.ReadFile(filepath.Join(d.DataDir, askedMark)) // one that cannot be read is asked again
	if string(before) == asked {
		return false, nil
	}
	if err := atomicfile.Write(filepath.Join(d.DataDir, askedMark), []byte(asked), 0o600); err != nil {
		return false, cannot("note that sudo was asked", err)
	}
	if !SudoLine(ctx) {
		return false, nil
	}
	return true, StartBySudo(ctx, d)
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sudoState changes when sudo's answer may.
func sudoState(now time.Time) string {
	state := now.UTC().Format(time.DateOnly)
	for _, path := range []string{"/etc/sudoers", "/etc/sudoers.d"} {
		if info, err := os.Stat(path); err == nil {
			state += fmt.Sprintf(" %s %d", path, info.ModTime().UnixNano())
		}
	}
	return state + "\n"
}

// StartBySudo starts the installation as a unit of its own, with nothing but what the line allows: systemctl. The mark
// it leaves keeps every other process from doing the same; removing vpm-install.started allows another try.
func StartBySudo(ctx context.Context, d Detached) error {
	if d.Log == nil {
		d.Log = func(string) {}
	}
	systemctl := sudoSystemctl(ctx)
	if systemctl == "" {
		return core.Errorf(core.CodeForbidden, "cannot install vpm through sudo: it does not let this user run systemctl without a password")
	}
	for _, path := range []string{d.DataDir, d.From, d.Program} {
		if !filepath.IsAbs(path) || strings.ContainsAny(path, "\n\r'\"\\") {
			return core.Errorf(core.CodeInvalid, "cannot install vpm through sudo: %q has to be an absolute path without quotes", path)
		}
	}
	has, err := fileSum(d.Program)
	if err != nil {
		return cannot("read "+d.Program, err)
	}
	if d.Sum == "" {
		d.Sum = has
	}
	if has != d.Sum {
		return core.Errorf(core.CodeUnavailable, "cannot install vpm: %s is damaged, its checksum is another than the release's; upload it again", d.Program)
	}
	mark, err := os.OpenFile(filepath.Join(d.DataDir, startedMark), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return core.Errorf(core.CodeConflict, "cannot install vpm again: that was started already; see journalctl -u %s, or remove %s to try once more", installUnit, filepath.Join(d.DataDir, startedMark))
	}
	if err != nil {
		return cannot("install vpm through sudo", err)
	}
	_, err = fmt.Fprintf(mark, "started %s with %s, SHA-256 %s\n", time.Now().UTC().Format(time.RFC3339), d.Program, d.Sum)
	if err := errors.Join(err, mark.Close()); err != nil {
		return cannot("install vpm through sudo", err)
	}
	unit := filepath.Join(d.DataDir, installUnit)
	if err := atomicfile.Write(unit, []byte(d.unit()), 0o600); err != nil {
		return cannot("write "+unit, err)
	}
	d.Log("sudo lets the web server run systemctl: starting the installation of vpm's server as " + installUnit +
		". The line \"" + SudoersLine + "\" is equivalent to root; remove it once the installation is done.")
	for _, argv := range [][]string{{"link", unit}, {"--no-block", "start", installUnit}} {
		cmd := exec.CommandContext(ctx, "/usr/bin/sudo", append([]string{"-n", systemctl}, argv...)...)
		cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
		cmd.WaitDelay = time.Second
		if out, err := cmd.CombinedOutput(); err != nil {
			return core.Errorf(core.CodeUnavailable, "cannot start the installation: systemctl %s: %w: %s", argv[0], err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
