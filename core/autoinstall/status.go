package autoinstall

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Status is what administrators are told of the way through sudo.
type Status struct {
	// Installation is nil where none was started, and where it has ended well.
	Installation *Installation `json:"installation,omitempty"`
	// Sudoers is nil where no line in sudoers is known that makes the web server's user root.
	Sudoers *Sudoers `json:"sudoers,omitempty"`
}

// Installation is one that was started through sudo, or that could not be.
type Installation struct {
	State   string     `json:"state"` // Running, Failed or Ended
	At      *time.Time `json:"at"`    // when it was started, null where it was not
	Message string     `json:"message"`
}

// The states of an installation.
const (
	Running = "running"
	Failed  = "failed"
	Ended   = "ended" // and no server is installed now: it was uninstalled since, or the machine went down meanwhile
)

// Sudoers is a line that is equivalent to root.
type Sudoers struct {
	Line    string   `json:"line"`            // as it is documented
	Files   []string `json:"files,omitempty"` // where it was found
	Message string   `json:"message"`
}

// Warning is what people are told of the line.
const Warning = `The line "` + SudoersLine + `" in sudoers is equivalent to root for whoever gets into one site. ` +
	"Once vpm's server is installed nothing uses it: as root, remove it with visudo (visudo -f for a file in /etc/sudoers.d)."

const journalHint = "journalctl -u " + Unit + " tells more"

// Status tells how far the installation is. It reads a file or two, and asks systemd only where one was started.
func (u Upload) Status(ctx context.Context) Status {
	if u.Sum == "" {
		return Status{}
	}
	var s Status
	// What cannot be read is not there: nothing was noted.
	a, _ := readAsked(u.DataDir)
	if a.Line {
		s.Sudoers = &Sudoers{Line: SudoersLine, Message: Warning}
	}
	if m, err := readMark(u.DataDir); err == nil {
		s.Installation = installationOf(ctx, m, filepath.Join(u.DataDir, startedFile))
	} else if a.Error != "" {
		s.Installation = &Installation{State: Failed, Message: a.Error}
	}
	return s
}

// installationOf tells what became of one that was started. retry is the file that keeps it from being started again.
func installationOf(ctx context.Context, m mark, retry string) *Installation {
	i := &Installation{State: Failed, At: &m.At}
	again := ". To try once more run vpm install as root, or remove " + retry + " and make another change."
	if m.Error != "" {
		i.Message = m.Error + again
		return i
	}
	switch state := activeState(ctx); {
	case state == "activating" || state == "active" || state == "":
		i.State, i.Message = Running, "vpm's server is being installed, and until it answers instances are run in virtual mode; "+journalHint
	case ServerInstalled():
		return nil
	case state == "failed":
		i.Message = "the installation of vpm's server has failed, and nothing was changed; " + journalHint + again
	default:
		i.State, i.Message = Ended, "the installation of vpm's server has ended, and none is installed now; "+journalHint+again
	}
	return i
}

// activeState is what systemd says of the unit, "" where it does not say.
func activeState(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/systemctl", "show", "--value", "--property=ActiveState", Unit)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Note is what the installer, which is root, has seen in sudoers, for the server, which cannot look there.
type Note struct {
	Files []string `json:"files"` // that hold the line
	State string   `json:"state"` // SudoersState at that time
}

// NoteFile holds it, where there was such a line.
const NoteFile = "/var/lib/vpm/sudoers.json"

// ServerStatus is Status on the server. A configuration of sudo that was changed since the installer saw it is not
// guessed at: vpm doctor looks.
func ServerStatus() Status {
	text, err := os.ReadFile(NoteFile)
	if err != nil {
		return Status{}
	}
	var n Note
	if json.Unmarshal(text, &n) != nil || len(n.Files) == 0 || n.State != SudoersState() {
		return Status{}
	}
	return Status{Sudoers: &Sudoers{Line: SudoersLine, Files: n.Files, Message: Warning}}
}
