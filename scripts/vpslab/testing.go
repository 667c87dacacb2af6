package vpslab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// New is Boot for one test: the VPS is stopped when the test ends. What its console showed is told of a test that failed.
func New(t testing.TB, options Options) *VPS {
	t.Helper()
	v, err := Boot(options)
	if err != nil {
		t.Fatalf("%v (is everything there? run scripts/setup)", err)
	}
	t.Cleanup(func() {
		if err := v.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the console of the VPS:\n%s", v.Console())
		}
	})
	return v
}

// stepLimit is far more than one step of a test takes on a busy machine.
const stepLimit = 2 * time.Minute

// Limited is a context for one step of a test. It ends with the test at the latest.
func Limited(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stepLimit)
	t.Cleanup(cancel)
	return ctx
}

// Script has bash run a script as root, which ends at the first command that fails and fails the test then. It returns
// what was printed, without the space around it.
func (v *VPS) Script(t testing.TB, script string) string {
	t.Helper()
	out, err := v.Run(Limited(t), "bash", "-e", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// ClientOf is HTTPClient for the server on another port, with a connection for each request.
func (v *VPS) ClientOf(port int) *http.Client {
	c := v.HTTPClient()
	c.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return v.Dial(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	}}
	return c
}
