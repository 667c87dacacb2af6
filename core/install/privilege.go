package install

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vpm/core"
)

const (
	polkitRule  = "/etc/polkit-1/rules.d/50-vpm.rules"
	sudoersFile = "/etc/sudoers.d/vpm"
	selfTest    = "vpm-selftest@probe.service"
	// From these on polkit reads rules in JavaScript, and sudo knows regular expressions.
	leastPolkit, leastSudo = "0.106", "1.9.10"
)

var (
	//go:embed sudoers-vpm
	sudoersText string
	//go:embed sudo.conf
	sudoDropIn string
)

// privilege is how the server gets to drive its units and nothing else.
type privilege struct{ sudo bool }

// findPrivilege prefers polkit, under which the server keeps all of its hardening.
func findPrivilege(ctx context.Context) (privilege, error) {
	polkit, sudo := "it is not installed", "it is not installed"
	if find("/usr/bin/pkaction") != "" && find("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/libexec/polkit-1/polkitd") != "" {
		out, err := run(ctx, "pkaction", "--version")
		version := lastWord(out)
		if err == nil && compareVersions(version, leastPolkit) >= 0 {
			return privilege{}, nil
		}
		polkit = "version " + version + " is older than " + leastPolkit
	}
	if find("/usr/bin/sudo") != "" && find("/usr/sbin/visudo") != "" {
		out, err := run(ctx, "sudo", "-V")
		first, _, _ := strings.Cut(out, "\n")
		version := lastWord(first)
		if err == nil && compareVersions(version, leastSudo) >= 0 {
			return privilege{sudo: true}, nil
		}
		sudo = "version " + version + " is older than " + leastSudo
	}
	return privilege{}, core.Errorf(core.CodeUnavailable, "cannot install real mode: nothing here lets vpm start its own units and no others: "+
		"of polkit %s, of sudo %s. Install polkitd (%s or later) or sudo (%s or later)", polkit, sudo, leastPolkit, leastSudo)
}

func lastWord(s string) string {
	words := strings.Fields(s)
	if len(words) == 0 {
		return "?"
	}
	return words[len(words)-1]
}

// choose leaves in files what this way needs.
func (v privilege) choose(files map[string]string) {
	if v.sudo {
		delete(files, polkitRule)
		files[sudoersFile] = sudoersText
		files[service+".d/20-sudo.conf"] = sudoDropIn
	}
}

// checkedSudoers writes the file only after visudo has read it: one error in it would end sudo for everybody.
func checkedSudoers(p *Plan, c content) step {
	st := p.file(c, "")
	write := st.do
	st.detail += "checked before with visudo -c\n"
	st.do = func(ctx context.Context, s *session) error {
		probe := filepath.Join(StateDir, "sudoers.check")
		defer os.Remove(probe)
		if err := os.WriteFile(probe, c.text, 0o440); err != nil {
			return err
		}
		if _, err := run(ctx, "visudo", "-c", "-q", "-f", probe); err != nil {
			return err
		}
		return write(ctx, s)
	}
	return st
}

// effective waits until the server's user may start its self-test, which proves the whole chain.
func (v privilege) effective(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		err := v.try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return core.Errorf(core.CodeUnavailable, "cannot start %s as %s: %w", selfTest, User, err)
		case <-time.After(200 * time.Millisecond): // polkit reads a new rule when it hears of it
		}
	}
}

func (v privilege) try(ctx context.Context) error {
	argv := []string{"/usr/bin/systemctl", "--no-ask-password", "start", selfTest}
	if v.sudo {
		argv = append([]string{"/usr/bin/sudo", "-n"}, argv...)
	}
	u, err := user.Lookup(User)
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// SelfTest starts the self-test unit as the server's user does, once. It needs root.
func SelfTest(ctx context.Context) error {
	_, err := os.Stat(polkitRule)
	return privilege{sudo: err != nil}.try(ctx)
}
