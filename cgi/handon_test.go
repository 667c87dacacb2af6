package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"testing"
)

// TestHandsOnToTheServer: where the account may connect to a server on the machine, that answers, under CGI and under
// mod_fcgid. Where it may not, as is usual under suEXEC, the uploaded program goes on answering.
func TestHandsOnToTheServer(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		socket := s.serverInside()
		who := func() string { return s.get("/mode.php").header.Get("X-Answered-By") }
		for _, c := range []struct {
			mode os.FileMode
			want string
		}{{0o600, ""}, {0o666, "server"}, {0o600, ""}} {
			s.must(os.Chmod(socket, c.mode))
			if got := who(); got != c.want {
				t.Errorf("with the mode %o of the socket it is answered by %q, want %q", c.mode, got, c.want)
			}
			answered := map[string]int{"": 200, "server": 503}
			s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(answered[c.want])
		}
		if got := s.get("/instances/status.php?instance_id=wp-test-001").want(200).field("status"); got != "stopped" {
			t.Errorf("the instance is %v", got)
		}
	})
}

// serverInside starts a server at the place of vpm's that only the host's Apache and its programs see.
func (s *site) serverInside() (socket string) {
	s.t.Helper()
	s.insideHost("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
	s.insideHost("mkdir", "/run/vpmd")
	socket = fmt.Sprintf("/proc/%s/root/run/vpmd/vpm.sock", s.apache())
	l, err := net.Listen("unix", socket)
	s.must(err)
	s.t.Cleanup(func() { l.Close() })
	go fcgi.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{"X-Answered-By": "server", "Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, `{"success":false,"message":"the server","error":"the server","code":"unavailable","request_id":"0"}`)
	}))
	return socket
}
