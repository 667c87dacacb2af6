package asroot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"vpm/core/doctor"
	"vpm/core/install"
)

// Where the pools and sockets of instances are; the texts of core/systemd say the same.
const (
	poolFiles   = "/etc/vpm/pools/*.conf"
	poolSockets = "/run/vpm/*/php.sock"
)

// pools has PHP-FPM read the configuration of each instance: one with an error does not start again.
func (l *look) pools(ctx context.Context) doctor.Finding {
	files, _ := filepath.Glob(poolFiles) // the only error is a bad pattern
	switch {
	case len(files) == 0 && l.root:
		return doctor.Skipped("no instance has a process of its own")
	case !l.root:
		return unknown("the configurations of instances can be read by root only")
	}
	program := unitProgram(ctx)
	if program == "" {
		return doctor.Unknown("run vpm install", "systemd does not tell which PHP-FPM instances run under")
	}
	var wrong []string
	for i, path := range files {
		if ctx.Err() != nil {
			return doctor.Unknown("", "reading the configurations of %d instances took too long; the first %d have no error", len(files), i)
		}
		if why := testPool(ctx, program, path); why != "" && ctx.Err() == nil {
			wrong = append(wrong, fmt.Sprintf("%s: %s", path, why))
		}
	}
	if len(wrong) > 0 {
		return doctor.Failed("set the instance's limits anew (vpm limits), which writes the file anew", "%s", strings.Join(wrong, "; "))
	}
	return doctor.OK("PHP-FPM understands the configurations of all %d instances with a process", len(files))
}

// testPool has PHP-FPM read a configuration as the instance's user, who it runs as: to root it would lack a user. It gives
// what is wrong, "" nothing.
func testPool(ctx context.Context, program, path string) string {
	name := "vpm-" + strings.TrimSuffix(filepath.Base(path), ".conf")
	who, err := user.Lookup(name)
	if err != nil {
		return "there is no user " + name
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return err.Error()
	}
	cmd := command(ctx, program, "--test", "--fpm-config", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	if out, err := cmd.CombinedOutput(); err != nil {
		return strings.TrimSpace(string(out))
	}
	return ""
}

var programPath = regexp.MustCompile(`path=(\S+) `)

// unitProgram gives the PHP-FPM that the units of instances name.
func unitProgram(ctx context.Context) string {
	used, err := output(ctx, "systemctl", "show", "--value", "--property=ExecStart", "vpm-php@probe.service")
	if m := programPath.FindStringSubmatch(used); err == nil && m != nil {
		return m[1]
	}
	return ""
}

// poolSockets looks who may send requests: through a socket that others may write to, they run as the instance's user.
func (l *look) poolSockets(context.Context) doctor.Finding {
	if l.notInstalled() {
		return doctor.Skipped("vpm's server is not installed")
	}
	sockets, _ := filepath.Glob(poolSockets) // the only error is a bad pattern
	if len(sockets) == 0 && !l.root {
		return unknown("the sockets of instances can be listed by root only")
	}
	expected := map[string]string{install.Socket: install.User}
	for _, path := range sockets {
		expected[path] = "vpm-" + filepath.Base(filepath.Dir(path))
	}
	var wrong []string
	for path, user := range expected {
		info, err := os.Lstat(path)
		if err != nil {
			continue // it is stopped, or another check says so
		}
		if owner, group := names(info); info.Mode().Perm()&0o007 != 0 || owner != user {
			wrong = append(wrong, fmt.Sprintf("%s (%04o, %s:%s)", path, info.Mode().Perm(), owner, group))
		}
	}
	if len(wrong) > 0 {
		return doctor.Failed("restart what listens there: systemctl restart vpm.socket vpm.service, or vpm restart INSTANCE",
			"others than the web server may send requests to %s", strings.Join(wrong, ", "))
	}
	return doctor.OK("only the web server and vpm may send requests to the %d sockets", len(expected))
}

// mariaDBSocket is where Debian's server listens.
const mariaDBSocket = "/run/mysqld/mysqld.sock"

// statistics tells how queries are counted. That nothing counts them is no fault: the figure is unavailable then.
func (l *look) statistics(ctx context.Context) doctor.Finding {
	if _, err := os.Stat(mariaDBSocket); err != nil || l.Statistics == nil {
		return doctor.Skipped("no database server runs here at %s", mariaDBSocket)
	}
	if !l.root {
		return unknown("the database server tells root only how it counts queries")
	}
	said, err := l.Statistics(ctx, mariaDBSocket)
	if err != nil {
		return doctor.Skipped("the queries of instances are not counted: %v; performance_schema=ON in the database server's configuration has them counted", err)
	}
	return doctor.OK("%s", said)
}
