package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// header is the start of a raw POST.
func (s *site) header(path string, lines ...string) string {
	return fmt.Sprintf("POST /api%s HTTP/1.1\nHost: localhost\nX-Auth-Token: %s\nConnection: close\n%s\n\n", path, s.token, strings.Join(lines, "\n"))
}

const startBody = `{"instance_id":"wp-test-001"}`

func TestContentLength(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		length := "Content-Length: " + strconv.Itoa(len(startBody))
		if got := s.raw(s.header("/instances/start.php", length) + startBody); got.status != 200 {
			t.Errorf("a right length: %d %s", got.status, got.body)
		}
		if got := s.raw(s.header("/instances/start.php") + startBody); got.status != 400 {
			t.Errorf("no length is no body: %d %s", got.status, got.body)
		}
		if got := s.raw(s.header("/instances/start.php", "Content-Length: 10") + startBody); got.status != 400 {
			t.Errorf("a length that cuts the JSON: %d %s", got.status, got.body)
		}
		if got := s.raw(s.header("/instances/start.php", "Content-Length: x") + startBody); got.status != 400 {
			t.Errorf("a length that is no number: %d %s", got.status, got.body)
		}
	})
}

func TestChunkedBody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		chunks := fmt.Sprintf("%x\n%s\n%x\n%s\n0\n\n", 10, startBody[:10], len(startBody)-10, startBody[10:])
		got := s.raw(s.header("/instances/restart.php", "Transfer-Encoding: chunked") + chunks)
		if got.status != 200 || got.field("message") != "Instance restarted successfully" {
			t.Errorf("a chunked body: %d %s", got.status, got.body)
		}
	})
}

// TestTruncatedUpload sends less than it announced and then closes its side. A change must not be made of it,
// even where what arrived is a whole JSON text.
func TestTruncatedUpload(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		before := s.get("/instances/status.php?instance_id=wp-test-001").want(200).field("pid")
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.host.Port))
		s.must(err)
		defer conn.Close()
		s.must(conn.SetDeadline(time.Now().Add(2 * time.Minute)))
		request := s.header("/instances/restart.php", "Content-Length: 500") + startBody
		_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
		s.must(err)
		s.must(conn.(*net.TCPConn).CloseWrite())
		text, _ := io.ReadAll(conn) // Apache may refuse it itself, or close
		if bytes.Contains(text, []byte(" 200 OK")) {
			t.Errorf("a truncated upload is answered %s", text)
		}
		if after := s.get("/instances/status.php?instance_id=wp-test-001").want(200).field("pid"); after != before {
			t.Errorf("a truncated upload restarted the instance: %v became %v", before, after)
		}
	})
}

// TestLargeBodies are sent whole by a client that reads the answer only afterwards.
func TestLargeBodies(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		body := func(size int) []byte {
			return append([]byte(`{"instance_id":"wp-test-001","reason":"`+strings.Repeat("x", 100)+`","pad":"`), append(bytes.Repeat([]byte("x"), size), `"}`...)...)
		}
		s.do("POST", "/instances/start.php", body(99_000), nil).want(200)
		s.do("POST", "/instances/start.php", body(100_500), nil).want(413).says("too_large", "100000 bytes")
		large := s.do("POST", "/instances/start.php", body(3_000_000), nil)
		if s.isFCGID() { // mod_fcgid refuses more than 128 kB itself
			if large.status != 413 && large.status != 500 {
				t.Errorf("3 MB: %d", large.status)
			}
		} else {
			large.want(413)
		}
		// Refused before the body matters, and still answered whole.
		s.token = ""
		s.do("POST", "/instances/start.php", body(90_000), nil).want(401)
		s.do("POST", "/no/such/endpoint.php", body(90_000), nil).want(404)
		s.do("GET", "/instances/start.php", body(90_000), nil).want(405)
	})
}

func (s *site) isFCGID() bool { return strings.Contains(s.t.Name(), "fcgid") }

// TestClientGoesAway closes the connection right after sending. The change is made all the same, and the next
// request finds nothing broken.
func TestClientGoesAway(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		for range 5 {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.host.Port))
			s.must(err)
			request := s.header("/instances/restart.php", "Content-Length: "+strconv.Itoa(len(startBody))) + startBody
			_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
			s.must(err)
			s.must(conn.Close())
		}
		s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
		st := s.get("/instances/status.php?instance_id=wp-test-001").want(200)
		if st.field("status") != "stopped" && st.field("status") != "running" { // a late restart may come after the stop
			t.Errorf("status is %s", st.body)
		}
		s.eventually("no program is left over", func() bool { return s.isFCGID() || s.programs() == 0 })
	})
}

// programs counts the running programs of the account.
func (s *site) programs() int {
	s.t.Helper()
	entries, err := os.ReadDir("/proc")
	s.must(err)
	n := 0
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		info, err := os.Stat(filepath.Join("/proc", e.Name()))
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != s.host.UID {
			continue
		}
		if exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe")); err == nil && strings.Contains(exe, "vpm.cgi") {
			n++
		}
	}
	return n
}

// eventually waits for something that another process brings about.
func (s *site) eventually(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); {
		if time.Now().After(deadline) {
			s.t.Fatal("it did not come to be that " + what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestFastCGIProcess: one process answers many requests, and a new one begins when the settings or the program
// change; nothing is lost meanwhile.
func TestFastCGIProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite", fcgid: true})
	s.get("/instances/list.php").want(200)
	pid := func() string {
		s.t.Helper()
		s.eventually("one program runs", func() bool { return len(s.processes()) == 1 })
		return s.processes()[0]
	}
	first := pid()
	for range 10 {
		s.get("/instances/list.php").want(200)
	}
	if now := pid(); now != first {
		t.Fatalf("process %s became %s without a reason", first, now)
	}
	settings := filepath.Join(s.host.Home, "vpm.env")
	text, err := os.ReadFile(settings)
	s.must(err)
	s.must(os.WriteFile(settings, append(text, "VPM_SESSION_TTL=\"2h\"\n"...), 0o600))
	s.get("/instances/list.php").want(200) // by the old one, which then ends
	s.eventually("the old process is gone", func() bool { return !contains(s.processes(), first) })
	s.get("/instances/list.php").want(200)
	second := pid()
	s.uploadAgain()
	s.get("/instances/list.php").want(200)
	s.eventually("the second process is gone", func() bool { return !contains(s.processes(), second) })
	s.get("/instances/list.php").want(200)
}

func (s *site) processes() []string {
	s.t.Helper()
	entries, err := os.ReadDir("/proc")
	s.must(err)
	var pids []string
	for _, e := range entries {
		if exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe")); err == nil && strings.HasPrefix(exe, s.program) {
			pids = append(pids, e.Name())
		}
	}
	return pids
}

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

// uploadAgain replaces the program as the documentation says: upload beside it, rename.
func (s *site) uploadAgain() {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(built, "api", "vpm.cgi"))
	s.must(err)
	// No fork meanwhile: a child of another test would hold the file open for writing, and it could not be run.
	syscall.ForkLock.RLock()
	err = os.WriteFile(s.program+".new", data, 0o755)
	syscall.ForkLock.RUnlock()
	s.must(err)
	s.must(s.host.Chown(s.program + ".new"))
	s.must(os.Rename(s.program+".new", s.program))
}

// TestManyAtOnce sends more requests at once than FastCGI keeps processes, while the program is replaced.
func TestManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				for i := range 15 {
					req, err := http.NewRequest("GET", s.api+"/instances/list.php", nil)
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("X-Auth-Token", s.token)
					resp, err := plain.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || resp.StatusCode != 200 {
						t.Errorf("client %d, request %d: %d %.200s %v", client, i, resp.StatusCode, body, err)
					}
				}
			})
		}
		s.uploadAgain()
		wg.Wait()
	})
}

// TestSlowClient holds its body back. Under suEXEC nobody ends the program: it must do so itself.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	s.addSettings(`VPM_REQUEST_TIMEOUT="5s"`) // long enough to be seen, and for what follows
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.host.Port))
	s.must(err)
	defer conn.Close()
	_, err = io.WriteString(conn, strings.ReplaceAll(s.header("/instances/start.php", "Content-Length: 500")+"{", "\n", "\r\n"))
	s.must(err)
	s.eventually("the program runs", func() bool { return s.programs() == 1 })
	s.eventually("the program has ended itself", func() bool { return s.programs() == 0 })
	s.get("/instances/list.php").want(200)
}

// TestTruncatedStdin gives the program itself less than CONTENT_LENGTH says, as a web server does that passes a
// broken upload on, and lengths that are none.
func TestTruncatedStdin(t *testing.T) {
	t.Parallel()
	for length, message := range map[string]string{
		"500": "29 bytes of it arrived and Content-Length says 500",
		"x":   "cannot understand the request",
	} {
		cmd := exec.Command(filepath.Join(built, "api", "vpm.cgi"), "--help")
		cmd.Env = []string{"GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=POST", "HTTP_HOST=localhost",
			"REQUEST_URI=/api/instances/start.php", "REMOTE_ADDR=127.0.0.1", "CONTENT_LENGTH=" + length}
		cmd.Stdin = strings.NewReader(startBody)
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), "Status: 400 ") || !strings.Contains(string(out), message) {
			t.Errorf("CONTENT_LENGTH=%s: %v, answered %s", length, err, out)
		}
	}
}
