package gatetest

import (
	"os"
	"path/filepath"
	"testing"

	"vpm/scripts/lab"
)

// serverDir makes a directory that the servers' own users may enter, with an empty docroot.
func serverDir(t *testing.T) string {
	t.Helper()
	dir := lab.NewDir(t)
	if err := os.Mkdir(filepath.Join(dir, "docroot"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
