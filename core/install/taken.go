package install

import "vpm/core"

// TakenOver gives the directory of the upload that the server has taken over. It needs root.
func TakenOver() (string, error) {
	j, err := loadJournal()
	if err == nil && j.From == "" {
		err = core.Errorf(core.CodeConflict, "cannot do this before vpm's server is installed: see vpm install")
	}
	if err != nil {
		return "", err
	}
	return j.From, nil
}
