package autoinstall

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"vpm/core/atomicfile"
)

// Files in the data directory.
const (
	startedFile = "vpm-install.started" // a mark; removing it allows another try
	askedFile   = "vpm-install.asked"
)

// mark says that the installation was started.
type mark struct {
	At      time.Time `json:"at"`
	Program string    `json:"program"`
	Sum     string    `json:"sha256"`
	Error   string    `json:"error,omitempty"` // why it could not be
}

// create fails with fs.ErrExist where another has.
func (m mark) create(dir string) error {
	path := filepath.Join(dir, startedFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), m.write(dir))
}

func (m mark) write(dir string) error { return writeJSON(filepath.Join(dir, startedFile), m) }

func readMark(dir string) (m mark, err error) {
	text, err := os.ReadFile(filepath.Join(dir, startedFile))
	if err == nil && len(text) > 0 { // an empty one is being written
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// asked is what sudo said.
type asked struct {
	When  string `json:"when"`            // see Upload.occasion
	Line  bool   `json:"line"`            // it lets the web server's user run systemctl
	Error string `json:"error,omitempty"` // why nothing was started in spite of that
}

func (a asked) write(dir string) error { return writeJSON(filepath.Join(dir, askedFile), a) }

func readAsked(dir string) (a asked, err error) {
	text, err := os.ReadFile(filepath.Join(dir, askedFile))
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}

func writeJSON(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'), 0o600)
}
