package install

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vpm/core/autoinstall"
)

// State is what is left on the machine of installations, for people to judge.
type State struct {
	Installed bool
	From      string   // the directory of the upload
	Cut       string   // "installation" or "uninstallation" where one was cut off
	Missing   []string // files and links of ours that are gone
	Changed   []string // files of ours that somebody has edited
	Leftover  []string // of an installation through sudo that did not end
}

// Inspect compares the machine with the journal. It needs root.
func Inspect() (State, error) {
	j, err := loadJournal()
	if err != nil {
		return State{}, err
	}
	s := State{Installed: len(j.Base) > 0, From: j.From}
	switch {
	case j.Ending:
		s.Cut = "uninstallation"
	case j.Started:
		s.Cut = "installation"
	}
	for _, r := range j.Base {
		switch r.Kind {
		case ofLink:
			if is, err := os.Readlink(r.Path); err != nil || is != r.After {
				s.Missing = append(s.Missing, r.Path)
			}
		case ofFile:
			text, err := os.ReadFile(r.Path)
			_, ours := withoutBlock(text)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				s.Missing = append(s.Missing, r.Path)
			case err != nil:
				return s, cannot("look at "+r.Path, err)
			case r.Path == Settings, filepath.Base(r.Path) == "vpm.env", sum(text) == r.After, r.Existed && ours:
				// Settings are for people to change, and so is the rest of a file that has our block.
			default:
				s.Changed = append(s.Changed, r.Path)
			}
		}
	}
	if _, err := os.Lstat(autoinstall.UnitFile); err == nil {
		s.Leftover = append(s.Leftover, autoinstall.UnitFile)
	}
	left, err := filepath.Glob("/var/lib/vpm-install.*")
	s.Leftover = append(s.Leftover, left...)
	return s, err
}
