package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// clock is the time that all programs of a run have: the machine's and a number of seconds that can be changed under them
// at any moment. The machine's own clock stays, for it has others on it.
//
// vpm is built for that with three changes to Go's own library (go build -overlay), so that everything in it jumps, its
// libraries too, and there is no trace of it in the source or in a usual build. Apache and MariaDB have a library put
// between them and the C library.
type clock struct {
	file    string // the linker has to tell vpm of it, as syscall.jumpFile
	seconds *int64
	overlay string // for go build
	preload string // for LD_PRELOAD
}

var (
	//go:embed clock/clock.go.txt
	clockGo string
	//go:embed clock/preload.c
	preloadC string
)

// still gives the machine's clock, which nobody may set.
func still() *clock { return &clock{seconds: new(int64)} }

// newClock makes a clock that is right, and what programs need to have it.
func newClock(ctx context.Context, dir string) (*clock, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "seconds")
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(8); err != nil {
		return nil, err
	}
	shared, err := syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("cannot share the clock: %w", err)
	}
	c := &clock{file, (*int64)(unsafe.Pointer(&shared[0])), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "preload.so")}
	if err := c.changeGo(ctx, dir); err != nil {
		return nil, fmt.Errorf("cannot have Go's clock jump: %w", err)
	}
	cc := exec.CommandContext(ctx, "cc", "-shared", "-fPIC", "-O2", "-Wall", "-D", fmt.Sprintf("JUMP_FILE=%q", file), "-x", "c", "-", "-o", c.preload, "-ldl")
	cc.Stdin = strings.NewReader(preloadC)
	if text, err := cc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build the library that has servers' clocks jump: %w\n%s", err, text)
	}
	return c, nil
}

// flags are what go build needs for it.
func (c *clock) flags() []string {
	if c.overlay == "" {
		return []string{"-ldflags=-s -w"}
	}
	return []string{"-ldflags=-s -w -X syscall.jumpFile=" + c.file, "-overlay", c.overlay}
}

// changeGo writes what go build takes in the place of files of Go's own.
func (c *clock) changeGo(ctx context.Context, dir string) error {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	std := filepath.Join(strings.TrimSpace(string(root)), "src")
	replace := map[string]string{}
	put := func(name, text string) error {
		to := filepath.Join(dir, filepath.Base(name))
		replace[filepath.Join(std, name)] = to
		return os.WriteFile(to, []byte(text), 0o644)
	}
	if err := put("syscall/jump.go", clockGo); err != nil {
		return err
	}
	for _, change := range []struct{ name, from, to string }{
		{"time/time.go", "\tsec, nsec, mono := runtimeNow()\n", "\tsec, nsec, mono := runtimeNow()\n\tsec += syscall.Jump()\n"},
		{"time/time.go", "import (\n", "import (\n\t\"syscall\"\n"},
		// Files are as old as they were: their times come from the machine's clock.
		{"os/stat_linux.go", "\tfs.modTime = time.Unix(fs.sys.Mtim.Unix())\n",
			"\tfs.modTime = time.Unix(fs.sys.Mtim.Unix()).Add(time.Duration(syscall.Jump()) * time.Second)\n"},
		// SQLite asks the kernel.
		{"syscall/syscall_linux.go", "\truntime_exitsyscall()\n\treturn\n}\n",
			"\truntime_exitsyscall()\n\tif trap == SYS_CLOCK_GETTIME && a1 == 0 && err == 0 {\n\t\t(*Timespec)(unsafe.Pointer(a2)).Sec += Jump()\n\t}\n\treturn\n}\n"},
	} {
		from := filepath.Join(std, change.name)
		if to, changed := replace[from]; changed {
			from = to
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		before, after, found := strings.Cut(string(text), change.from)
		if !found {
			return fmt.Errorf("%s has changed: it has no %q", change.name, change.from)
		}
		if err := put(change.name, before+change.to+after); err != nil {
			return err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(c.overlay, text, 0o644)
}

// now is the time that the programs have.
func (c *clock) now() time.Time { return time.Now().Add(c.ahead()) }

// ahead is by how much that is later than the machine's.
func (c *clock) ahead() time.Duration {
	return time.Duration(atomic.LoadInt64(c.seconds)) * time.Second
}

// set has the clock be ahead of the machine's by so much.
func (c *clock) set(ahead time.Duration) { atomic.StoreInt64(c.seconds, int64(ahead/time.Second)) }
