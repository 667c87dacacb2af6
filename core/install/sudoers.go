package install

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"vpm/core/autoinstall"
)

// SudoLineOf tells whether sudo lets that user run systemctl as root without a password. It needs root.
func SudoLineOf(ctx context.Context, user string) (bool, error) {
	if find("/usr/bin/sudo") == "" {
		return false, nil
	}
	out, err := run(ctx, "sudo", "-n", "-l", "-U", user)
	return autoinstall.SystemctlIn(out) != "", err
}

// SudoersFiles lists the files that have a rule with systemctl, or with everything, for that user.
func SudoersFiles(user string) (list []string) {
	files, _ := filepath.Glob("/etc/sudoers.d/*") // the only error is a bad pattern
	for _, path := range append([]string{"/etc/sudoers"}, files...) {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if sudoersRule(line, user) {
				list = append(list, path)
				break
			}
		}
	}
	return list
}

// sudoersRule tells whether a line lets the user, his group or everybody run systemctl, or everything. Aliases and numbers
// it does not resolve.
func sudoersRule(line, user string) bool {
	f := strings.Fields(line)
	if len(f) < 2 || f[0] != user && f[0] != "%"+user && f[0] != "ALL" {
		return false
	}
	_, commands, _ := strings.Cut(line, "=")
	for command := range strings.SplitSeq(commands, ",") {
		if at := strings.LastIndexAny(command, ":)"); strings.TrimSpace(command[at+1:]) == "ALL" {
			return true
		}
	}
	return strings.Contains(commands, "systemctl")
}

// sudoersStep notes for the server, which cannot look there, that a line in sudoers makes the web server's user root.
// The installation neither needs that line nor takes it away: it is the administrator's.
func (p *Plan) sudoersStep(ctx context.Context, m machine, _ upload) error {
	look := func() autoinstall.Note {
		n := autoinstall.Note{State: autoinstall.SudoersState()}
		if has, err := SudoLineOf(ctx, m.webGroup); err == nil && has { // sudo fails for a user who does not exist
			if n.Files = SudoersFiles(m.webGroup); len(n.Files) == 0 {
				n.Files = []string{"/etc/sudoers"}
			}
		}
		return n
	}
	if _, err := os.Lstat(autoinstall.NoteFile); err != nil && len(look().Files) == 0 {
		return nil
	}
	p.add(step{what: "note in " + autoinstall.NoteFile + " where sudoers makes the web server's user root",
		same: func() bool {
			text, err := json.Marshal(look())
			is, readErr := os.ReadFile(autoinstall.NoteFile)
			return err == nil && readErr == nil && bytes.Equal(is, text)
		},
		do: func(_ context.Context, s *session) error {
			n := look()
			if len(n.Files) > 0 {
				s.say("warning: " + autoinstall.Warning)
			}
			text, err := json.Marshal(n)
			if err != nil {
				return err
			}
			return s.put(content{path: autoinstall.NoteFile, text: text, mode: 0o644})
		}})
	return nil
}
