package disttest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// held is a request whose body has not been sent: a program runs and waits for it.
type held struct {
	conn net.Conn
	t    *testing.T
}

const heldBody = "{}"

// hold begins a request and returns once the program in file runs for it.
func hold(t *testing.T, host *lab.Host, file string) held {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", host.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /api/auth/login.php HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", len(heldBody))
	limit, tick := time.After(2*time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !running(t, file) {
		select {
		case <-limit:
			t.Fatalf("%s does not run", file)
		case <-tick.C:
		}
	}
	return held{conn, t}
}

// wantAnswer sends the body and wants the API's answer to it.
func (h held) wantAnswer() {
	h.t.Helper()
	io.WriteString(h.conn, heldBody)
	response, err := http.ReadResponse(bufio.NewReader(h.conn), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 400 || !strings.Contains(string(body), "Username and password required") {
		h.t.Errorf("the request that was held is answered %s %s, %v", response.Status, body, err)
	}
}

// running tells whether a process runs the very file that has the path now.
func running(t *testing.T, file string) bool {
	t.Helper()
	want, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		if is, err := os.Stat(program); err == nil && os.SameFile(is, want) {
			return true
		}
	}
	return false
}

func TestUpgradeByRename(t *testing.T) {
	t.Parallel()
	const clients, times = 20, 6
	host := startUploaded(t, lab.Options{})
	file := api(host, "vpm.cgi")
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	old := hold(t, host, file)
	fresh := read(t, api(host, "vpm-386.cgi")) // another program of the same kind
	var answered atomic.Int32
	for _, err := range together(clients, times, func() error {
		if answered.Add(1) == clients*times/2 {
			upload(t, host, "vpm.cgi", fresh)
		}
		return asking(host)()
	}) {
		t.Error(err)
	}
	after, err := os.Stat(file)
	if err != nil || os.SameFile(before, after) {
		t.Fatalf("vpm.cgi was not replaced (%v)", err)
	}
	old.wantAnswer()
	hold(t, host, file).wantAnswer() // by the new program
}

// Writing to the program in place, as some FTP clients do, is what the documentation warns of.
func TestOverwriteInPlace(t *testing.T) {
	t.Parallel()
	host := startUploaded(t, lab.Options{})
	file := api(host, "vpm.cgi")
	before := read(t, file)
	request := hold(t, host, file)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if err == nil {
		f.Close()
	}
	if !errors.Is(err, syscall.ETXTBSY) {
		t.Errorf("opening the running program to write says %v, want %v", err, syscall.ETXTBSY)
	}
	request.wantAnswer()
	if read(t, file) != before {
		t.Error("the program was damaged")
	}
}
