// Package disttest tries what people download: the zips that "make dist" packs, extracted on a shared host.
package disttest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/scripts/lab"
)

// sources is a copy of what is packed, so that work on the checkout goes on meanwhile.
var sources string

// version is what git describe says of a checkout that is being worked on.
const version = "v0.1-3-gabc-dirty"

// dist is the directory of the files that were packed.
var dist string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) error {
		sources, dist = filepath.Join(dir, "sources"), filepath.Join(dir, "dist")
		if err := copySources("../..", sources, 0o777); err != nil {
			return err
		}
		return makeDist(sources, dist)
	})
}

// copySources copies what "make dist" needs, with no rights but those in mask.
func copySources(from, to string, mask fs.FileMode) error {
	for _, part := range []string{"Makefile", "go.mod", "go.sum", "cgi", "core", "fcgi", "htaccess", "public_html", "scripts/dist", "scripts/package", "scripts/php/VirtualProcessManager.php"} {
		err := filepath.WalkDir(filepath.Join(from, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			target := filepath.Join(to, strings.TrimPrefix(path, from))
			if d.IsDir() {
				return os.MkdirAll(target, 0o755&mask)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return errors.Join(os.MkdirAll(filepath.Dir(target), 0o755&mask), os.WriteFile(target, data, 0o644&mask))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// makeDist runs "make dist" in a checkout.
func makeDist(checkout, into string, env ...string) error {
	cmd := exec.Command("make", "dist", "DIST="+into, "VERSION="+version)
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make dist: %w\n%s", err, out)
	}
	return nil
}

func zipOf(system string) string { return filepath.Join(dist, "vpm-"+version+"-"+system+".zip") }

// startUploaded starts a shared host where the account has extracted the zip for linux/amd64 in public_html.
func startUploaded(t *testing.T, options lab.Options) *lab.Host {
	t.Helper()
	host := lab.NewHost(t, options)
	unzip := exec.Command("unzip", "-q", zipOf("linux-amd64"), "-d", host.Docroot)
	unzip.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(host.UID), Gid: uint32(host.GID)}}
	if out, err := unzip.CombinedOutput(); err != nil {
		t.Fatalf("unzip: %v\n%s", err, out)
	}
	return host
}

func api(host *lab.Host, name string) string { return filepath.Join(host.Docroot, "api", name) }

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// list gives the names in a directory, to see that nothing is left over.
func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// upload puts a file of api/ in place by rename, as the documentation says.
func upload(t *testing.T, host *lab.Host, name, content string) {
	t.Helper()
	fresh := api(host, name+".new")
	syscall.ForkLock.RLock() // no child of another test may hold it open for writing when it is run (golang/go#22315)
	err := os.WriteFile(fresh, []byte(content), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Chown(fresh); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, api(host, name)); err != nil {
		t.Fatal(err)
	}
}
