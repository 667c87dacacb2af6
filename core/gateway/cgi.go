// Package gateway connects an http.Handler to the web server: net/http/cgi for one request a process,
// net/http/fcgi for many, with what the two leave out.
package gateway

import (
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
	ran := false
	err := cgi.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ran = true
		if os.Getenv("CONTENT_LENGTH") == "" && r.Method == http.MethodPost {
			// A chunked body: net/http/cgi takes it for none. The web server ends stdin with it.
			r.Body, r.ContentLength = io.NopCloser(os.Stdin), -1
		}
		passedAuthorization(r, os.Getenv("REDIRECT_HTTP_AUTHORIZATION"))
		h.ServeHTTP(w, throughServer(r, os.Getenv("SERVER_ADDR"), os.Getenv("SERVER_PORT")))
	}))
	if err != nil && !ran { // the request could not even be made out; else the client has gone
		os.Stdout.Write(refusal("400 Bad Request", core.CodeInvalid, "cannot understand the request: "+err.Error()))
	}
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
