//go:build !linux

package layout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// syncTree brings a new tree to the disk, file by file: there is no call for one file system.
func syncTree(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close(), ctx.Err())
	})
}
