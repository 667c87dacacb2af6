package php

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

const token = "vpm_a-secret-that-nobody-may-see"

// methods are all that ask something of an instance.
var methods = []string{"startInstance:blog", "stopInstance:blog", "restartInstance:blog", "getInstanceStatus:blog", "getResourceUsage:blog",
	"monitorInstanceHealth:blog", "getMode", "canUseRealProcessManager"}

// wantException wants calls to throw, with a message that has words, and never to show the token.
func (c Caller) wantException(t *testing.T, words string, calls ...string) []Outcome {
	t.Helper()
	outcomes, dump := c.Call(t, calls...)
	for i, got := range outcomes {
		if got.Exception == "" || !strings.Contains(got.Message, words) {
			t.Errorf("%s gives %v %s %q; want an exception that says %q", calls[i], got.Answer, got.Exception, got.Message, words)
		}
		if shown := got.Trace + dump; strings.Contains(shown, token) || strings.Contains(shown, token[:15]) {
			t.Errorf("%s shows the token: %s", calls[i], shown)
		}
	}
	return outcomes
}

func options(url string, more ...any) map[string]any {
	list := map[string]any{"url": url, "token": token, "program": "", "config": "/nonexistent", "timeout": 120, "connect_timeout": 120}
	for i := 0; i+1 < len(more); i += 2 {
		list[more[i].(string)] = more[i+1]
	}
	return list
}

// answering is a server that answers every request with text, as it is.
func answering(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = fmt.Fprint(conn, text)
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/api"
}

// TestNoAnswer: whatever else comes than an answer of vpm is an exception of every method.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	for url, words := range map[string]string{
		closed.URL:             "Connection refused",
		answering(t, ""):       "does not answer as a web server does",
		answering(t, "hello"):  "does not answer as a web server does",
		"http://no host/api":   "VPM_API_URL",
		"http://user:pw@x/api": "VPM_API_URL",
		"ftp://127.0.0.1/api":  "VPM_API_URL",
		answering(t, "HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\n\r\n<h1>Busy</h1>"):                                "it is no answer of vpm (HTTP 503)",
		answering(t, "HTTP/1.1 200 OK\r\n\r\n[1]"):                                                                       "it is no answer of vpm (HTTP 200)",
		answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true}"):                                 "it was cut off",
		answering(t, "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/api\r\nContent-Type: text/html\r\n\r\n"): "it redirects to https://elsewhere.example/api",
	} {
		Caller{Options: options(url)}.wantException(t, words, methods...)
	}
}

// TestFailures: what vpm refuses is an array of a change and an exception of a read.
func TestFailures(t *testing.T) {
	t.Parallel()
	answers := map[int]string{400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "not_effective", 429: "throttled", 503: "unavailable"}
	for status, code := range answers {
		url := answering(t, fmt.Sprintf("HTTP/1.1 %d No\r\nContent-Type: application/json\r\n\r\n"+
			`{"success":false,"message":"a sentence","error":"a sentence","code":"%s","new":1}`, status, code))
		c := Caller{Options: options(url)}
		changes, _ := c.Call(t, methods[:3]...)
		for _, got := range changes {
			if fmt.Sprint(got.Answer) != "map[code:"+code+" error:a sentence message:a sentence success:false]" {
				t.Errorf("%d: a change gives %v %s", status, got.Answer, got.Message)
			}
		}
		for _, got := range c.wantException(t, "a sentence", "getInstanceStatus:blog", "getResourceUsage:blog", "getMode", "canUseRealProcessManager") {
			if got.Code != status {
				t.Errorf("%d: the exception has the code %d", status, got.Code)
			}
		}
		if status == 400 || status == 404 {
			health, _ := c.Call(t, "monitorInstanceHealth:blog")
			if fmt.Sprint(health[0].Answer) != "map[healthy:false reason:Instance not found]" {
				t.Errorf("the health of an unknown instance is %v", health[0])
			}
			continue
		}
		c.wantException(t, "a sentence", "monitorInstanceHealth:blog")
	}
}

// TestTimeLimits: a server that takes the connection and says nothing, and one that does not even take it.
func TestTimeLimits(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent := "http://" + l.Addr().String() + "/api" // the kernel connects, and nobody reads
	Caller{Options: options(silent, "timeout", 0.3)}.wantException(t, "has not answered in 0.3 seconds", "getMode", "startInstance:blog")
	dripping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
		}
	}))
	defer dripping.Close()
	Caller{Options: options(dripping.URL, "timeout", 0.3)}.wantException(t, "has not answered in 0.3 seconds", "getMode")

	full, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(full)
	if err := syscall.Bind(full, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(full, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(full)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	waiting, err := net.Dial("tcp", address) // all that fit in its queue
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	Caller{Options: options("http://"+address+"/api", "connect_timeout", 0.3)}.wantException(t, "cannot ask http://"+address+"/api: Connection timed out", "getMode")
}

// TestTLS: a certificate of nobody known is refused, and one that is for another host.
func TestTLS(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"success":%t,"mode":"virtual"}`, r.Header.Get("X-Auth-Token") == token)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that go away
	server.StartTLS()
	t.Cleanup(server.Close)
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authorities, text, 0o600); err != nil {
		t.Fatal(err)
	}
	Caller{Options: options(server.URL)}.wantException(t, "certificate verify failed", "getMode")
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	Caller{Options: options(byName, "ca_file", authorities)}.wantException(t, "did not match", "getMode")
	if asked.Load() != 0 {
		t.Error("a server that was not verified was asked")
	}
	got, _ := Caller{Options: options(server.URL, "ca_file", authorities)}.Call(t, "getMode")
	if got[0].Answer != "virtual" {
		t.Errorf("over TLS: %+v", got[0])
	}
}

// TestRedirectsAreNotFollowed: the token is for one server.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	Caller{Options: options(server.URL)}.wantException(t, "it redirects to "+elsewhere.URL, methods...)
	if asked.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

// TestChild: programs that cannot be run, and such that do not answer.
func TestChild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		syscall.ForkLock.RLock() // no child may hold a program open that is to be run (golang/go#22315)
		defer syscall.ForkLock.RUnlock()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sleeper := program("sleeper", "#!/bin/sh\nexec /bin/sleep 600\n", 0o755)
	answers := program("answers", "#!/bin/sh\nprintf 'Status: 200 OK\\r\\n\\r\\n{\"success\":true,\"mode\":\"'\nenv | sort | tr '\\n' ' '\nprintf '\"}'\n", 0o755)
	for path, words := range map[string]string{
		filepath.Join(dir, "none"):                  "it is not there",
		program("plain", "#!/bin/sh\n", 0o644):      "lacks the permissions 755",
		program("silent", "#!/bin/sh\n", 0o755):     "it is no answer of vpm",
		program("page", "#!/bin/sh\necho x", 0o755): "it is no answer of vpm",
	} {
		Caller{Options: options("", "program", path)}.wantException(t, words, methods...)
	}
	Caller{Options: options("", "program", sleeper, "timeout", 0.3)}.wantException(t, "has not answered in 0.3 seconds", "getMode")
	Caller{Options: options("", "program", answers), INI: []string{"disable_functions=proc_open"}}.wantException(t, "this host has disabled proc_open", methods...)
	Caller{Options: options("", "program", answers), INI: []string{"disable_functions=stream_socket_client,proc_open"}}.wantException(t, "disabled proc_open", "getMode")
	Caller{Options: options("http://127.0.0.1/api"), INI: []string{"disable_functions=stream_socket_client"}}.wantException(t, "makes no such connections", methods...)

	// The environment is that of a CGI program and no other. (PHP leaves out what is empty.)
	got, _ := Caller{Options: options("", "program", answers), Env: []string{"SECRET_OF_PHP=x", "HTTP_PROXY=x"}}.Call(t, "getMode")
	environment, _ := got[0].Answer.(string)
	var names []string
	for variable := range strings.FieldsSeq(environment) {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "PWD" || name == "_" || name == "SHLVL" || name == "OLDPWD" }) // of the shell
	want := strings.Fields("CONTENT_LENGTH CONTENT_TYPE DOCUMENT_ROOT GATEWAY_INTERFACE HTTP_HOST HTTP_X_AUTH_TOKEN REMOTE_ADDR REQUEST_METHOD REQUEST_URI SERVER_PROTOCOL")
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("the program has the environment %v (%+v), want %v", names, got[0], want)
	}
}

// TestSettings: the file as people write it, and one that is no good.
func TestSettings(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"success":true,"mode":%q}`, r.Header.Get("X-Auth-Token"))
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "vpm.env")
	write := func(text string, mode os.FileMode) Caller {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		return Caller{Env: []string{"VPM_CONFIG=" + file}, Options: map[string]any{"program": ""}}
	}
	for line, want := range map[string]string{
		"VPM_API_TOKEN=" + token:                                    token,
		"export VPM_API_TOKEN = '" + token + "' # mine":             token,
		"VPM_API_TOKEN=\"" + token + `\$\"\\"` + "\r":               token + `$"\`,
		"# VPM_API_TOKEN=x\nVPM_API_TOKEN=" + token + "#1 # mine\r": token + "#1",
	} {
		got, _ := write("\uFEFFVPM_DB_DRIVER=sqlite\nVPM_API_URL=\""+server.URL+"/api/\"\n"+line+"\n", 0o600).Call(t, "getMode")
		if got[0].Answer != want {
			t.Errorf("%q gives the token %v %s", line, got[0].Answer, got[0].Message)
		}
	}
	write("VPM_API_TOKEN="+token, 0o644).wantException(t, "other users may read it", methods...)
	write("VPM_API_URL="+server.URL, 0o600).wantException(t, "without a token", methods...)
	write("VPM_API_TOKEN="+token, 0o600).wantException(t, "cannot find vpm", methods...)
	write("VPM_API_TOKEN='"+token+"\u00e9'", 0o600).wantException(t, "without a token", "getMode")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	Caller{Env: []string{"VPM_CONFIG=" + file}}.wantException(t, "there is no file "+file, "getMode")
}

// TestSyntaxOfPHP74 looks for what 7.4 cannot read. What it has to find is tried as well.
func TestSyntaxOfPHP74(t *testing.T) {
	t.Parallel()
	c := Caller{INI: []string{"extension=tokenizer"}}
	newer := func(path string) string {
		out, err := c.run("newer.php", nil, path)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if found := newer("VirtualProcessManager.php"); found != "" {
		t.Errorf("PHP 7.4 does not know: %s", found)
	}
	path := filepath.Join(t.TempDir(), "newer.php")
	for _, code := range []string{"$a = match (1) { 1 => 2 };", "enum A {}", "class A { readonly int $b; }", "$a?->b();", "str_contains($a, $b);",
		"function f(#[\\SensitiveParameter] $a) {}", "$a = $b ?? throw $c;", "f(a: 1);", "function f(\n$a,\n) {}", "class A { function __construct(private $a) {} }",
		"function f(int|string $a) {}", "function f(mixed $a) {}", "function f(): mixed {}", "try {} catch (E) {}"} {
		if err := os.WriteFile(path, []byte("<?php\n"+code+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if newer(path) == "" {
			t.Errorf("nothing is found in %s", code)
		}
	}
}
