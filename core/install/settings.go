package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"vpm/core"
	"vpm/core/config"
)

// settingSteps take over settings and database of the upload, once: afterwards Settings is the administrator's.
func (p *Plan) settingSteps(_ context.Context, _ machine, up upload) error {
	p.add(step{what: "take over " + up.dir, same: func() bool { return p.journal.From == up.dir },
		do: func(_ context.Context, s *session) error { s.From = up.dir; return s.save() }})
	_, err := os.Stat(Settings)
	if p.journal.finished(ofFile, Settings) || err == nil && !p.journal.noted(ofFile, Settings) {
		return nil // taken over, or written by hand
	}
	old, err := config.Load(up.place)
	if err != nil {
		return err
	}
	if old.File == "" || !old.Configured() {
		return core.Errorf(core.CodeUnavailable, "cannot take over %s: it is not set up yet; open its pages in a browser first", up.dir)
	}
	text, err := takenOver(old)
	if err != nil {
		return err
	}
	// vpm refuses settings that anybody but their owner may read, so they are the server's own.
	p.add(p.file(content{path: Settings, text: text, mode: 0o600, owner: User, group: User}, settings))
	if old.DBDriver == config.SQLite {
		return p.databaseStep(old, up)
	}
	return nil
}

// takenOver gives the text of Settings: what the old file says, with what depends on the place written out.
func takenOver(old *config.Config) ([]byte, error) {
	text, err := os.ReadFile(old.File)
	if err != nil {
		return nil, cannot("read the settings", err)
	}
	var b strings.Builder
	b.WriteString("# Settings of vpm's server. They were taken over from " + old.File + ".\n")
	set := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, quote(value))
		}
	}
	set("VPM_DATA_DIR", DataDir)
	set("VPM_INSTANCES_DIR", old.InstancesDir)
	if filepath.Base(old.File) == ".env" { // another program's
		set("VPM_DB_DRIVER", old.DBDriver)
		set("VPM_DB_HOST", old.DBHost)
		if old.DBPort != 0 {
			set("VPM_DB_PORT", strconv.Itoa(old.DBPort))
		}
		set("VPM_DB_SOCKET", old.DBSocket)
		set("VPM_DB_NAME", old.DBName)
		set("VPM_DB_USER", old.DBUser)
		set("VPM_DB_PASSWORD", old.DBPassword)
		return []byte(b.String()), nil
	}
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\uFEFF")) {
		switch name := settingName(line); name {
		case "VPM_DATA_DIR", "VPM_INSTANCES_DIR":
		case "VPM_LOG_FILE": // the server's user could not write it; its log is the journal
		case "":
			if strings.HasPrefix(strings.TrimSpace(line), "# Settings of vpm, the") {
				continue
			}
			fallthrough
		default:
			b.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		}
	}
	return []byte(b.String()), nil
}

// settingName gives the name a line of a settings file sets, "" for none.
func settingName(line string) string {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF")) // Windows editors begin a file so
	if strings.HasPrefix(line, "#") {
		return ""
	}
	name, _, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	if !found {
		return ""
	}
	return strings.TrimSpace(name)
}

// quote writes a value as settings files have it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`).Replace(s) + `"`
}

// pointedBack gives a settings file, edited since it was pointed elsewhere, with the data directory it had before.
func pointedBack(text, before []byte) []byte {
	had := ""
	for line := range strings.Lines(string(before)) {
		if settingName(line) == "VPM_DATA_DIR" {
			had = strings.TrimRight(line, "\r\n") + "\n" // the last counts
		}
	}
	var b strings.Builder
	ours := "VPM_DATA_DIR=" + quote(DataDir) + "\n"
	for line := range strings.Lines(string(text)) {
		if strings.TrimRight(line, "\r\n")+"\n" == ours {
			line = had
		}
		b.WriteString(line)
	}
	return []byte(b.String())
}

// pointed gives a settings file with another data directory.
func pointed(text []byte, dataDir string) []byte {
	var b strings.Builder
	done := false
	for line := range strings.Lines(string(text)) {
		if settingName(line) == "VPM_DATA_DIR" {
			if done {
				continue
			}
			line, done = "VPM_DATA_DIR="+quote(dataDir)+"\n", true
		}
		b.WriteString(line)
	}
	if !done {
		fmt.Fprintf(&b, "\nVPM_DATA_DIR=%s\n", quote(dataDir))
	}
	return []byte(b.String())
}
