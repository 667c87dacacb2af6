package layout

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"vpm/core"
)

// Place is what there is where a site is to be laid out.
type Place int

// The kinds of places.
const (
	Vacant      Place = iota // nothing
	Empty                    // an empty directory
	Interrupted              // a site that was laid out by a call that was cut off, or that still runs
	Occupied                 // anything else, a link too
)

// Look tells what is at dir.
func Look(dir string) (Place, error) {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Vacant, nil
	case err != nil:
		return Occupied, core.Errorf(core.CodeUnavailable, "cannot look at %s", dir).Because(err)
	case !info.IsDir():
		return Occupied, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return Occupied, core.Errorf(core.CodeUnavailable, "cannot read the directory %s", dir).Because(err)
	}
	defer d.Close()
	if _, err := d.Readdirnames(1); err == io.EOF {
		return Empty, nil
	}
	if info, err := os.Lstat(filepath.Join(dir, marker)); err == nil && info.Mode().IsRegular() {
		return Interrupted, nil
	}
	return Occupied, nil
}
