package gatetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer is what a visitor got.
type answer struct {
	name   string
	status int
	header http.Header
	body   string
}

// request is what a visitor sends: the target goes out as it stands.
type request struct {
	method, target string
	host           string // "" is that of the URL
	header         []string
}

func (r request) String() string { return strings.TrimSpace(r.method + " " + r.target + " " + r.host) }

// ask sends a request over a connection of its own.
func ask(t *testing.T, base string, r request) answer {
	t.Helper()
	address := strings.TrimPrefix(base, "http://")
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if r.host == "" {
		r.host = address
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nUser-Agent: <b>agent</b>\r\n", r.method, r.target, r.host)
	for _, h := range r.header {
		fmt.Fprintf(&text, "%s\r\n", h)
	}
	if r.method == "POST" {
		text.WriteString("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b")
	} else {
		text.WriteString("\r\n")
	}
	if _, err := conn.Write(text.Bytes()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.method})
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	return answer{r.String(), resp.StatusCode, resp.Header, string(body)}
}

func get(t *testing.T, base, target string) answer {
	t.Helper()
	return ask(t, base, request{method: "GET", target: target})
}

// wantClosed wants the 503 of a stopped site, with its headers, and nothing of the site.
func (a answer) wantClosed(t *testing.T, retryAfter, body string) {
	t.Helper()
	if a.status != http.StatusServiceUnavailable {
		t.Errorf("%s: status %d, want 503; %s", a.name, a.status, head(a.body))
	}
	for name, want := range map[string]string{"Retry-After": retryAfter, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"} {
		if got := strings.Join(a.header.Values(name), " | "); got != want {
			t.Errorf("%s: %s is %q, want %q", a.name, name, got, want)
		}
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		t.Errorf("%s: Content-Type is %q", a.name, a.header.Get("Content-Type"))
	}
	if strings.HasPrefix(a.name, "HEAD ") {
		body = ""
	}
	if a.body != body {
		t.Errorf("%s: the body is %s, want %s", a.name, head(a.body), head(body))
	}
}

// wantAnswer wants what the server said when the site ran, headers aside: they are those of a stopped site.
func (a answer) wantAnswer(t *testing.T, running answer) {
	t.Helper()
	if a.status != running.status || a.body != running.body {
		t.Errorf("%s: %d %s, want %d %s", a.name, a.status, head(a.body), running.status, head(running.body))
	}
}

// wantSame wants what the site said when it ran, header by header.
func (a answer) wantSame(t *testing.T, running answer) {
	t.Helper()
	// Apache counts what a program says only if it comes at once, and adds Vary: Cookie where a rule looked at it.
	for _, name := range []string{"Date", "Content-Length", "Vary"} {
		a.header.Del(name)
		running.header.Del(name)
	}
	if a.status != running.status || a.body != running.body || fmt.Sprint(a.header) != fmt.Sprint(running.header) {
		t.Errorf("%s: %d %v %s\nwant what it was when running: %d %v %s", a.name,
			a.status, a.header, head(a.body), running.status, running.header, head(running.body))
	}
}

func head(s string) string {
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return fmt.Sprintf("%q", s)
}
