package pagetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (code int, err error) {
	if modules, err = findModules(); err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "vpm-pagetest-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	built = filepath.Join(dir, "public_html")
	if err := os.CopyFS(built, os.DirFS("../../public_html")); err != nil {
		return 1, err
	}
	server = filepath.Join(dir, "vpm")
	for to, from := range map[string][2]string{
		filepath.Join(built, "api", "vpm.cgi"):     {"../../cgi", ""},
		filepath.Join(built, "api", "vpm-386.cgi"): {"../../cgi", "GOARCH=386"},
		server: {"../../fcgi", ""},
	} {
		build := exec.Command("go", "build", "-buildmode=exe", "-o", to, from[0])
		build.Env = append(os.Environ(), "CGO_ENABLED=0", from[1])
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("cannot build %s: %w\n%s", filepath.Base(to), err, out)
		}
	}
	defer stopMariaDB()
	return m.Run(), nil
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

var (
	mariaDBStarted bool
	mariaDB        = sync.OnceValues(func() (*lab.MariaDB, error) {
		mariaDBStarted = true
		return lab.StartMariaDB()
	})
)

func stopMariaDB() {
	if mariaDBStarted {
		if db, err := mariaDB(); err == nil {
			db.Stop()
		}
	}
}
