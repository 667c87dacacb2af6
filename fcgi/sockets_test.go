package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core/gateway"
	"vpm/scripts/lab"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func lstat(path string) (os.FileInfo, error) { return os.Lstat(path) }

func TestListen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for name, reason := range map[string]string{
		"tcp:0.0.0.0:0":          "not a loopback address",
		"tcp:192.0.2.1:9000":     "not a loopback address",
		"tcp:[::]:0":             "not a loopback address",
		"tcp::9000":              "an address and a port",
		"tcp:localhost:9000":     "an address and a port",
		"unix:relative":          "an absolute path",
		"unix:" + file:           "a file of another kind",
		"unix:" + dir + "/no/at": "no such file",
		"udp:127.0.0.1:1":        "must begin with",
		"":                       "must begin with",
	} {
		s, err := openSockets([]string{name})
		if err == nil || !contains(err.Error(), reason) {
			t.Errorf("%q: %v, want %q", name, err, reason)
			s.close()
		}
	}
	if _, err := openSockets(nil); err == nil || !contains(err.Error(), "vpm.socket") {
		t.Errorf("without a socket: %v", err)
	}
	path := filepath.Join(dir, "s")
	s, err := openSockets([]string{"unix:" + path, "tcp:127.0.0.1:0", "tcp:[::1]:0"})
	must(t, err)
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != socketMode {
		t.Errorf("the socket is %v %v", info, err)
	}
	s.close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

// TestTCP serves nginx and the like that were asked to speak TCP.
func TestTCP(t *testing.T) {
	t.Parallel()
	p := sharedPanel(t)
	port, err := lab.FreePort()
	must(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	c := launch(t, nil, nil, p.args("--listen", "tcp:"+address)...)
	status, _, err := gateway.Ask(t.Context(), "tcp", address, map[string]string{"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1",
		"REQUEST_URI": "/api/instances/list.php", "HTTP_X_AUTH_TOKEN": p.token})
	if status != 200 || err != nil {
		t.Errorf("over TCP: %d %v", status, err)
	}
	c.stop()
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}
}

// TestPassedTCPMustBeLocal refuses a socket of systemd's that others than this machine reach.
func TestPassedTCPMustBeLocal(t *testing.T) {
	t.Parallel()
	for address, reason := range map[string]string{"0.0.0.0:0": "not a loopback address", "127.0.0.1:0": ""} {
		l, err := net.Listen("tcp", address)
		must(t, err)
		defer l.Close()
		if reason == "" {
			c := launch(t, l.(*net.TCPListener), nil, sharedPanel(t).args()...)
			c.stop()
			continue
		}
		c := launchOnly(t, l.(*net.TCPListener), nil, "--config", "/etc/vpm/vpm.env")
		<-c.ended
		if c.cmd.ProcessState.ExitCode() != 1 || !contains(c.log(), reason) {
			t.Errorf("%s: %v %s", address, c.cmd.ProcessState, c.log())
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--config", "vpm.env"}, {"--docroot", "html"}, {"--running", "0"}, {"more"}, {"--listen", "tcp:0.0.0.0:1"}, {"--no-such"}} {
		c := launchOnly(t, nil, nil, args...)
		<-c.ended
		if c.cmd.ProcessState.Success() || c.log() == "" {
			t.Errorf("vpm serve %v: %v %s", args, c.cmd.ProcessState, c.log())
		}
	}
}
