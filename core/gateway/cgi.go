// Package gateway connects an http.Handler to the web server: net/http/cgi for one request a process,
// net/http/fcgi for many, with what the two leave out.
package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"vpm/core"
)

// ServeCGI answers the one request of a CGI process. Arguments are never looked at: Apache passes the query
// as such.
func ServeCGI(h http.Handler) {
	// A client that has gone must not end the process before it has logged what it did. SIGTERM may end
	// it at any point: what was to be kept is committed before the first byte of output.
	signal.Ignore(syscall.SIGPIPE)
	r, err := cgi.Request()
	if err != nil { // it could not even be made out
		os.Stdout.Write(refusal("400 Bad Request", core.CodeInvalid, "cannot understand the request: "+err.Error()))
		return
	}
	switch {
	case os.Getenv("CONTENT_LENGTH") == "" && r.Method == http.MethodPost:
		// A chunked body: net/http/cgi takes it for none. The web server ends stdin with it.
		r.Body, r.ContentLength = io.NopCloser(os.Stdin), -1
	case r.Body == nil:
		r.Body = http.NoBody
	}
	passedAuthorization(r, os.Getenv("REDIRECT_HTTP_AUTHORIZATION"))
	a := &cgiAnswer{header: http.Header{}}
	h.ServeHTTP(a, throughServer(r, os.Getenv("SERVER_ADDR"), os.Getenv("SERVER_PORT")))
	a.WriteHeader(http.StatusOK)
	os.Stdout.Write(a.text.Bytes()) // a client that has gone is no failure
}

// cgiAnswer keeps an answer until it is whole, and it goes out in one write: of a program that is killed between two,
// Apache makes an answer that has the status and no body, and looks whole.
type cgiAnswer struct {
	header http.Header
	begun  bool
	text   bytes.Buffer
}

func (a *cgiAnswer) Header() http.Header { return a.header }

func (a *cgiAnswer) WriteHeader(status int) {
	if a.begun {
		return
	}
	a.begun = true
	fmt.Fprintf(&a.text, "Status: %d %s\r\n", status, http.StatusText(status))
	_ = a.header.Write(&a.text) // to memory
	a.text.WriteString("\r\n")
}

func (a *cgiAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.text.Write(b)
}

// throughServer tells the rest of the program through which web server the request came.
func throughServer(r *http.Request, address, port string) *http.Request {
	n, err := strconv.Atoi(port)
	if err != nil {
		n = 0
	}
	return r.WithContext(core.WithServer(r.Context(), core.Server{Address: address, Port: n}))
}

// passedAuthorization takes the header from where an internal redirect has left it.
func passedAuthorization(r *http.Request, redirected string) {
	if redirected != "" && r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", redirected)
	}
}
