package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vpm/scripts/lab"
)

// built is the directory with what is uploaded: public_html with the program in it.
var built string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) error {
		built = filepath.Join(dir, "public_html")
		return errors.Join(os.CopyFS(built, os.DirFS("../public_html")), lab.Build(filepath.Join(built, "api", "vpm.cgi"), "."))
	})
}
