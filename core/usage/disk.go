// Package usage measures what an instance takes of its host.
package usage

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Disk is the size of a directory tree.
type Disk struct {
	Bytes      int64 // apparent size of the regular files, hard links once
	Complete   bool  // false: the time was over, or something could not be read
	Unreadable int   // entries that could not be read
}

// fileID tells hard links of one file apart from other files.
type fileID struct{ dev, ino uint64 }

// MeasureDisk adds up the files below dir until ctx ends. Symbolic links are not followed, dir itself
// excepted. The error says why nothing at all could be seen.
func MeasureDisk(ctx context.Context, dir string) (Disk, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return Disk{}, err
	}
	if _, err := os.ReadDir(real); err != nil {
		return Disk{}, err
	}
	d := Disk{Complete: true}
	linked := map[fileID]bool{}
	err = filepath.WalkDir(real, func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			d.Complete = false
			return filepath.SkipAll
		}
		if err != nil {
			d.Unreadable++
			d.Complete = false
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil { // removed since the directory was read
			return nil
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 {
			id := fileID{uint64(st.Dev), uint64(st.Ino)}
			if linked[id] {
				return nil
			}
			linked[id] = true
		}
		d.Bytes += info.Size()
		return nil
	})
	return d, err
}
