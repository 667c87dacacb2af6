package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// prefix is how the temporary files for path begin; digits follow. It keeps ".ht" in front of what becomes an
// .htaccess: Apache's own configuration hides files of such names from visitors.
func prefix(path string) string {
	return "." + strings.TrimPrefix(filepath.Base(path), ".") + ".vpm-tmp-"
}

// temporary makes a temporary file for path. It is locked for as long as it is open, so that Sweep can tell it from
// those of the dead.
func temporary(path string) (*os.File, error) {
	Sweep(path)
	for {
		f, err := os.CreateTemp(filepath.Dir(path), prefix(path))
		if err != nil || taken(f) {
			return f, err
		}
		f.Close() // a Sweep came between, and has removed it or will
	}
}

// taken locks a new temporary file, and tells whether it is still there. A file system without locks has no Sweep.
func taken(f *os.File) bool {
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == syscall.EWOULDBLOCK {
		return false
	}
	var st syscall.Stat_t
	return syscall.Fstat(int(f.Fd()), &st) != nil || st.Nlink > 0
}

// Sweep removes the temporary files for path that processes have left that were killed.
func Sweep(path string) {
	sweep(filepath.Dir(path), func(begin string) bool { return begin == prefix(path) })
}

// SweepLike does so for all files in dir whose names match a pattern of filepath.Match: each backup, say, has another
// name, and what is left of one nobody would find by the next.
func SweepLike(dir, pattern string) {
	sweep(dir, func(begin string) bool {
		is, err := filepath.Match(prefix(pattern), begin)
		return is && err == nil
	})
}

// sweep removes what was left in dir of the temporary files whose names begin, before the digits, as ours says.
func sweep(in string, ours func(begin string) bool) {
	dir, err := os.Open(in)
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what cannot be read now, the next Sweep finds
	for _, name := range names {
		begin := strings.TrimRight(name, "0123456789")
		if len(begin) < len(name) && ours(begin) {
			removeLeft(filepath.Join(in, name))
		}
	}
}

// removeLeft removes a file unless somebody has locked it.
func removeLeft(name string) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		os.Remove(name)
	}
}
