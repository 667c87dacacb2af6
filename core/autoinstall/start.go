package autoinstall

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
)

// Upload is an uploaded vpm.cgi that may have itself installed.
type Upload struct {
	// DataDir is where what was done is noted: an absolute path that visitors cannot fetch. It is made where it is missing.
	DataDir string
	// Dir is the directory of vpm.cgi.
	Dir string
	// Sum is the SHA-256 of the program to install, in hexadecimal digits, as the release has it. "" starts nothing: then
	// nobody has said which program belongs to this vpm.cgi.
	Sum string
	// Off is VPM_AUTO_INSTALL=off: nothing is started.
	Off bool
	// Log hears what is done; nil is nobody.
	Log func(line string)
}

// Program is the file of the upload that is installed: run by root as "vpm install --from DIR". It lies beside vpm.cgi.
const Program = "vpm"

// Unit runs the installation.
const Unit = "vpm-install.service"

// UnitFile is where systemd has it.
const UnitFile = "/etc/systemd/system/" + Unit

// script is what the unit runs as root. The program is copied to where only root can write, compared with the checksum
// in the unit's own text, and only then run: what happens to the uploaded file meanwhile does not matter. /run would not
// do, it may be mounted noexec. In the end nothing of it is left: the server does not rest on the line in sudoers.
const script = `umask 077; d=$(mktemp -d /var/lib/vpm-install.XXXXXX); ` +
	`trap "rm -rf $d; rm -f ` + UnitFile + `; systemctl daemon-reload" EXIT; ` +
	`cat <"$SRC" >"$d/vpm"; echo "$SUM  $d/vpm" | sha256sum --check --quiet -; chmod 700 "$d/vpm"; "$d/vpm" install --from "$FROM"`

func (u Upload) unit() string {
	quoted := func(name, value string) string {
		return `Environment="` + name + "=" + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(value) + `"` + "\n"
	}
	return "# vpm wrote this to install itself once. See \"vpm doctor\".\n[Unit]\nDescription=VPM installation\n[Service]\nType=oneshot\n" +
		"TimeoutStartSec=600\nPrivateTmp=yes\n" + quoted("SRC", u.program()) + quoted("SUM", u.Sum) + quoted("FROM", u.Dir) +
		"ExecStart=/bin/sh -euc '" + strings.ReplaceAll(script, "$", "$$") + "'\n"
}

func (u Upload) program() string { return filepath.Join(u.Dir, Program) }

// applies tells, by a stat or two, whether there could be anything to start here. The line is for the user of a web
// server, whose ID is one of the system's (login.defs): for the accounts of a shared host sudo is not even asked, since
// it mails its administrator about users that it does not know.
func (u Upload) applies() bool {
	uid := os.Geteuid()
	return !u.Off && u.Sum != "" && 0 < uid && uid < 1000 &&
		there(u.program()) && there("/run/systemd/system") && there(sudo) && !ServerInstalled()
}

// AfterChange is for the end of a change that an administrator made: where the line in sudoers is there and no
// installation has been started yet, it starts one, once, and does not wait for it. Where that does not apply it costs
// a stat or two; sudo is asked once a day, and when its configuration or the program was changed. An error is logged by
// the caller, and Status tells it.
func (u Upload) AfterChange(ctx context.Context) (started bool, err error) {
	if !u.applies() {
		return false, nil
	}
	if there(filepath.Join(u.DataDir, startedFile)) {
		return false, nil
	}
	a := asked{When: u.occasion(time.Now())}
	if before, err := readAsked(u.DataDir); err == nil && before.When == a.When && !(before.Line && before.Error == "") {
		return false, nil // with the line, and nothing wrong, somebody has removed the mark for another try
	}
	if err := os.Mkdir(u.DataDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, core.Errorf(core.CodeUnavailable, "cannot make %s", u.DataDir).Because(err)
	}
	systemctl := sudoSystemctl(ctx)
	if ctx.Err() != nil {
		return false, core.Errorf(core.CodeUnavailable, "cannot ask sudo in time").Because(ctx.Err())
	}
	if a.Line = systemctl != ""; a.Line {
		if err = u.check(); err != nil {
			a.Error = core.Sentence(err)
		}
	}
	if err := errors.Join(err, a.write(u.DataDir)); err != nil || !a.Line {
		return false, err
	}
	return u.start(ctx, systemctl)
}

// occasion changes when sudo's answer may, or what is to be installed.
func (u Upload) occasion(now time.Time) string {
	of := now.UTC().Format(time.DateOnly) + " " + SudoersState() + " " + u.Sum
	if info, err := os.Stat(u.program()); err == nil {
		of += fmt.Sprintf(" %d %d", info.Size(), info.ModTime().UnixNano())
	}
	return of
}

// check tells why the upload cannot be installed, nil where it can.
func (u Upload) check() error {
	for _, path := range []string{u.DataDir, u.Dir} {
		if !filepath.IsAbs(path) || strings.ContainsAny(path, "\n\r'\"\\") {
			return core.Errorf(core.CodeInvalid, "cannot install vpm through sudo: %q has to be an absolute path without quotes", path)
		}
	}
	is, err := sumOf(u.program())
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot read %s", u.program()).Because(err)
	}
	if is != u.Sum {
		return core.Errorf(core.CodeUnavailable, "cannot install vpm: %s has another checksum than the one released with this vpm.cgi; upload both again", u.program())
	}
	return nil
}

// start starts the installation as a unit of its own, with nothing but what the line allows: systemctl. The mark it
// leaves keeps every other process from doing the same.
func (u Upload) start(ctx context.Context, systemctl string) (started bool, err error) {
	m := mark{At: time.Now().UTC().Truncate(time.Second), Program: u.program(), Sum: u.Sum}
	if err := m.create(u.DataDir); errors.Is(err, fs.ErrExist) {
		return false, nil // by another request, just now
	} else if err != nil {
		return false, core.Errorf(core.CodeUnavailable, "cannot note in %s that vpm is being installed", u.DataDir).Because(err)
	}
	if u.Log != nil {
		u.Log("sudo lets the web server run systemctl: starting the installation of vpm's server as " + Unit + ". " + Warning)
	}
	unit := filepath.Join(u.DataDir, Unit)
	err = atomicfile.Write(unit, []byte(u.unit()), 0o600)
	for _, args := range [][]string{{"link", unit}, {"--no-block", "start", Unit}} {
		if err == nil {
			err = runSystemctl(ctx, systemctl, args...)
		}
	}
	if err == nil {
		return true, nil
	}
	err = core.Errorf(core.CodeUnavailable, "cannot start the installation of vpm: %w", err)
	m.Error = core.Sentence(err)
	return false, errors.Join(err, m.write(u.DataDir))
}

func runSystemctl(ctx context.Context, systemctl string, args ...string) error {
	out, err := runSudo(ctx, append([]string{systemctl}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func sumOf(path string) (string, error) {
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
