package layout

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// syncTree brings a new tree to the disk: with one call for its file system, since one for each of some thousand files
// takes longer than a request may.
func syncTree(_ context.Context, dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}
