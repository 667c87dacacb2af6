package httpapi

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"vpm/core"
)

// Codes of HTTP itself, which the domain does not know.
const (
	codeMethod   core.Code = "method_not_allowed"
	codeTooLarge core.Code = "too_large"
)

// httpStatus is the one map from codes to HTTP.
var httpStatus = map[core.Code]int{
	core.CodeInvalid:         http.StatusBadRequest,
	core.CodeUnauthenticated: http.StatusUnauthorized,
	core.CodeForbidden:       http.StatusForbidden,
	core.CodeNotFound:        http.StatusNotFound,
	core.CodeConflict:        http.StatusConflict,
	core.CodeBusy:            http.StatusConflict,
	core.CodeNotEffective:    http.StatusConflict,
	core.CodeThrottled:       http.StatusTooManyRequests,
	core.CodeUnavailable:     http.StatusServiceUnavailable,
	core.CodeInternal:        http.StatusInternalServerError,
	codeMethod:               http.StatusMethodNotAllowed,
	codeTooLarge:             http.StatusRequestEntityTooLarge,
}

// failure is the body of every answer that reports one.
type failure struct {
	Success   bool      `json:"success"`
	Message   string    `json:"message"` // for older pages
	Error     string    `json:"error"`   // for newer ones: the same sentence
	Code      core.Code `json:"code"`
	RequestID string    `json:"request_id,omitempty"`
}

// panicError is a panic on its way to the log.
type panicError struct {
	value any
	stack []byte
}

func panicked(v any) error {
	stack := debug.Stack()
	return &panicError{v, stack[:min(len(stack), 4<<10)]} // a host's error log is no place for more
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// write sends one answer, in one piece with its length: whatever it says is already committed.
func (a *API) write(w http.ResponseWriter, c *call, value any, err error) {
	if err != nil {
		value = a.failure(c, err)
	}
	page, other := value.(http.Handler) // which writes something else than JSON
	var body []byte
	if value != nil && !other {
		if body, err = json.Marshal(value); err != nil {
			body, err = json.Marshal(a.failure(c, err))
		}
		if err != nil { // a failure is five strings
			body = []byte(`{"success":false,"code":"internal"}`)
		}
		body = append(body, '\n')
	}
	h := w.Header()
	for name, values := range c.header {
		h[name] = values
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if other {
		told := &statusWriter{w, http.StatusOK}
		page.ServeHTTP(told, c.Request)
		c.status = told.status
		return
	}
	h.Set("Content-Type", "application/json")
	if body != nil {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if c.status == 0 {
		c.status = http.StatusOK
	}
	w.WriteHeader(c.status)
	w.Write(body) // a client that has gone is no failure
}

// statusWriter knows with which status a handler of somebody else's has answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// failure turns an error into the body that reports it. Errors that are not for people are logged whole
// under an id, and only the id is answered.
func (a *API) failure(c *call, err error) failure {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		e = core.Errorf(core.CodeInternal, "Internal error").Because(err)
	}
	f := failure{Message: e.Message, Error: e.Message, Code: e.Code}
	c.status = httpStatus[e.Code]
	if e.RetryAfter > 0 {
		c.header.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if c.status == 0 || c.status >= 500 {
		f.RequestID = requestID()
		if e.Code == core.CodeInternal || c.status == 0 {
			c.status, f.Code = http.StatusInternalServerError, core.CodeInternal
			f.Message, f.Error = "Internal error", "Internal error"
		}
		a.logFailure(c, f.RequestID, err)
	}
	if c.status == http.StatusUnauthorized {
		c.header.Set("WWW-Authenticate", `Bearer realm="vpm"`)
	}
	return f
}

func (a *API) logFailure(c *call, id string, err error) {
	line := a.Log.Error().Str("request_id", id).Str("method", c.Method).Str("path", c.URL.Path).Str("client", c.client.address)
	if p, ok := errors.AsType[*panicError](err); ok {
		line = line.Bytes("stack", p.stack)
	}
	line.Msg(err.Error())
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
