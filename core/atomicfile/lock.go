package atomicfile

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// ErrLocked is that another process held a lock for as long as Lock would wait.
var ErrLocked = errors.New("another process holds the lock")

// Lock locks f, a file or a directory, against every other Lock of it in all processes, and waits up to wait for it.
// The lock goes when f is closed or the process ends. flock(2) itself cannot be told how long to wait.
func Lock(ctx context.Context, f *os.File, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case err != syscall.EWOULDBLOCK && err != syscall.EINTR:
			return err
		case ctx.Err() != nil || time.Now().After(deadline):
			return ErrLocked
		}
		time.Sleep(10 * time.Millisecond)
	}
}
