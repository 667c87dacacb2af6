package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strconv"

	"vpm/core"
)

// answer holds what a handler says until the handler is done, so that a client who takes it slowly holds up
// nobody else's turn, and a handler that panics half way leaves no half of an answer.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// send passes the answer on. A client that has gone is no failure.
func (a *answer) send(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	w.WriteHeader(a.status)
	w.Write(a.body.Bytes())
}

// run asks the handler. A panic, which net/http/fcgi would end the process for, becomes an answer.
func (s *Server) run(r *http.Request) (a *answer) {
	a = &answer{header: http.Header{}}
	defer func() {
		if p := recover(); p != nil {
			s.logf("panic in a request for %s: %v\n%s", r.URL.Path, p, debug.Stack())
			a = failed(http.StatusInternalServerError, core.CodeInternal, "Internal error")
		}
	}()
	s.Handler.ServeHTTP(a, r)
	return a
}

// failed is the contract's answer for what the API does not get to see.
func failed(status int, code core.Code, message string) *answer {
	a := &answer{header: http.Header{}, status: status}
	a.body.Write(failureBody(code, message))
	a.header.Set("Content-Type", "application/json")
	a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.header.Set("X-Content-Type-Options", "nosniff")
	a.header.Set("Cache-Control", "no-store")
	return a
}

func busy() *answer {
	a := failed(http.StatusServiceUnavailable, core.CodeBusy, "cannot answer now: too many requests are under way, try again in a moment")
	a.header.Set("Retry-After", "1")
	return a
}

func failureBody(code core.Code, message string) []byte {
	body, err := json.Marshal(map[string]any{"success": false, "message": message, "error": message, "code": code})
	if err != nil { // strings and a bool
		body = []byte(`{"success":false,"code":"internal"}`)
	}
	return append(body, '\n')
}

// refusal is the whole answer of a CGI program to a request that it cannot even make out. status is code and
// words.
func refusal(status string, code core.Code, message string) []byte {
	head := "Status: " + status + "\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
	return append([]byte(head), failureBody(code, message)...)
}
