package config

import (
	"fmt"
	"slices"
	"strings"

	"vpm/core"
	"vpm/core/atomicfile"
)

// Save writes the choices of set-up to the first place of the search that can be written and makes them c's.
// A file that is there already is replaced; other settings in it are kept.
func (c *Config) Save(dataDir string, choice core.DatabaseChoice) error {
	paths := c.Place.SettingsFiles()
	if c.File != "" && !strings.HasSuffix(c.File, "/.env") {
		paths = []string{c.File}
	}
	var err error
	for _, path := range paths {
		if c.Place.Served(path) && !deniedByRouting(c.Place, path) {
			err = fmt.Errorf("visitors could fetch %s", path)
			continue
		}
		if err = c.saveTo(path, dataDir, choice); err == nil {
			return nil
		}
	}
	return core.Errorf(core.CodeUnavailable, "cannot save the settings: %w", err)
}

func (c *Config) saveTo(path, dataDir string, ch core.DatabaseChoice) error {
	lines := []setting{
		{"VPM_DATA_DIR", dataDir}, {"VPM_DB_DRIVER", ch.Driver}, {"VPM_DB_HOST", ch.Host},
		{"VPM_DB_PORT", port(ch.Port)}, {"VPM_DB_SOCKET", ch.Socket}, {"VPM_DB_NAME", ch.Name},
		{"VPM_DB_USER", ch.User}, {"VPM_DB_PASSWORD", ch.Password},
	}
	kept, err := otherLines(path, lines)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Settings of vpm, the Virtual Process Manager. Keep this file at permissions 600.\n")
	lines = slices.DeleteFunc(lines, func(l setting) bool { return l.value == "" })
	for _, l := range append(lines, kept...) { // one that is kept may be empty on purpose, where its default is not
		fmt.Fprintf(&b, "%s=%s\n", l.name, quote(l.value))
	}
	if err := atomicfile.Write(path, []byte(b.String()), 0o600); err != nil {
		return err
	}
	c.File, c.read = path, nil
	c.DataDir, c.DBDriver = dataDir, ch.Driver
	c.DBHost, c.DBPort, c.DBSocket = ch.Host, ch.Port, ch.Socket
	c.DBName, c.DBUser, c.DBPassword = ch.Name, ch.User, ch.Password
	return nil
}

type setting struct{ name, value string }

// otherLines are the settings in a file that set-up does not decide.
func otherLines(path string, decided []setting) ([]setting, error) {
	text, _, err := readFile(path)
	if notExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pairs, err := parseFile(path, text, true)
	if err != nil {
		return nil, err
	}
	var kept []setting
next:
	for _, p := range pairs {
		for _, d := range decided {
			if d.name == p.name {
				continue next
			}
		}
		kept = append(kept, setting{p.name, p.value})
	}
	return kept, nil
}

func port(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
