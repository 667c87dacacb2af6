package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vpm/core/gateway"
)

// serveHere runs the server in this process on a socket, until the test ends.
func serveHere(t *testing.T, o options) (socket string) {
	t.Helper()
	held := holdSocket(t)
	o.sockets = sockets{{Listener: gateway.Passed{Listener: held}}}
	if o.log == nil {
		o.log = t.Output()
	}
	if o.running == 0 {
		o.running, o.waiting = 32, 128
	}
	if o.drain == 0 {
		o.drain = 20 * time.Second
	}
	ready := make(chan string, 1000)
	o.notify = func(state string) { ready <- state }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, o) }()
	if got := <-ready; got != "READY=1" {
		t.Errorf("the first notice is %s", got)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return held.Addr().String()
}

// seen is what a handler gets to see of a request.
type seen struct {
	Method, URI, Path, Query, Host, Remote, Authorization, Type, Body string
	TLS                                                               bool
	Length                                                            int
	Server                                                            string
}

func mirror(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s := seen{r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), "", r.TLS != nil, len(b), ""}
	if len(b) < 1000 {
		s.Body = string(b)
	}
	json.NewEncoder(w).Encode(s)
}

// TestFronts sends requests of all shapes through every way that web servers have to the socket.
func TestFronts(t *testing.T) {
	t.Parallel()
	socket := serveHere(t, options{handler: http.HandlerFunc(mirror)})
	for _, f := range startFronts(t, socket) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			send := func(method, target string, body io.Reader, header ...string) seen {
				t.Helper()
				r, err := http.NewRequest(method, f.url+target, body)
				must(t, err)
				r.Host = f.host
				for _, h := range header {
					name, value, _ := strings.Cut(h, ": ")
					r.Header.Set(name, value)
				}
				a, err := do(r)
				must(t, err)
				var s seen
				if err := json.Unmarshal([]byte(a.body), &s); err != nil || a.status != 200 {
					t.Fatalf("%s %s: %d %.300q", method, target, a.status, a.body)
				}
				return s
			}
			s := send("GET", "/api/instances/status.php?instance_id=a%20b&x=1", nil, "Authorization: Bearer secret", "X-Scheme: https")
			host, _, _ := net.SplitHostPort(s.Remote)
			if s.Path != "/api/instances/status.php" || s.Query != "instance_id=a%20b&x=1" || s.Authorization != "Bearer secret" || !s.TLS || host != "127.0.0.1" || s.Host != f.host || s.Length != 0 {
				t.Errorf("seen: %+v", s)
			}
			if s := send("GET", "/api/v1/instances", nil); s.TLS || s.Authorization != "" || s.Path != "/api/v1/instances" {
				t.Errorf("seen: %+v", s)
			}
			if s := send("POST", "/api/instances/start", strings.NewReader(`{"instance_id":"x"}`), "Content-Type: text/plain"); s.Body != `{"instance_id":"x"}` || s.Type != "text/plain" || s.Method != "POST" {
				t.Errorf("seen: %+v", s)
			}
			for _, size := range []int{0, 1, 70_000, 131_072, 200_000, 20 << 20} {
				text := strings.Repeat("b", size)
				if s := send("POST", "/api/x", strings.NewReader(text)); s.Length != size {
					t.Errorf("of a body of %d bytes %d arrive", size, s.Length)
				}
				// Without its length known the client sends it chunked.
				if s := send("POST", "/api/x", io.MultiReader(strings.NewReader(text))); s.Length != size {
					t.Errorf("of a chunked body of %d bytes %d arrive", size, s.Length)
				}
			}
			for range 20 { // over kept connections too
				if s := send("GET", "/api/again", nil); s.Path != "/api/again" {
					t.Errorf("seen: %+v", s)
				}
			}
		})
	}
}

// TestClientsThatGo breaks requests off in every state. Then all is as before.
func TestClientsThatGo(t *testing.T) {
	t.Parallel()
	var running atomic.Int64
	socket := serveHere(t, options{running: 2, waiting: 50, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Add(-1)
		if r.URL.Path == "/api/big" {
			w.Write(make([]byte, 8<<20))
			return
		}
		mirror(w, r)
	})})
	for _, f := range startFronts(t, socket) {
		for _, text := range []string{
			"GET /api/x HTTP/1.1\r\nHost: %s\r\n\r\n",
			"GET /api/big HTTP/1.1\r\nHost: %s\r\n\r\n",
			"POST /api/x HTTP/1.1\r\nHost: %s\r\nContent-Length: 100000\r\n\r\nhalf of it",
			"POST /api/x HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf of it",
		} {
			for range 10 {
				c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
				must(t, err)
				fmt.Fprintf(c, text, f.host)
				must(t, c.Close())
			}
		}
		r, err := http.NewRequest("GET", f.url+"/api/after", nil)
		must(t, err)
		r.Host = f.host
		want(t, r, 200, "/api/after")
	}
	eventually(t, "nothing runs", func() bool { return running.Load() == 0 })
}

// TestTooManyRequests: of 200 at once all are answered, 12 of them by the handler.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var most, running atomic.Int64
	socket := serveHere(t, options{running: 4, waiting: 8, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-release
		mirror(w, r)
	})})
	var list []front
	for _, f := range startFronts(t, socket) {
		if f.name == "apache/handler" || f.name == "nginx/unix" {
			list = append(list, f)
		}
	}
	var wg sync.WaitGroup
	var good, refused atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			f := list[i%len(list)]
			r, err := http.NewRequest("GET", f.url+"/api/x", nil)
			if err != nil {
				t.Error(err)
				return
			}
			r.Host = f.host
			a, err := do(r)
			switch {
			case err != nil:
				t.Error(f.name, err)
			case a.status == 200:
				good.Add(1)
			case a.status == 503 && a.header.Get("Retry-After") == "1" && a.field("code") == "busy" && a.field("success") == false:
				// The others are past what may wait, or lose patience.
				if refused.Add(1) == 188 {
					close(release)
				}
			default:
				t.Errorf("%s: %d %.200q %v", f.name, a.status, a.body, a.header)
			}
		})
	}
	wg.Wait()
	if good.Load()+refused.Load() != 200 || good.Load() == 0 || most.Load() != 4 {
		t.Errorf("%d good answers, %d refused, %d ran at once", good.Load(), refused.Load(), most.Load())
	}
}

// TestHalfOpenClients: connections that say nothing take no place from others.
func TestHalfOpenClients(t *testing.T) {
	t.Parallel()
	socket := serveHere(t, options{running: 2, waiting: 2, handler: http.HandlerFunc(mirror)})
	for range 200 {
		c, err := net.Dial("unix", socket)
		must(t, err)
		defer c.Close()
	}
	for range 50 {
		status, header, err := gateway.Ask(t.Context(), "unix", socket, map[string]string{"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": "/x"})
		if status != 200 || err != nil {
			t.Errorf("beside silent clients: %d %v %v", status, header, err)
		}
	}
}

// TestPipelined sends requests over one client connection through each way: kept connections behind them included.
func TestPipelined(t *testing.T) {
	t.Parallel()
	socket := serveHere(t, options{handler: http.HandlerFunc(mirror)})
	for _, f := range startFronts(t, socket) {
		c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
		must(t, err)
		defer c.Close()
		var text strings.Builder
		for i := range 20 {
			fmt.Fprintf(&text, "POST /api/%d HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\n\r\nok", i, f.host)
		}
		_, err = io.WriteString(c, text.String())
		must(t, err)
		in := bufio.NewReader(c)
		for i := range 20 {
			a, err := http.ReadResponse(in, nil)
			must(t, err)
			b, err := io.ReadAll(a.Body)
			if want := fmt.Sprintf(`"Path":"/api/%d"`, i); err != nil || !strings.Contains(compact(string(b)), want) {
				t.Errorf("%s: answer %d is %.200q %v", f.name, i, b, err)
			}
		}
	}
}
