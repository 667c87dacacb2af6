// Package atomicfile replaces files so that whoever reads them, at any moment and after any crash, finds the
// old content or the new one whole.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Write puts data at path with the given permissions: a temporary file in the same directory, synced, renamed
// over the old one, and the directory synced. On failure the old file is untouched and nothing is left over.
func Write(path string, data []byte, perm os.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
