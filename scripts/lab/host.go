package lab

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Options says what kind of shared host to start. The zero value is plain CGI with Apache's own limits.
type Options struct {
	PHP         bool  // run .php files with php-cgi as the account: as CGI, or under mod_fcgid with FCGID
	Prefork     bool  // the prefork MPM with mod_cgi, as older hosts have it, instead of event with mod_cgid
	FCGID       bool  // load mod_fcgid; .fcgi files run under it
	RLimitAS    int64 // address space of a CGI process in bytes (RLimitMEM); 0 leaves it alone
	RLimitNPROC int   // processes and threads of the account (RLimitNPROC); 0 leaves it alone
	Timeout     int   // Apache's Timeout in seconds; 0 means 60

	// Preload is a library that the linker puts between Apache and the C library; "" none. Programs that suEXEC runs have
	// none.
	Preload string

	// FastCGI is the socket of a FastCGI server that answers for what lies below /server/; "" none.
	FastCGI string
}

// Host is a running Apache with one account, acct. CGI programs run through suEXEC as that account, which exists for
// this Apache only: outside, its files show a numeric owner.
type Host struct {
	URL      string // http://127.0.0.1:PORT
	Port     int
	UID, GID int
	Home     string // the account's home directory
	Docroot  string // Home/public_html, served at / and at /~acct/
	AliasDir string // Home/aliased, served at /aliased/

	dir     string
	options Options
	server  *server
}

// StartHost starts a shared host. It needs root, for suEXEC and for the private accounts. It returns once the host
// answers.
func StartHost(options Options) (*Host, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("cannot start a shared host: it needs root")
	}
	if options.Timeout == 0 {
		options.Timeout = 60
	}
	for try := 1; ; try++ {
		h, err := startHost(options)
		if err == nil || try == startTries || !strings.Contains(err.Error(), "Address already in use") {
			return h, err
		}
	}
}

func startHost(options Options) (_ *Host, err error) {
	dir, err := newDir()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	home := filepath.Join(dir, "home", "acct")
	h := &Host{
		URL:      fmt.Sprintf("http://127.0.0.1:%d", port),
		Port:     port,
		Home:     home,
		Docroot:  filepath.Join(home, "public_html"),
		AliasDir: filepath.Join(home, "aliased"),
		dir:      dir,
		options:  options,
	}
	if h.UID, err = freeUID(port); err != nil {
		return nil, err
	}
	h.GID = h.UID
	if err := h.furnish(options); err != nil {
		return nil, fmt.Errorf("cannot furnish the shared host: %w", err)
	}
	if err := h.start(); err != nil {
		return nil, err
	}
	return h, nil
}

//go:embed namespace.sh
var namespaceScript string

// start runs Apache as the first process of a new PID namespace, so that the kernel ends every process of the host
// with it, and in a mount namespace where the host's own accounts and suEXEC settings stand in for the machine's.
func (h *Host) start() error {
	cmd := exec.Command("/bin/sh", "-c", namespaceScript, "namespace.sh", h.dir)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C"}
	if zone, ok := os.LookupEnv("TZ"); ok { // %{TIME} and the test agree on the local time
		cmd.Env = append(cmd.Env, "TZ="+zone)
	}
	if h.options.Preload != "" {
		cmd.Env = append(cmd.Env, "LD_PRELOAD="+h.options.Preload)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	server, err := startServer(cmd, h.log("error.log"))
	if err != nil {
		return err
	}
	if err := server.waitReady(func() bool { return h.answers() }); err != nil {
		server.kill()
		return fmt.Errorf("cannot start Apache: %w\n%s", err, h.ErrorLog())
	}
	h.server = server
	return nil
}

// answers tells whether Apache accepts connections and its CGI daemon takes those of Apache's children.
func (h *Host) answers() bool {
	return (h.options.Prefork || h.runsPrograms()) && takesConnections(h.Port)
}

// runsPrograms tells whether mod_cgid's daemon is ready. The last thing that it does with its socket is to give it to the
// user of Apache's children; before, they may not connect, and mod_cgid answers 503 without trying again.
func (h *Host) runsPrograms() bool {
	uid, err := serverUID()
	if err != nil {
		return false
	}
	// mod_cgid adds a process ID to the name that it was given.
	sockets, _ := filepath.Glob(filepath.Join(h.dir, "run", "cgid.sock*"))
	for _, socket := range sockets {
		var stat syscall.Stat_t
		if syscall.Stat(socket, &stat) == nil && int(stat.Uid) == uid {
			return true
		}
	}
	return false
}

func takesConnections(port int) bool {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func (h *Host) log(name string) string { return filepath.Join(h.dir, "log", "apache2", name) }

// ErrorLog returns what Apache and the programs' standard error have logged so far.
func (h *Host) ErrorLog() string { return readLog(h.log("error.log")) }

// SuexecLog returns what suEXEC has logged so far: each program that it ran, and why it refused one.
func (h *Host) SuexecLog() string { return readLog(h.log("suexec.log")) }

// Kill ends Apache and every process it started at once, as a crash of the machine does. Everything the host has stays
// for Restart.
func (h *Host) Kill() { h.server.kill() }

// Restart starts a killed Apache again, at the same port. It sees what this process has mounted since.
func (h *Host) Restart() error {
	h.server.kill()
	// Its sockets and mutexes are in the way of the next.
	err := errors.Join(os.RemoveAll(filepath.Join(h.dir, "run")), os.MkdirAll(filepath.Join(h.dir, "run", "fcgid"), 0o755), h.giveToServer("run/fcgid"))
	if err != nil {
		return fmt.Errorf("cannot clear up after Apache: %w", err)
	}
	return h.start()
}

// Stop ends Apache and every process it started, and removes everything the host had. It may be called twice.
func (h *Host) Stop() error {
	// Apache gives a program that is busy with a request ten seconds. Ending the namespace ends that one too.
	h.server.stop(syscall.SIGTERM, time.Second)
	return os.RemoveAll(h.dir)
}
