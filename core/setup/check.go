package setup

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
)

// What a program needs to start reliably, measured under Apache: below these, requests fail now and then.
const (
	memory64 = 800 << 20 // bytes of address space for a 64-bit build
	memory32 = 64 << 20  // and for a 32-bit one
	// A request runs in up to 5 threads, which the limit on processes counts.
	fewProcesses = 4 * 5
)

// finding is a check without its name and time.
type finding struct {
	result  core.CheckResult
	reason  string
	details map[string]any
}

// Checks looks at the host as the program sees it. https is how the request came. No reason names a path: who asks may
// not have proved anything yet.
func (s *Service) Checks(ctx context.Context, https bool) []core.Check {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := []struct {
		name string
		look func() finding
	}{
		{"transport", transport},
		{"build", build},
		{"account", s.account},
		{"data_directory", s.dataDirectory},
		{"https", func() finding { return overHTTPS(https) }},
		{"memory", func() finding { return memory(limit(unix.RLIMIT_AS)) }},
		{"processes", func() finding { return processes(limit(unix.RLIMIT_NPROC)) }},
		{"time", func() finding { return cpuTime(limit(unix.RLIMIT_CPU), s.Config.RequestTimeout) }},
		{"mysql", func() finding { return s.mysql(ctx) }},
	}
	checks := make([]core.Check, len(list))
	for i, c := range list {
		began := time.Now()
		f := c.look()
		checks[i] = core.Check{Name: c.name, Result: f.result, Reason: f.reason, Details: f.details,
			Duration: core.Milliseconds(time.Since(began))}
	}
	return checks
}

func transport() finding {
	// Under FastCGI each request brings its own environment, and the process has none of it.
	if os.Getenv("GATEWAY_INTERFACE") != "" {
		return finding{core.CheckOK, "The web server runs the program for each request (CGI).", map[string]any{"transport": "cgi"}}
	}
	return finding{core.CheckOK, "The web server keeps the program running between requests (FastCGI).", map[string]any{"transport": "fastcgi"}}
}

func build() finding {
	return finding{core.CheckOK, fmt.Sprintf("The build for %s/%s runs.", runtime.GOOS, runtime.GOARCH),
		map[string]any{"os": runtime.GOOS, "arch": runtime.GOARCH}}
}

// account tells whether the program runs as the owner of its files.
func (s *Service) account() finding {
	info, err := os.Stat(s.Config.Place.ProgramDir)
	if err != nil {
		return finding{core.CheckUnknown, "Cannot tell whose files these are.", nil}
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Getuid() {
		return finding{core.CheckWarning, "The program runs as another user than the owner of its files, as it does without suEXEC: it may be unable to stop sites, and other customers of the host may share that user. Ask the host for suEXEC.", nil}
	}
	return finding{core.CheckOK, "The program runs as your account.", nil}
}

func (s *Service) dataDirectory() finding {
	dir, err := s.dataDir()
	switch {
	case err != nil:
		return finding{core.CheckFailed, "The program cannot write to a data directory: give the directory around the document root, or the document root itself, the permissions 755, and check that the quota is not used up.", nil}
	case s.Config.Place.Served(dir):
		return finding{core.CheckWarning, "The data directory is in the document root, closed by a .htaccess file, because nothing beside the document root can be written.", nil}
	}
	return finding{core.CheckOK, "The data directory can be written, and visitors cannot reach it.", nil}
}

func overHTTPS(https bool) finding {
	if https {
		return finding{core.CheckOK, "This connection is encrypted.", nil}
	}
	return finding{core.CheckWarning, "This connection is not encrypted: passwords can be read on the way. Get a certificate in the host’s control panel and open this page with https. Where a proxy ends HTTPS, name it in VPM_TRUSTED_PROXIES.", nil}
}

// limit is a soft limit of this process, MaxUint64 for none.
func limit(resource int) uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil || uint64(l.Cur) >= math.MaxInt64 {
		return math.MaxUint64
	}
	return uint64(l.Cur)
}

func memory(bytes uint64) finding {
	details := map[string]any{"limit_bytes": bytes}
	need := uint64(memory64)
	if math.MaxUint == math.MaxUint32 {
		need = memory32
	}
	switch {
	case bytes == math.MaxUint64:
		return finding{core.CheckOK, "The host sets no limit on a program’s address space.", nil}
	case bytes < need:
		return finding{core.CheckWarning, fmt.Sprintf("The host limits a program to %d MB of address space, and this build needs %d MB to start every time. Requests will fail now and then: use the 32-bit program.", bytes>>20, need>>20), details}
	}
	return finding{core.CheckOK, fmt.Sprintf("The host limits a program to %d MB of address space, which is enough.", bytes>>20), details}
}

func processes(n uint64) finding {
	details := map[string]any{"limit": n}
	switch {
	case n == math.MaxUint64:
		return finding{core.CheckOK, "The host sets no limit on processes.", nil}
	case n < fewProcesses:
		return finding{core.CheckWarning, fmt.Sprintf("The host allows the account %d processes and threads, sites included. A request needs 5: some will fail when several come at once.", n), details}
	}
	return finding{core.CheckOK, fmt.Sprintf("The host allows the account %d processes and threads.", n), details}
}

func cpuTime(seconds uint64, timeout time.Duration) finding {
	details := map[string]any{"request_timeout_seconds": timeout.Seconds()}
	if seconds == math.MaxUint64 {
		return finding{core.CheckOK, fmt.Sprintf("A request may take %g s, then vpm itself gives up; the host sets no limit on processor time.", timeout.Seconds()), details}
	}
	details["cpu_seconds"] = seconds
	if time.Duration(seconds)*time.Second < 5*time.Second {
		return finding{core.CheckWarning, fmt.Sprintf("The host ends a program after %d s of processor time: measuring large sites may be cut off.", seconds), details}
	}
	return finding{core.CheckOK, fmt.Sprintf("A request may take %g s, and %d s of processor time.", timeout.Seconds(), seconds), details}
}

// mysql knocks at the configured server, or where servers usually are. That none is there is no fault: the embedded
// database needs none.
func (s *Service) mysql(ctx context.Context) finding {
	at := store.MySQL{Host: s.Config.DBHost, Port: s.Config.DBPort, Socket: s.Config.DBSocket}
	network, address := at.Address()
	where := map[string]any{"network": network}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	switch first, err := greeting(ctx, network, address); {
	case err == nil && first == 10: // the version of the protocol
		return finding{core.CheckOK, "A MySQL or MariaDB server answers on this host.", where}
	case err == nil:
		return finding{core.CheckWarning, "A database server answers on this host and refuses connections: it may be at its limit.", where}
	case s.Config.DBDriver == config.MySQL:
		return finding{core.CheckFailed, "The MySQL server of the settings does not answer.", where}
	}
	return finding{core.CheckSkipped, "No MySQL server answers at the usual places. The embedded database needs none; the host’s control panel tells where theirs is.", nil}
}

// greeting reads the first byte after the packet header of what a MySQL server sends unasked.
func greeting(ctx context.Context, network, address string) (byte, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	packet := make([]byte, 5)
	_, err = io.ReadFull(conn, packet)
	return packet[4], err
}
