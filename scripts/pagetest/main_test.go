package pagetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vpm/scripts/lab"
)

// built is the directory with what is uploaded: public_html with both programs in it.
var built string

// server is the program that a server of one's own runs.
var server string

// modules is where scripts/setup has put the packages of package-lock.json.
var modules string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) (err error) {
		if modules, err = findModules(); err != nil {
			return err
		}
		built, server = filepath.Join(dir, "public_html"), filepath.Join(dir, "vpm")
		return errors.Join(
			os.CopyFS(built, os.DirFS("../../public_html")),
			lab.Build(filepath.Join(built, "api", "vpm.cgi"), "vpm/cgi"),
			lab.BuildFor("386", filepath.Join(built, "api", "vpm-386.cgi"), "vpm/cgi"),
			lab.Build(server, "vpm/fcgi"))
	})
}

func findModules() (string, error) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "vpm", fmt.Sprintf("pagetest-%x", sha256.Sum256(lock))[:len("pagetest-")+16])
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("%w: run scripts/setup", err)
	}
	return dir, nil
}
