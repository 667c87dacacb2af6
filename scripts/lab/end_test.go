package lab_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// TestMain lets the test binary play a program that starts servers and is killed: see TestServersDieWithTheirProgram.
func TestMain(m *testing.M) {
	if os.Getenv("LAB_TEST_ROLE") == "program" {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

func program() int {
	db, err := lab.StartMariaDB()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(filepath.Dir(db.Socket))
	host, err := lab.StartHost(lab.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(labDir(host))
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	return 0
}

func labDir(host *lab.Host) string { return filepath.Dir(filepath.Dir(host.Home)) }

// processes lists the running processes whose command line names one of the directories, or whose owner is uid.
func processes(t *testing.T, uid int, dirs ...string) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		command, _ := os.ReadFile(path + "/cmdline") // one that just ended is no trouble
		status, _ := os.ReadFile(path + "/status")
		ours := uid != 0 && strings.Contains(string(status), fmt.Sprintf("\nUid:\t%d\t", uid))
		for _, dir := range dirs {
			ours = ours || strings.Contains(string(command), dir)
		}
		if ours {
			found = append(found, fmt.Sprintf("%s: %q", path, command))
		}
	}
	return found
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	host, db := lab.NewHost(t, lab.Options{PHP: true, FCGID: true}), lab.NewMariaDB(t)
	install(t, host, map[string]string{
		"public_html/index.php": "<?php echo 'started';",
		// Ends neither by itself nor by SIGTERM.
		"public_html/stuck.cgi": script("trap '' TERM HUP; echo begun; while :; do sleep 600; done"),
	})
	wantGet(t, host.URL+"/", "started")
	response, err := http.Get(host.URL + "/stuck.cgi")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); err != nil || line != "begun\n" {
		t.Fatalf("the stuck program says %q, %v", line, err)
	}
	dirs := []string{labDir(host), filepath.Dir(db.Socket)}
	if found := processes(t, host.UID, dirs...); len(found) < 5 { // mariadbd, Apache and its child, PHP, the shell
		t.Errorf("found only %q: this test looks wrongly", found)
	}
	for _, stop := range []func() error{host.Stop, db.Stop} {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	if found := processes(t, host.UID, dirs...); len(found) > 0 {
		t.Errorf("still running: %q", found)
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", dir, err)
		}
	}
}

func TestServersDieWithTheirProgram(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LAB_TEST_ROLE=program")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dirs []string
	t.Cleanup(func() {
		for _, dir := range dirs {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		}
	})
	lines := bufio.NewScanner(stdout)
	for len(dirs) < 2 && lines.Scan() {
		if _, err := os.Stat(lines.Text()); err != nil {
			t.Fatalf("the program says: %s", lines.Text())
		}
		dirs = append(dirs, lines.Text())
	}
	if found := processes(t, 0, dirs...); len(dirs) != 2 || len(found) < 3 {
		t.Errorf("in %q found only %q", dirs, found)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	limit, tick := time.After(2*time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for len(processes(t, 0, dirs...)) > 0 {
		select {
		case <-limit:
			t.Fatalf("still running: %q", processes(t, 0, dirs...))
		case <-tick.C:
		}
	}
}
