package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vpm/scripts/lab"
)

// running is "make run" without the make: the built programs in a directory of their own.
type running struct {
	cmd    *exec.Cmd
	output string // the welcome
	stdout io.Reader
}

func build(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, pkg := range map[string]string{"run": "vpm/scripts/run", "vpm.cgi": "vpm/cgi"} {
		if err := lab.Build(filepath.Join(dir, name), pkg); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func begin(t *testing.T, dir string, port int) *running {
	t.Helper()
	public, err := filepath.Abs("../../public_html")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{cmd: exec.Command(filepath.Join(dir, "run"), public, filepath.Join(dir, "vpm.cgi"))}
	r.cmd.Dir = dir
	r.cmd.Env = append(os.Environ(), "PORT="+strconv.Itoa(port))
	r.cmd.Stderr = os.Stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.cmd.Process.Kill(); r.cmd.Wait() })
	lines := bufio.NewReader(pipe)
	r.stdout = lines
	for !strings.HasPrefix(r.output[strings.LastIndex(strings.TrimSuffix(r.output, "\n"), "\n")+1:], "Ctrl-C") {
		line, err := lines.ReadString('\n')
		r.output += line
		if err != nil {
			t.Fatalf("it ends after %q: %v", r.output, err)
		}
	}
	return r
}

// stop presses Ctrl-C, and checks that the whole process group is gone afterwards.
func (r *running) stop(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, r.stdout)
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if err := syscall.Kill(-r.cmd.Process.Pid, 0); err != syscall.ESRCH {
		t.Errorf("processes are left over: %v", err)
	}
}

// freePort is one that no client of another test has while nobody listens on it, and a listener that takes it.
func freePort(t *testing.T) (int, net.Listener) {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	return port, l
}

// TestRun does what the README says after "make run", line by line as printed.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := build(t)
	port, l := freePort(t)
	taken := exec.Command(filepath.Join(dir, "run"), "x", "y")
	taken.Env = append(os.Environ(), "PORT="+strconv.Itoa(port))
	taken.Dir = dir
	out, err := taken.CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "choose another port") {
		t.Errorf("a taken port: %v %q", err, out)
	}
	if entries, _ := filepath.Glob(filepath.Join(dir, "var")); len(entries) != 0 {
		t.Error("a taken port left var/ behind")
	}
	l.Close()

	r := begin(t, dir, port)
	lines := regexp.MustCompile(`(?m)^(TOKEN=|curl ).*$`).FindAllString(r.output, -1)
	if len(lines) != 5 {
		t.Fatalf("the welcome has not the five lines to paste:\n%s", r.output)
	}
	out, err = exec.Command("bash", "-ec", strings.Join(lines, "\n")).CombinedOutput()
	for _, want := range []string{`"instances":[{`, "Instance deactivated successfully", "Instance activated successfully", `"disk_usage"`} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("the pasted lines give no %s: %v\n%s", want, err, out)
		}
	}
	pasteREADME(t, dir, port)
	for path, want := range map[string]int{"/sample/": 200, "/sample/style.css": 200, "/api/.htaccess": 404, "/api/vpm.cgi": 404, "/vpm.env": 404} {
		resp, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port) + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	stopLine := lines[2]
	if out, err := exec.Command("bash", "-ec", lines[0]+"\n"+stopLine).CombinedOutput(); err != nil || !strings.Contains(string(out), `"observed":"stopped"`) {
		t.Errorf("stop says %v %s", err, out)
	}
	resp, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port) + "/sample/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 503 {
		t.Errorf("the stopped sample answers %d", resp.StatusCode)
	}
	r.stop(t)

	again := begin(t, dir, port)
	if again.output != r.output {
		t.Errorf("the second run says\n%s\nand the first said\n%s", again.output, r.output)
	}
	if out, err := exec.Command("bash", "-ec", lines[0]+"\n"+lines[1]).CombinedOutput(); err != nil || !strings.Contains(string(out), `"instance_id":"sample"`) {
		t.Errorf("the second run has lost the sample: %v %s", err, out)
	}
	again.stop(t)
}

// pasteREADME pastes the lines of the README that are for "make run", with nothing changed but the port.
func pasteREADME(t *testing.T, dir string, port int) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^(TOKEN=|curl ).*127\.0\.0\.1:8080.*$`).FindAllString(string(text), -1)
	if len(lines) != 5 {
		t.Fatalf("the README has %d lines to paste, want 5", len(lines))
	}
	paste := exec.Command("bash", "-ec", strings.ReplaceAll(strings.Join(lines, "\n"), ":8080", ":"+strconv.Itoa(port)))
	paste.Dir = dir
	out, err := paste.CombinedOutput()
	for _, want := range []string{`"instances":[{`, "Instance deactivated successfully", "Instance activated successfully", `"disk_usage"`} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("the README's lines give no %s: %v\n%s", want, err, out)
		}
	}
}
