package setup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/auth"
)

// The limit on wrong codes from one address; there is no database yet to count them in.
const (
	wrongCodes  = 5
	wrongWindow = 15 * time.Minute
	keptWrong   = 1000 // lines in the file
)

// lockFile keeps set-up and resets to one at a time across processes, and holds a line for each wrong code.
type lockFile struct {
	f   *os.File
	dir string
}

// locked runs f, which may write the settings, while it holds the lock of dir; the lock goes with the process.
func (s *Service) locked(ctx context.Context, dir string, f func(*lockFile) error) error {
	file, err := os.OpenFile(filepath.Join(dir, "setup.lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot lock the data directory: %w", err)
	}
	defer file.Close()
	if err := atomicfile.Lock(ctx, file, 5*time.Second); errors.Is(err, atomicfile.ErrLocked) {
		return core.Errorf(core.CodeBusy, "cannot go on: another set-up or reset is under way, try again in a moment")
	} else if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot lock the data directory: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&lockFile{file, dir})
}

// check compares a code, and counts a wrong one against the address it came from.
func (l *lockFile) check(p proof, code, address string, now time.Time) error {
	address = auth.ThrottleKey(address)
	lines, recent, err := l.wrong(address, now)
	if err != nil {
		return err
	}
	if recent >= wrongCodes {
		e := core.Errorf(core.CodeThrottled, "Too many wrong codes from this address; try again in %d minutes", int(wrongWindow.Minutes()))
		e.RetryAfter = wrongWindow
		return e
	}
	if p.matches(l.dir, code, now) {
		return nil
	}
	if code != "" { // asking which file to open is no guess
		lines = append(lines, fmt.Sprintf("%d %s", now.Unix(), address))
		if err := l.rewrite(lines); err != nil {
			return err
		}
	}
	return core.Errorf(core.CodeForbidden, "cannot go on without the code: open the file %s in your file manager and enter the code in its first line", filepath.Join(l.dir, p.name))
}

// wrong reads the lines that still count, which those of a clock that has been set back since do not, and how many came from address.
func (l *lockFile) wrong(address string, now time.Time) (lines []string, recent int, err error) {
	sc := bufio.NewScanner(io.NewSectionReader(l.f, 0, 1<<20))
	for sc.Scan() {
		at, from, _ := strings.Cut(sc.Text(), " ")
		sec, err := strconv.ParseInt(at, 10, 64)
		if err != nil || now.Sub(time.Unix(sec, 0)).Abs() > wrongWindow {
			continue
		}
		lines = append(lines, sc.Text())
		if from == address {
			recent++
		}
	}
	return lines[max(0, len(lines)-keptWrong):], recent, sc.Err()
}

func (l *lockFile) rewrite(lines []string) error {
	text := strings.Join(lines, "\n") + "\n"
	if _, err := l.f.WriteAt([]byte(text), 0); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot count the wrong code: %w", err)
	}
	return l.f.Truncate(int64(len(text)))
}
