// Command hello is the yardstick: the least a Go program under net/http/cgi can do.
package main

import (
	"io"
	"net/http"
	"net/http/cgi"
	"os"
)

func main() {
	err := cgi.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello\n")
	}))
	if err != nil {
		os.Exit(1)
	}
}
