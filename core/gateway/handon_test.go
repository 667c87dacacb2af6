package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// resident listens on a socket and answers with what it was asked.
func resident(t *testing.T, h http.HandlerFunc) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go fcgi.Serve(l, h)
	return socket
}

func environ(method, length string, more ...string) []string {
	e := []string{"REQUEST_METHOD=" + method, "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_URI=/api/x.php?a=b", "HTTP_HOST=h", "HTTP_X_LONG=" + strings.Repeat("x", 70000),
		"PATH=/bin", "VPM_DB_PASSWORD=secret", "REMOTE_ADDR=192.0.2.7", "REMOTE_PORT=1"}
	if length != "" {
		e = append(e, "CONTENT_LENGTH="+length)
	}
	return append(e, more...)
}

func TestHandsOnTheRequest(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("body ", 100_000)
	socket := resident(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		env := fmt.Sprint(fcgi.ProcessEnv(r))
		w.Header().Set("X-From", r.RemoteAddr)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %d %d %v %v\n%s", r.Method, r.URL.RequestURI(), len(body), len(r.Header.Get("X-Long")), err, strings.Contains(env, "secret"), big)
	})
	for _, c := range []struct{ method, length, sent, want string }{
		{"GET", "", "what is no body", "GET /api/x.php?a=b 0 70000 <nil> false"},
		{"POST", fmt.Sprint(len(big)), big + "not of this request", fmt.Sprintf("POST /api/x.php?a=b %d 70000 <nil> false", len(big))},
		{"POST", "", big, fmt.Sprintf("POST /api/x.php?a=b %d 70000 <nil> false", len(big))}, // chunked
	} {
		var out, log bytes.Buffer
		if !handOn(socket, environ(c.method, c.length), strings.NewReader(c.sent), &out, &log) {
			t.Fatalf("%s was not handed on", c.method)
		}
		head, body, _ := strings.Cut(out.String(), "\r\n\r\n")
		first, rest, _ := strings.Cut(body, "\n")
		if !strings.HasPrefix(head, "Status: 418 ") || !strings.Contains(head, "X-From: 192.0.2.7:1") || first != c.want || rest != big {
			t.Errorf("%s: %q, %.200q, want %q", c.method, head, first, c.want)
		}
	}
}

// TestAnswersItself where nobody listens, and says so where the server goes away amid a request.
func TestAnswersItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// As a server leaves it that was killed. One that listened may do so a moment longer, in a process that a test beside starts.
	dead := filepath.Join(dir, "dead")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: dead}); err != nil {
		t.Fatal(err)
	}
	if HandOn(filepath.Join(dir, "missing")) || HandOn(dir) || HandOn(dead) {
		t.Error("a request was handed on to nobody")
	}
	mute := filepath.Join(dir, "mute")
	m, err := net.Listen("unix", mute)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	go func() {
		if c, err := m.Accept(); err == nil {
			io.ReadFull(c, make([]byte, 100))
			c.Close()
		}
	}()
	var out bytes.Buffer
	if !handOn(mute, []string{"REQUEST_METHOD=GET", "REQUEST_URI=/" + strings.Repeat("x", 100)}, strings.NewReader(""), &out, io.Discard) || !strings.HasPrefix(out.String(), "Status: 503 ") {
		t.Errorf("of a server that goes away: %q", out.String())
	}
}

// TestPassesOnWhatTheServerSays: its complaints go to the log, and one that ends a request without a word is no answer.
func TestPassesOnWhatTheServerSays(t *testing.T) {
	t.Parallel()
	complaint, end := appendStream(nil, kindStderr, 1, []byte("a complaint")), appendStream(nil, kindEnd, 1, make([]byte, 8))
	head := "Status: 204 No Content\r\n\r\n"
	for name, c := range map[string]struct {
		says []byte
		want string
	}{
		"a complaint and an answer": {bytes.Join([][]byte{complaint, appendStream(nil, kindStdout, 1, []byte(head)), end}, nil), head},
		"a complaint only":          {append(bytes.Clone(complaint), end...), "Status: 503 "},
	} {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			if s, err := l.Accept(); err == nil {
				defer s.Close()
				s.Write(c.says)
				io.Copy(io.Discard, s) // until the other side has all
			}
		}()
		var out, log bytes.Buffer
		if !handOn(l.Addr().String(), environ("GET", ""), strings.NewReader(""), &out, &log) {
			t.Errorf("%s: it was not handed on", name)
		}
		if !strings.HasPrefix(out.String(), c.want) || log.String() != "a complaint" {
			t.Errorf("%s: the answer is %q, and logged is %q", name, out.String(), log.String())
		}
	}
}
