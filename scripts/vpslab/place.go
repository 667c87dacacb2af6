package vpslab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errNoOverlay means that a directory's file system cannot hold what an overlay changes, as overlayfs itself cannot.
var errNoOverlay = errors.New("its file system cannot be the upper layer of an overlay")

// places are where a VPS's changes may be kept, the best first. In a container the temporary directory is often on
// overlayfs, and /dev/shm is the tmpfs that every Linux has.
func places() []string { return []string{os.TempDir(), "/dev/shm"} }

// newDir makes the directory of one VPS, with the upper layer furnished. Its name is unique on this machine.
func newDir(place string) (dir string, err error) {
	place, err = filepath.Abs(place)
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(place, "vpslab-"); err != nil {
		return "", fmt.Errorf("cannot make the VPS's directory: %w", err)
	}
	for _, name := range []string{"up", "work"} {
		if err = os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			break
		}
	}
	if err == nil {
		err = layer(filepath.Join(dir, "up")).furnish()
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("%w: %w", errNoOverlay, err), os.RemoveAll(dir))
	}
	return dir, nil
}
