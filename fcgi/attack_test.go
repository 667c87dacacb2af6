package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"vpm/core/store"
)

// TestAttacksThroughFronts: what a client puts into its headers is no parameter of FastCGI, through whichever web server
// and way it comes, and of one request no second is made.
func TestAttacksThroughFronts(t *testing.T) {
	t.Parallel()
	p := setUp(t, t.TempDir(), store.MySQL{})
	held := holdSocket(t)
	launch(t, held, nil, p.args()...)
	for _, f := range startFronts(t, held.Addr().String()) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			asked := func(lines string) (status int, body string) {
				return rawly(t, f, "GET /api/auth/verify.php HTTP/1.1\nHost: "+f.host+"\n"+lines+"Connection: close\n\n")
			}
			token := "X-Auth-Token: " + p.token + "\n"
			status, mine := asked(token)
			if status != 200 {
				t.Fatalf("the session is answered %d %s", status, mine)
			}
			for i, h := range []string{"Proxy: http://192.0.2.1:1", "Php-Value: auto_prepend_file=/etc/passwd", "Vpm-Db-Driver: sqlite", "Document-Root: /etc", "Script-Filename: /etc/passwd", "Remote-User: admin", "Remote-Addr: 127.0.0.1",
				"Request-Method: POST", "Request-Uri: /api/mode.php", "Query-String: x", "Redirect-Http-Authorization: Bearer x", "X-Http-Method-Override: POST", "X-Original-Url: /api/mode.php", "X-Forwarded-For: 127.0.0.1", "Https: on"} {
				h = []string{h, strings.Replace(h, "-", "_", 1), "HTTP_" + strings.ReplaceAll(h, "-", "_")}[i%3]
				if status, body := asked(token + h + "\n"); status != 400 && (status != 200 || body != mine) {
					t.Errorf("%s changes the answer to %d %s", h, status, body)
				}
				if status, body := asked(h + "\n"); status != 401 && status != 400 {
					t.Errorf("%s lets in: %d %s", h, status, body)
				}
			}
			const stop = `{"instance_id":"` + instance + `"}`
			inner := fmt.Sprintf("POST /api/instances/stop.php HTTP/1.1\nHost: %s\nX-Auth-Token: %s\nContent-Length: %d\n\n", f.host, p.token, len(stop))
			for _, lengths := range []string{"Content-Length: 0\nTransfer-Encoding: chunked", "Content-Length: 5\nContent-Length: 0", "Content-Length: +5", "Content-Length: -1", "Transfer-Encoding: xchunked"} {
				if status, body := rawly(t, f, "POST /api/auth/verify.php HTTP/1.1\nHost: "+f.host+"\n"+lengths+"\n\n5\nhello\n0\n\n"+inner, stop); status < 400 {
					t.Errorf("%q: %d %s", lengths, status, body)
				}
			}
			const line = "%0d%0aX-Injected:%20yes%0d%0a%0d%0a"
			for _, target := range []string{"/api/instances/status.php?instance_id=" + line, "/api/v1/instances/" + line, "/api/" + line} {
				r := p.request("GET", f.url, target, "")
				r.Host = f.host
				a, err := visitors.Do(r) // not do: no description has such an address
				must(t, err)
				must(t, a.Body.Close())
				if a.Header.Get("X-Injected") != "" || a.StatusCode < 400 {
					t.Errorf("%s: %d %v", target, a.StatusCode, a.Header)
				}
			}
			r := p.request("GET", f.url, "/api/instances/status.php?instance_id="+instance, "")
			r.Host = f.host
			want(t, r, 200, `"wanted":"running"`)
		})
	}
}

// rawly sends lines as they are, and what follows them, and reads the first answer.
func rawly(t *testing.T, f front, lines string, more ...string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(time.Minute))) // a server that hangs fails the test
	_, err = io.WriteString(c, strings.ReplaceAll(lines, "\n", "\r\n")+strings.Join(more, ""))
	must(t, err)
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	must(t, err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	must(t, err)
	return a.StatusCode, string(text)
}
