package install

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"vpm/core"
)

// commandLimit is for one command; starting the server and reloading a web server take seconds at most.
const commandLimit = 2 * time.Minute

// run runs a command of the system and gives what it prints. The error has all of that.
func run(ctx context.Context, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	cmd.Dir = "/"
	cmd.WaitDelay = 5 * time.Second // for one that leaves a child with its output
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), core.Errorf(core.CodeUnavailable, "cannot run %q: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// find gives the first of these programs that there is, "" for none.
func find(paths ...string) string {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return p
		}
	}
	return ""
}

func active(ctx context.Context, unit string) bool {
	_, err := run(ctx, "systemctl", "--quiet", "is-active", unit)
	return err == nil
}

// compareVersions compares texts by the numbers in them: 1.9.13p3 is after 1.9.9.
func compareVersions(a, b string) int {
	x, y := numbers(a), numbers(b)
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m = x[i]
		}
		if i < len(y) {
			n = y[i]
		}
		if c := cmp.Compare(m, n); c != 0 {
			return c
		}
	}
	return 0
}

func numbers(s string) (list []int) {
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(part); err == nil {
			list = append(list, n)
		}
	}
	return list
}
