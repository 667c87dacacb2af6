package relocate

import (
	"context"
	"errors"
	"os"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
)

// lock keeps other processes from taking in what is in a directory, until unlock or the end of this one. It leaves nothing
// behind.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Lock(ctx, f, time.Second); err != nil {
		f.Close()
		if errors.Is(err, atomicfile.ErrLocked) {
			err = core.Errorf(core.CodeBusy, "cannot adopt %s: another vpm adopt is at work on it", dir).Because(err)
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}
