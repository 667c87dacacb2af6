package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// cron makes a request as a server does that does not say its own address: one under which the program is not reached
// through a web server at all, as where cron runs it.
func (a *account) cron(method, path string, body any, port string) *answer {
	a.t.Helper()
	text := []byte{}
	cmd := exec.Command(a.program)
	path, query, _ := strings.Cut(path, "?")
	cmd.Env = []string{"GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "HTTP_HOST=a.example", "SERVER_PORT=" + port,
		"DOCUMENT_ROOT=" + filepath.Join(a.home, "public_html"), "REMOTE_ADDR=127.0.0.1", "HTTP_X_AUTH_TOKEN=" + a.token, "REQUEST_METHOD=" + method,
		"REQUEST_URI=/api/" + path + ".php?" + query, "QUERY_STRING=" + query}
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		a.must(err)
		cmd.Env = append(cmd.Env, "CONTENT_TYPE=application/json", "CONTENT_LENGTH="+strconv.Itoa(len(text)))
	}
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	a.must(err)
	_, answered, _ := bytes.Cut(out, []byte("\r\n\r\n"))
	got := &answer{t: a.t, name: method + " " + path, status: http.StatusOK, body: answered}
	if first, _, _ := strings.Cut(string(out), "\r\n"); !strings.HasPrefix(first, "Status: 200") {
		a.t.Fatalf("%s is answered %s", got.name, out)
	}
	return got
}

// TestSitesOfOurOwnNetwork: where the server's address is not known, what an instance is registered with leads to no
// address but a public one, by whatever name. The services of this machine and of its cloud are none of a manager's.
func TestSitesOfOurOwnNetwork(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "sqlite", filepath.Join(built, "api", "vpm.cgi"))
	inside, err := net.Listen("tcp", "127.0.0.1:0")
	a.must(err)
	defer inside.Close()
	reached := make(chan string, 100)
	go func() {
		for {
			conn, err := inside.Accept()
			if err != nil {
				return
			}
			reached <- conn.RemoteAddr().String()
			conn.Close()
		}
	}()
	_, port, err := net.SplitHostPort(inside.Addr().String())
	a.must(err)
	for url, says := range map[string]string{
		"http://169.254.169.254/latest/meta-data/":     "no public address",
		"http://[::ffff:169.254.169.254]/":             "no public address",
		"http://localhost:" + port + "/":               "no public address",
		"http://127.0.0.1:" + port + "/":               "no public address",
		"http://0.0.0.0:" + port + "/":                 "no public address",
		"http://[::ffff:127.0.0.1]:" + port + "/":      "no public address",
		"http://[::1]:" + port + "/":                   "no public address",
		"http://10.0.0.1/":                             "no public address",
		"https://192.168.1.1/":                         "no public address",
		"http://127.0.0.1:3306/":                       "port 3306 is neither 80, 443",
		"http://127.0.0.1:" + port + "@169.254.0.1:22": "", // is refused as an address
	} {
		body := map[string]any{"instance_id": siteID, "url": url}
		if says == "" {
			if got := a.ask("update", body); got.status != 400 {
				t.Errorf("%s is taken: %d %s", url, got.status, got.body)
			}
			continue
		}
		a.cron("POST", "instances/update", body, port)
		var h struct {
			Checks []struct{ Name, Result, Reason string }
		}
		health := a.cron("GET", "instances/health?fresh=1&instance_id="+siteID, nil, port)
		health.decode(&h)
		for _, c := range h.Checks {
			if c.Name == "http" && (c.Result != "unknown" || !strings.Contains(c.Reason, says)) || c.Name == "certificate" && c.Result != "unknown" && c.Result != "skipped" {
				t.Errorf("%s: the check %s is %s: %s", url, c.Name, c.Result, c.Reason)
			}
		}
		if tick := a.cron("GET", "tick", nil, port); tick.field("seen") != 1.0 || len(tick.field("unhealthy").([]any)) > 0 {
			t.Errorf("%s: the tick says %s", url, tick.body)
		}
		// A stop asks nobody either: there is no web server to ask through.
		stop := a.cron("POST", "instances/stop", map[string]any{"instance_id": siteID}, port)
		if stop.field("observed") != "stopped" && !strings.Contains(string(stop.body), "not known") {
			t.Errorf("%s: the stop is answered %s", url, stop.body)
		}
		a.cron("POST", "instances/start", map[string]any{"instance_id": siteID}, port)
	}
	own, err := net.Dial("tcp", inside.Addr().String())
	a.must(err)
	defer own.Close()
	if first := <-reached; first != own.LocalAddr().String() { // they are accepted in their order
		t.Errorf("a service of this machine was asked from %s", first)
	}
}
