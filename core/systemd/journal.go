package systemd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vpm/core"
)

// maxLines bounds what is read of a log at once.
const maxLines = 1000

// Journal reads what units have logged. The server's user has to be in the group systemd-journal.
type Journal struct {
	Program string // journalctl, by its full path
}

// Last gives a unit's last lines, at most n, oldest first; where since is not zero, none from before it. What PHP scripts
// have logged is left out: that is a site's, and may hold its secrets.
func (j Journal) Last(ctx context.Context, unit string, n int, since time.Time) ([]string, error) {
	if err := checkUnit(unit); err != nil {
		return nil, err
	}
	args := []string{"--unit=" + unit, "--lines=" + strconv.Itoa(maxLines), "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER", "--no-pager", "--quiet"}
	if !since.IsZero() {
		args = append(args, fmt.Sprintf("--since=@%d.%06d", since.Unix(), since.Nanosecond()/1000))
	}
	out, err := j.run(ctx, unit, args)
	var last []string
	for _, e := range entries(out) {
		if e.from != phpIdent {
			last = append(last, lines(e.Text)...)
		}
	}
	return last[max(0, len(last)-n):], err
}

func (j Journal) run(ctx context.Context, unit string, args []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, j.Program, args...)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the journal of %s", unit).Because(err)
	}
	return out, nil
}

// Tail gives the last lines, at most n, of a log file that others write: a link in its place is not followed, and a FIFO
// not waited for. A file that is not there has none.
func Tail(name string, n int) ([]string, error) {
	const most = 64 << 10
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the log %s", name).Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the log %s: it is not a file", name).Because(err)
	}
	from := max(0, info.Size()-most)
	data, err := io.ReadAll(io.NewSectionReader(f, from, most))
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the log %s", name).Because(err)
	}
	if from > 0 { // it begins in the middle of a line
		data = data[bytes.IndexByte(data, '\n')+1:]
	}
	all := lines(string(data))
	return all[max(0, len(all)-n):], nil
}

func lines(text string) []string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(strings.ToValidUTF8(text, "\uFFFD"), "\n")
}
