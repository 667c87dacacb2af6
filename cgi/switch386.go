package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Programs that lie side by side in api/ of the upload for linux/amd64.
const (
	programMain  = "vpm.cgi"       // what the web server runs
	program386   = "vpm-386.cgi"   // the same for 32 bits, which needs a fifteenth of the address space
	programAMD64 = "vpm-amd64.cgi" // what was vpm.cgi before the switch
)

// maxUnread is how much of a body is read and thrown away, in bytes: mod_cgid cuts the answer to a client whose
// body was left unread.
const maxUnread = 16 << 20

// switchable lets vpm-386.cgi answer POST …/switch386 by taking the place of a vpm.cgi that cannot run on this
// host. Everything else goes to next. In other builds it is next itself and costs nothing.
func switchable(next http.Handler) http.Handler {
	if runtime.GOARCH != "386" {
		return next
	}
	return &switch386{next: next, program: ownFile()}
}

// ownFile is the running program's file. Arguments say nothing about it: they are the client's.
func ownFile() string {
	if file, err := os.Executable(); err == nil {
		return file
	}
	return os.Getenv("SCRIPT_FILENAME") // a host without /proc; the web server sets it
}

// switch386 needs no login: it can only do what the host's limits force already. It uses neither settings nor
// database, for there are none before a program runs.
type switch386 struct {
	next    http.Handler
	program string // the file that runs
}

// outcome is an answer; code is "" for success.
type outcome struct {
	status  int
	code    string
	message string
	cause   error // for the log only
}

// ServeHTTP looks at the path of each request, since under FastCGI one process answers many.
func (s *switch386) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(path.Base(path.Clean("/"+r.URL.Path)), ".php")
	if name != "switch386" || filepath.Base(s.program) != program386 {
		s.next.ServeHTTP(w, r)
		return
	}
	if r.Body != nil {
		io.CopyN(io.Discard, r.Body, maxUnread)
	}
	o := s.answer(r)
	if o.cause != nil {
		fmt.Fprintf(os.Stderr, "%s: %s: %q\n", program386, o.message, o.cause.Error())
	}
	o.write(w)
}

func (s *switch386) answer(r *http.Request) outcome {
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		return outcome{status: http.StatusNoContent}
	default:
		return outcome{http.StatusMethodNotAllowed, "method_not_allowed", "cannot use " + r.Method + " here, only POST", nil}
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return outcome{http.StatusForbidden, "forbidden", "cannot accept this from a page of another site", err}
	}
	o, err := s.change(r.Context())
	if errors.Is(err, errChanged) {
		// Another request switched, or somebody uploaded, between the look and the change: look again.
		o, err = s.change(r.Context())
	}
	if err != nil {
		return outcome{http.StatusServiceUnavailable, "unavailable", "cannot switch to the 32-bit program: " + byHand, err}
	}
	return o
}

// byHand is what people can do where this program cannot.
const byHand = "in your host's file manager rename " + programMain + " to " + programAMD64 + ", then " + program386 + " to " + programMain

// change switches if that is what the host forces. An error is one of the file system, or errChanged.
func (s *switch386) change(ctx context.Context) (outcome, error) {
	target := filepath.Join(filepath.Dir(s.program), programMain)
	was, err := os.Lstat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return outcome{http.StatusServiceUnavailable, "unavailable", "cannot find " + programMain + " beside " + program386 + ": upload it", nil}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	same, err := sameContent(target, s.program)
	if err != nil {
		return outcome{}, err
	}
	if same {
		return outcome{http.StatusOK, "", programMain + " is the 32-bit program already", nil}, nil
	}
	if o, refused := refuse(ctx, target); refused {
		// What runs may be what another request has just put there.
		return o, unchanged(target, was)
	}
	if err := install(s.program, target, was); err != nil {
		return outcome{}, err
	}
	return outcome{http.StatusOK, "", programMain + " is the 32-bit program now; the 64-bit one is kept as " + programAMD64, nil}, nil
}

// refuse tells why the program in target is to stay, or that it does not run for want of memory.
func refuse(ctx context.Context, target string) (o outcome, refused bool) {
	bits, err := programBits(target)
	switch {
	case err != nil: // an upload that is incomplete, or still going on
		return outcome{http.StatusServiceUnavailable, "unavailable", "cannot switch: " + programMain + " is not a whole program; upload it again", err}, true
	case bits != 64:
		return outcome{http.StatusConflict, "conflict", "cannot switch: " + programMain + " is a 32-bit program already, though not the same as " + program386, nil}, true
	}
	switch seen, cause := try(ctx, target); seen {
	case runs:
		return outcome{http.StatusConflict, "conflict", "cannot switch: the 64-bit program runs on this host", nil}, true
	case lacksProcesses:
		return outcome{http.StatusConflict, "conflict", "cannot switch: the 64-bit program was refused processes, not memory, and the 32-bit one needs as many; try again when the account is less busy", cause}, true
	case undecided:
		return outcome{http.StatusServiceUnavailable, "unavailable", "cannot tell whether the 64-bit program runs on this host; if it does not, " + byHand, cause}, true
	default:
		fmt.Fprintf(os.Stderr, "%s: the 64-bit program does not run: %q\n", program386, cause.Error())
		return outcome{}, false
	}
}

func (o outcome) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	switch o.status {
	case http.StatusMethodNotAllowed, http.StatusNoContent:
		h.Set("Allow", "POST, OPTIONS")
	}
	if o.status == http.StatusNoContent {
		w.WriteHeader(o.status)
		return
	}
	var answer any = struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
	}{true, o.message}
	if o.code != "" {
		answer = struct {
			Success bool   `json:"success"`
			Message string `json:"message"`
			Error   string `json:"error"`
			Code    string `json:"code"`
		}{false, o.message, o.message, o.code}
	}
	body, err := json.Marshal(answer)
	if err != nil { // strings and a bool
		body = []byte(`{"success":false,"code":"internal"}`)
	}
	body = append(body, '\n')
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(o.status)
	w.Write(body) // a client that has gone is no failure
}
