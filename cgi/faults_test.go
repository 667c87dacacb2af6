package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

// TestDatabaseDown: 503 within 3 seconds, nothing reopened, and back by itself.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	for _, fcgid := range []bool{false, true} {
		t.Run(fmt.Sprintf("fcgid=%v", fcgid), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, stack{driver: "mysql", fcgid: fcgid, own: true})
			s.createInstance()
			down := func(what string) {
				t.Helper()
				for _, ask := range []func() *answer{
					func() *answer { return s.get("/instances/list.php") },
					func() *answer { return s.get("/instances/status.php?instance_id=wp-test-001") },
					func() *answer { return s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}) },
					func() *answer {
						return s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword})
					},
					func() *answer { return s.get("/setup.php") },
				} {
					// What takes too long, does so each time; a machine that is busy with something else, now and then.
					for try := 1; ; try++ {
						begun := time.Now()
						a := ask().want(503).says("unavailable", "cannot")
						took := time.Since(begun)
						if strings.Contains(string(a.body), s.dbPass) {
							t.Errorf("the password is in the answer %s", a.body)
						}
						if took <= 3*time.Second {
							break
						}
						if try == 5 {
							t.Fatalf("%s, database %s: 503 after %v, the limit is 3 s", a.name, what, took)
						}
					}
				}
			}
			s.db.Kill()
			down("killed")
			s.must(s.db.Restart())
			s.get("/instances/list.php").want(200)
			s.must(s.db.Pause())
			down("frozen")
			s.must(s.db.Resume())
			s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
			s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
			if strings.Contains(s.host.ErrorLog(), s.dbPass) {
				t.Error("the password is in the log")
			}
		})
	}
}

// TestDataDirectory: missing, or read-only, it makes every call 503, creates nothing and reopens nothing.
func TestDataDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	s.createInstance()
	data := filepath.Join(s.host.Home, "vpm-data")
	broken := func(why string) {
		t.Helper()
		s.get("/instances/list.php").want(503).says("unavailable", why)
		s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(503)
		s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(503)
		s.get("/setup.php").want(503)
		s.post("/setup.php", map[string]any{"code": "x", "db_driver": "sqlite", "username": "me", "password": adminPassword}).want(503)
	}
	s.must(os.Rename(data, data+"-away"))
	broken("cannot find the database")
	s.post("/reset.php", nil).want(503)
	if _, err := os.Stat(data); err == nil {
		t.Error("a request made the data directory anew")
	}
	s.must(os.Mkdir(data, 0o700))
	s.must(s.host.Chown(data))
	broken("cannot find the database")
	s.must(os.Remove(data))
	s.must(os.Rename(data+"-away", data))
	s.get("/instances/list.php").want(200)

	s.must(os.Chmod(data, 0o500)) // the program is not root, so modes count for it
	broken("cannot be written")
	s.must(os.Chmod(data, 0o700))
	s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(200)

	settings := filepath.Join(s.host.Home, "vpm.env")
	s.must(os.Chown(settings, 0, s.host.GID))
	s.must(os.Chmod(settings, 0o644))
	s.get("/instances/list.php").want(503).says("unavailable", settings)
	s.must(os.Chown(settings, s.host.UID, s.host.GID))
	s.get("/instances/list.php").want(200)
	if info, err := os.Stat(settings); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings were not closed to others: %v %v", info, err)
	}
	text, err := os.ReadFile(settings)
	s.must(err)
	s.must(os.WriteFile(settings, append([]byte("VPM_DATADIR=x\n"), text...), 0o600))
	s.get("/instances/list.php").want(503).says("unavailable", "VPM_DATADIR")
	s.must(os.WriteFile(settings, append([]byte("VPM_SESSION_TTL=soon\n"), text...), 0o600))
	s.get("/instances/list.php").want(503).says("unavailable", "VPM_SESSION_TTL")
}

// TestDiskFull fills the file system of the data directory under a running panel.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	s.createInstance()
	s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
	// The host has a mount namespace of its own: the small disk is mounted in there, and goes with it.
	data := filepath.Join(s.host.Home, "vpm-data")
	s.insideHost("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=512k,mode=0700,uid=%d,gid=%d", s.host.UID, s.host.GID), "tmpfs", data)
	s.get("/instances/list.php").want(503)
	s.insideHost("umount", data)

	s.insideHost("sh", "-c", fmt.Sprintf("cp -a %[1]s %[1]s-full && mount -t tmpfs -o size=512k,mode=0700,uid=%[2]d,gid=%[3]d tmpfs %[1]s && cp -a %[1]s-full/. %[1]s/", data, s.host.UID, s.host.GID))
	s.get("/instances/list.php").want(200)
	s.insideHost("sh", "-c", "dd if=/dev/zero of="+data+"/filler bs=1k 2>/dev/null || true")
	for range 3 {
		s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(503)
	}
	s.insideHost("rm", data+"/filler")
	if st := s.get("/instances/status.php?instance_id=wp-test-001").want(200); st.field("status") != "stopped" {
		t.Errorf("after the disk was full the status is %s", st.body)
	}
	s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
}

// insideHost runs a command as root in the mount namespace of the host's Apache.
func (s *site) insideHost(command ...string) {
	s.t.Helper()
	out, err := exec.Command("nsenter", append([]string{"-t", s.apache(), "-m", "--"}, command...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("cannot run %q inside the host: %v %s", command, err, out)
	}
}

// apache is a process of the host's Apache.
func (s *site) apache() (pid string) {
	s.t.Helper()
	entries, err := os.ReadDir("/proc")
	s.must(err)
	ours := func(pid string) bool {
		cmdline, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
		return err == nil && strings.HasPrefix(string(cmdline), "/usr/sbin/apache2") && strings.Contains(string(cmdline), filepath.Dir(filepath.Dir(s.host.Home)))
	}
	for _, e := range entries {
		if !ours(e.Name()) {
			continue
		}
		status, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "status"))
		_, rest, _ := strings.Cut(string(status), "PPid:")
		if parent := strings.Fields(rest); len(parent) > 0 && !ours(parent[0]) { // its children may be just about to become a program
			return e.Name()
		}
	}
	s.t.Fatal("cannot find the host's Apache")
	return ""
}

// TestOneChangeAtATime has many clients change one instance at once: every answer that says changed has its
// event, and the last one is the state.
func TestOneChangeAtATime(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql"}, {driver: "sqlite"}, {driver: "mysql", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.createInstance()
			var wg sync.WaitGroup
			var mu sync.Mutex
			pids, changes := map[string]int{}, 0
			for client := range 10 {
				wg.Go(func() {
					for i := range 6 {
						action := []string{"start", "stop", "restart"}[(client+i)%3]
						a := s.post("/instances/"+action+".php", map[string]any{"instance_id": "wp-test-001", "reason": fmt.Sprint(client, "-", i)})
						if a.status != 200 {
							t.Errorf("%s: %d %s", action, a.status, a.body)
							return
						}
						mu.Lock()
						if a.field("changed") == true {
							changes++
							if pid, ok := a.field("virtual_pid").(string); ok {
								pids[pid]++
							}
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			for pid, n := range pids {
				if n != 1 {
					t.Errorf("%d runs are called %s", n, pid)
				}
			}
			if s.db == nil {
				return
			}
			events, err := s.db.Exec("SELECT COUNT(*) FROM " + s.dbName + ".vpm_events WHERE action IN ('start','stop','restart')")
			s.must(err)
			if events != fmt.Sprint(changes) {
				t.Errorf("%d changes were answered and %s events stored", changes, events)
			}
			last, err := s.db.Exec("SELECT action FROM " + s.dbName + ".vpm_events ORDER BY id DESC LIMIT 1")
			s.must(err)
			want := map[string]any{"stop": "stopped"}[last]
			if want == nil {
				want = "running"
			}
			if got := s.get("/instances/status.php?instance_id=wp-test-001").want(200).field("status"); got != want {
				t.Errorf("the last event is %s and the status %v", last, got)
			}
		})
	}
}

// TestBusy holds the lock of an instance for longer than a change waits.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "mysql"})
	s.createInstance()
	db, err := sql.Open("mysql", "root@unix("+s.db.Socket+")/"+s.dbName)
	s.must(err)
	defer db.Close()
	holder, err := db.Begin()
	s.must(err)
	var id int
	s.must(holder.QueryRow("SELECT id FROM instances WHERE instance_id = 'wp-test-001' FOR UPDATE").Scan(&id))
	busy := s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(409).says("busy", "try again")
	if busy.header.Get("Retry-After") == "" {
		t.Error("busy without Retry-After")
	}
	s.get("/instances/status.php?instance_id=wp-test-001").want(200)
	s.must(holder.Rollback())
	s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
}

// TestLogStaysSmall: every CGI process makes one change and ends, and SQLite's write-ahead log, which each of them
// reads, must not grow with their number.
func TestLogStaysSmall(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	s.createInstance()
	wal := filepath.Join(s.host.Home, "vpm-data", "vpm.sqlite-wal")
	for range 60 {
		s.post("/instances/restart.php", map[string]any{"instance_id": "wp-test-001"}).want(200)
		if info, err := os.Stat(wal); err != nil || info.Size() > 256<<10 {
			t.Fatalf("the write-ahead log: %v %v, want at most 256 kB", info.Size(), err)
		}
	}
}
