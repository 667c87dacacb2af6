package usage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vpm/scripts/instrument"
)

// TestMain lets the test binary walk as a process of its own, with few descriptors: the tree
// VPM_WALK, of which it prints the figures.
func TestMain(m *testing.M) {
	root := os.Getenv("VPM_WALK")
	if root == "" {
		os.Exit(m.Run())
	}
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: maxOpen + 20, Max: maxOpen + 20})
	d, err := Walk(context.Background(), Tree{Root: root})
	status, _ := os.ReadFile("/proc/self/status")
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	os.Stdout.WriteString(strings.Join([]string{strconv.FormatInt(d.Bytes, 10), strconv.FormatInt(d.Files, 10),
		strconv.Itoa(d.Unreadable), strings.Fields(peak)[0], strconv.FormatBool(errors.Is(err, fs.ErrPermission))}, " "))
	os.Exit(0)
}

// child walks root in a process of its own, of the user nobody where that is asked for and possible.
func child(t *testing.T, root string, nobody bool) (bytes, files, unreadable, peakKB int, denied bool) {
	t.Helper()
	// The user nobody may not be able to run the file where the tests are built.
	program, err := os.Open("/proc/self/exe")
	must(t, err)
	defer program.Close()
	cmd := exec.Command("/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{program}
	cmd.Env = append(instrument.Environment(instrument.Dir()), "VPM_WALK="+root)
	if nobody && os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	output, err := cmd.CombinedOutput()
	fields := strings.Fields(string(output))
	if err != nil || len(fields) != 5 {
		t.Fatalf("%v: %s", err, output)
	}
	var n [4]int
	for i := range n {
		if n[i], err = strconv.Atoi(fields[i]); err != nil {
			t.Fatalf("%s", output)
		}
	}
	return n[0], n[1], n[2], n[3], fields[4] == "true"
}

func TestUnreadableDirectoriesAreReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file(t, 100, dir, "a")
	file(t, 5000, dir, "closed", "b")
	file(t, 7000, dir, "closed too", "c")
	file(t, 9000, dir, "to be read but not entered", "sub", "d")
	file(t, 9000, dir, "to be read but not entered", "e")
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o755, filepath.Join(dir, "closed"): 0,
		filepath.Join(dir, "closed too"): 0o311, filepath.Join(dir, "to be read but not entered"): 0o444} {
		must(t, os.Chmod(path, mode))
		if os.Geteuid() != 0 {
			t.Cleanup(func() { os.Chmod(path, 0o755) })
		}
	}
	// The last is counted for its file, and for the directory in it.
	if bytes, files, unreadable, _, _ := child(t, dir, true); bytes != 100 || files != 5 || unreadable != 4 {
		t.Errorf("%d bytes, %d entries, %d unreadable", bytes, files, unreadable)
	}
	if _, _, _, _, denied := child(t, filepath.Join(dir, "closed"), true); !denied {
		t.Error("a root that may not be read is no error")
	}
}

// The listing of all these would take more than 30 MB.
func TestMemoryOfHugeDirectory(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/dev/shm", "vpm-test-") // so many files take a disk a while
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	at, err := unix.Open(dir, unix.O_DIRECTORY, 0)
	must(t, err)
	defer unix.Close(at)
	first := file(t, 10, dir, strings.Repeat("n", 100))
	const entries = 300_000
	for i := range entries - 1 {
		must(t, unix.Linkat(at, filepath.Base(first), at, strconv.Itoa(i), 0))
	}
	const directories = 20_000
	for i := range directories {
		must(t, unix.Mkdirat(at, "directory with a long name "+strconv.Itoa(i), 0o700))
	}
	_, _, _, little, _ := child(t, t.TempDir(), false)
	bytes, files, unreadable, peak, _ := child(t, dir, false)
	if bytes != 10 || files != 2+directories || unreadable != 0 || peak > little+16<<10 {
		t.Errorf("%d bytes, %d entries, %d unreadable, %d kB where an empty directory takes %d kB", bytes, files, unreadable, peak, little)
	}
	if d, passes := walked(t, Tree{Root: dir, MaxEntries: 90_000}); d.Bytes != 10 || d.Files != 2+directories || passes < 4 {
		t.Errorf("in %d passes: %+v", passes, d)
	}
}
