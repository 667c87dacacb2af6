package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestCreateTakesNoPlace: of many who create the same file at once one does, and what anybody has put there meanwhile
// stays: a file, or a link to somewhere else.
func TestCreateTakesNoPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	const writers = 8
	var together, done sync.WaitGroup
	var created atomic.Int64
	together.Add(writers)
	for i := range writers {
		done.Go(func() {
			err := Create(path, 0o600, func(w io.Writer) error {
				together.Done()
				together.Wait() // each has seen that nothing is there
				_, err := fmt.Fprint(w, i)
				return err
			})
			switch {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	done.Wait()
	if created.Load() != 1 {
		t.Errorf("%d of %d have created it", created.Load(), writers)
	}
	wantAlone(t, path)

	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, []byte("theirs"), 0o644))
	for _, put := range []func(path string) error{
		func(path string) error { return os.Symlink(outside, path) },
		func(path string) error { return os.Symlink(filepath.Join(dir, "nowhere"), path) },
		func(path string) error { return os.Mkdir(path, 0o700) },
		func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o644) },
	} {
		late := filepath.Join(t.TempDir(), "late")
		err := Create(late, 0o600, func(w io.Writer) error { return errors.Join(put(late), second(w.Write([]byte("ours")))) })
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("what came meanwhile gives %v", err)
		}
		wantAlone(t, late)
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "theirs" {
		t.Errorf("outside is %q, %v", text, err)
	}
}

func second(_ int, err error) error { return err }
