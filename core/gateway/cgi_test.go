package gateway

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestAnswerGoesOutWhole kills a program amid its handler, when the head of the answer has been given: nothing of it may
// be out yet, for Apache makes a whole answer with an empty body of a head alone.
func TestAnswerGoesOutWhole(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"killed": "",
		"lives":  "Status: 201 Created\r\nContent-Type: application/json\r\n\r\n{\"a\":1}",
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "GATEWAY_TEST_CGI="+how, "GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=GET",
			"HTTP_HOST=localhost", "REQUEST_URI=/")
		out, err := cmd.Output()
		if string(out) != want || (err == nil) != (how == "lives") {
			t.Errorf("%s: it answered %q, %v; want %q", how, out, err, want)
		}
	}
}

// answerOnce plays a CGI program that is killed after the head of its answer, or lives.
func answerOnce(how string) {
	ServeCGI(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		io.Copy(w, strings.NewReader(`{"a":`))
		if how == "killed" {
			syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {}
		}
		io.WriteString(w, "1}")
	}))
}
