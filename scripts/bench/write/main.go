// Command write is hello with one atomic write: of what it is sent, to the file that WRITE names. It does the least
// there is to do so that after a power failure the file is the old or the new one whole, and once this has answered,
// the new one.
package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
)

func main() {
	err := cgi.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = write(os.Getenv("WRITE"), data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "written\n")
	}))
	if err != nil {
		os.Exit(1)
	}
}

func write(path string, data []byte) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	f, err := os.CreateTemp(dir.Name(), ".yardstick-")
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync()); err != nil {
		return err
	}
	return errors.Join(os.Rename(f.Name(), path), dir.Sync())
}
