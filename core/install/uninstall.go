package install

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"vpm/core"
)

// Installed tells whether an installation was begun on this machine, and the directory of the upload it took over.
func Installed() (from string, there bool) {
	j, err := loadJournal()
	return j.fromOrEmpty(), err == nil && len(j.Base)+len(j.Run) > 0
}

func (j *journal) fromOrEmpty() string {
	if j == nil {
		return ""
	}
	return j.From
}

// Uninstall puts back exactly what was before the installation, the data of now included: left tells of what others
// have changed since, which stays. It can be run again after it was cut off. It refuses while instances run here, since
// their sites would be gone from the web.
func Uninstall(ctx context.Context, o Options) (left []string, err error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	pools, err := filepath.Glob("/etc/vpm/pools/*.conf")
	if err != nil {
		return nil, err
	}
	if len(pools) > 0 {
		for i, p := range pools {
			pools[i] = strings.TrimSuffix(filepath.Base(p), ".conf")
		}
		return nil, core.Errorf(core.CodeConflict, "cannot uninstall vpm: it runs %s; deprovision them first", strings.Join(pools, ", "))
	}
	if _, there := Installed(); !there {
		j, err := loadJournal()
		if err != nil {
			return nil, err
		}
		if !j.Ending && !j.Started {
			_ = os.Remove(StateDir) // the last thing that an uninstallation may have been cut off before; only if it is empty
			return nil, nil
		}
	}
	unlock, err := lockState(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	j, err := loadJournal()
	if err != nil {
		return nil, err
	}
	j.Ending = true
	if err := j.save(); err != nil {
		return nil, err
	}
	for _, list := range []*[]record{&j.Run, &j.Base} {
		more, err := o.undoAll(ctx, j, list)
		left = append(left, more...)
		if err != nil {
			return left, err
		}
	}
	return left, removeState()
}
