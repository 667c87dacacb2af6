package vpslab_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/scripts/vpslab"
)

// remains lists what there is of the VPS with this directory, whose last element is its name: processes by their cgroup
// or command line, mounts, cgroups, and its files.
func remains(t *testing.T, dir string) (found []string) {
	t.Helper()
	name := filepath.Base(dir)
	for _, pattern := range []string{"/proc/[0-9]*/cgroup", "/proc/[0-9]*/cmdline", "/proc/[0-9]*/mountinfo"} {
		for _, path := range glob(t, pattern) {
			text, _ := os.ReadFile(path) // one that just ended is no trouble
			for line := range strings.Lines(string(text)) {
				if strings.Contains(line, name) {
					found = append(found, path+": "+line)
				}
			}
		}
	}
	for _, pattern := range []string{dir, "/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name, "/run/systemd/nspawn/*/" + name} {
		found = append(found, glob(t, pattern)...)
	}
	return found[:min(len(found), 10)] // enough to say, and to know that it looks rightly
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// awaitNothing is for when the dead are left to the machine's first process, which takes its time.
func awaitNothing(t *testing.T, dir string) {
	t.Helper()
	limit, tick := time.After(2*time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for len(remains(t, dir)) > 0 {
		select {
		case <-limit:
			t.Fatalf("left: %q", remains(t, dir))
		case <-tick.C:
		}
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	v, other := vpslab.New(t, vpslab.Options{}), vpslab.New(t, vpslab.Options{Unified: true})
	// Ends neither by itself nor by SIGTERM; the second in no unit.
	run(t, v, "systemd-run", "--unit=stuck", "sh", "-c", "trap '' TERM; while :; do sleep 600; done")
	stuck := exec.Command("/bin/sleep", "601")
	if err := v.Start(stuck); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- stuck.Wait() }()
	if found := remains(t, v.Dir()); len(found) < 10 {
		t.Errorf("found only %q: this test looks wrongly", found)
	}
	for range 2 {
		if err := v.Stop(); err != nil {
			t.Error(err)
		}
	}
	if found := remains(t, v.Dir()); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	var exit *exec.ExitError
	if err := <-waited; !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("a process outside the units ended with %v", err)
	}
	if out, err := v.Run(limited(t), "true"); err == nil {
		t.Errorf("it runs programs after Stop: %q", out)
	}

	wantRun(t, other, "running", "systemctl", "is-system-running") // it did not notice
	if err := other.Stop(); err != nil {
		t.Error(err)
	}
	if found := remains(t, other.Dir()); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}

func TestPowerOffLeavesNothing(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	run(t, v, "systemctl", "--no-block", "poweroff")
	err := v.Wait(limited(t), func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "is off") {
		t.Errorf("Wait says %v", err)
	}
	if found := remains(t, v.Dir()); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	if err := v.Reboot(limited(t)); err == nil {
		t.Error("it rebooted after it was switched off")
	}
}

func TestStopAfterTheKeeperWasKilled(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	if err := v.Keeper().Kill(); err != nil {
		t.Fatal(err)
	}
	if err := v.Stop(); err != nil {
		t.Error(err)
	}
	awaitNothing(t, v.Dir())
}

func TestVPSDiesWithItsProgram(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "VPSLAB_TEST_ROLE=wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
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
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || !filepath.IsAbs(lines.Text()) {
		t.Fatalf("the program says: %s", lines.Text())
	}
	dir := lines.Text()
	if found := remains(t, dir); len(found) < 10 {
		t.Errorf("found only %q: this test looks wrongly", found)
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil { // and its process group
		t.Fatal(err)
	}
	_ = cmd.Wait()
	awaitNothing(t, dir)
}

// onOverlay gives the program a root on overlayfs that it can also write its temporary files to, as in a container.
const onOverlay = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir up work root
mount -t overlay -o lowerdir=/,upperdir=up,workdir=work overlay root
for dir in proc sys dev; do mount --rbind "/$dir" "root/$dir"; done
cp "$2" root/program
mkdir root/before
cd root
pivot_root . before
umount --lazy before
TMPDIR=/ exec chroot . /program
`

func TestRootOnOverlay(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("/bin/sh", "-c", onOverlay, "sh", t.TempDir(), os.Args[0])
	cmd.Env = append(os.Environ(), "VPSLAB_TEST_ROLE=once")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	var dir, state string
	if _, scanned := fmt.Sscan(string(out), &dir, &state); err != nil || scanned != nil || state != "running" || filepath.Dir(dir) != "/dev/shm" {
		t.Errorf("on overlayfs: %v\n%s", err, out)
	}
	if dir == "" {
		return
	}
	if found := remains(t, dir); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}

func TestNeedsRoot(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("/proc/self/fd/3")
	cmd.Env = append(os.Environ(), "VPSLAB_TEST_ROLE=once")
	cmd.Dir = "/"
	program, err := os.Open(os.Args[0]) // it may lie where another user may not look
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	cmd.ExtraFiles = []*os.File{program}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "needs root") {
		t.Errorf("as another user: %v\n%s", err, out)
	}
}
