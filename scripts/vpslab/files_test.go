package vpslab_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"vpm/scripts/vpslab"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	// /var/run is an absolute symlink, which must not lead out of the VPS.
	if err := v.WriteFile("/var/run/new/deep/tool", []byte("#!/bin/sh\necho tool\n"), 0o751|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	wantRun(t, v, "4751 root tool", "sh", "-c", "echo $(stat --format='%a %U' /run/new/deep/tool) $(/run/new/deep/tool)")
	if _, err := os.Lstat("/run/new/deep"); !os.IsNotExist(err) {
		t.Errorf("it was written outside (%v)", err)
	}
	if data, err := v.ReadFile("/var/run/new/deep/tool"); err != nil || !strings.HasSuffix(string(data), "echo tool\n") {
		t.Errorf("ReadFile: %q, %v", data, err)
	}
	for _, path := range []string{"etc/relative", "/", ""} {
		if err := v.WriteFile(path, nil, 0o644); err == nil {
			t.Errorf("WriteFile took %q", path)
		}
	}

	src := t.TempDir()
	if err := os.MkdirAll(filepath.Join(src, "tree/private"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(src, "tree/private/program"), []byte("#!/bin/sh\necho copied\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("private/program", filepath.Join(src, "tree/link")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time all is there
		if err := v.CopyIn(filepath.Join(src, "tree"), "/opt/app"); err != nil {
			t.Fatal(err)
		}
	}
	wantRun(t, v, "copied", "/opt/app/link")
	wantRun(t, v, "700 700", "sh", "-c", "echo $(stat --format=%a /opt/app/private /opt/app/private/program)")
	if err := v.CopyIn(filepath.Join(src, "tree/private/program"), "/opt/alone"); err != nil {
		t.Fatal(err)
	}
	wantRun(t, v, "copied", "/opt/alone")
	if err := v.CopyIn(filepath.Join(src, "missing"), "/opt/missing"); err == nil {
		t.Error("CopyIn copied what is not there")
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	write(t, v, "/etc/systemd/system/echo@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/cat\n")
	write(t, v, "/etc/systemd/system/echo.socket",
		"[Socket]\nAccept=yes\nListenStream=127.0.0.1:7\nListenStream=/run/echo.sock\n")
	run(t, v, "systemctl", "start", "echo.socket")
	before := namespaces(t)
	var all sync.WaitGroup
	for range 5 {
		for network, address := range map[string]string{"tcp": "localhost:7", "tcp4": "vps.test:7", "unix": "/run/echo.sock"} {
			all.Go(func() { echo(t, v, network, address) })
		}
	}
	all.Wait()
	if after := namespaces(t); before != after {
		t.Errorf("this process was in %s and is in %s", before, after)
	}
	if conn, err := v.Dial(limited(t), "tcp", "127.0.0.1:9"); err == nil {
		t.Errorf("a port that nobody serves: %v", conn.Close())
	}
}

func echo(t *testing.T, v *vpslab.VPS, network, address string) {
	conn, err := v.Dial(limited(t), network, address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Error(err)
		return
	}
	answer := make([]byte, 5)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "hello" {
		t.Errorf("%s %s answers %q, %v", network, address, answer, err)
	}
}

// namespaces tells where the main thread is, which the runtime may lend to any goroutine.
func namespaces(t *testing.T) (names string) {
	t.Helper()
	for _, kind := range []string{"mnt", "net", "pid_for_children"} {
		name, err := os.Readlink("/proc/self/ns/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		names += name + " "
	}
	return names
}

func TestOwnThreadIsNeverTheMainOne(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			vpslab.OnOwnThread(func() {
				if syscall.Gettid() == os.Getpid() {
					t.Error("called on the main thread")
				}
			})
		})
	}
	all.Wait()
}
