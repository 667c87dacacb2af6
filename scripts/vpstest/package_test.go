package vpstest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The versions of the package, of the same length: the later one is the earlier with another version in it.
const first, second = "7.7.1-vpstest", "7.7.2-vpstest"

// TestPackage installs, upgrades, removes and purges the Debian package on a server that was made by hand before.
func TestPackage(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.setUp(s.database("sqlite"))
	before := s.wholeTree()
	s.packages()

	s.sh("/opt/vpm install")
	s.apt("install ./vpm-" + first + ".deb") // which owns the program from now on
	s.wantServer(first)
	s.wantUpgrade()
	s.wantTablesUpgraded()

	user := s.move()
	s.awaitPage(s.copyOf(user), user)
	if out, err := s.tryApt("remove vpm"); err == nil || !strings.Contains(out, "it runs ") {
		t.Errorf("the package is removed while a site runs from it: %v\n%s", err, out)
	}
	s.wantServer(second)
	s.wantPage(s.copyOf(user), user)
	for _, operation := range []string{"undo", "remove"} {
		s.call("POST", "instances/move.php", map[string]any{"instance_id": "blog", "operation": operation})
	}
	s.awaitPage(original, "www-data")
	s.apt("remove vpm")
	s.wantGone()
	s.sh("mkdir -p /etc/vpm; echo VPM_MODE=auto >/etc/vpm/vpm.env") // by hand
	s.apt("purge vpm")
	if kept := s.sh("find /srv/vpm/.removed -name index.php"); kept == "" {
		t.Error("the purge took a site away")
	}
	s.sh("rm -r /srv/vpm/.removed; rmdir --ignore-fail-on-non-empty /srv/vpm")
	sameLines(t, "after the purge", before, s.wholeTree())

	s.apt("install ./vpm-" + second + ".deb")
	if left := s.sh("ls -d /etc/vpm /var/lib/vpm /run/vpmd 2>/dev/null || true; systemctl list-unit-files --no-legend 'vpm*' || true"); left != "" {
		t.Errorf("the package alone makes a server: %s", left)
	}
	s.sh("cmp /usr/share/vpm/api/.htaccess " + docroot + "/api/.htaccess; test -x /usr/share/vpm/api/vpm.cgi; test -f /usr/share/vpm/vpm/index.html")
	s.sh("vpm install")
	s.wantServer(second)
	s.apt("purge vpm")
	s.wantGone()
	sameLines(t, "after the purge of a server", before, s.wholeTree())
}

// packages builds both versions of the package and puts them where apt is run.
func (s *server) packages() {
	s.t.Helper()
	dir := s.t.TempDir()
	build := exec.CommandContext(s.t.Context(), "go", "run", "./scripts/dist", "-o", dir, "-only", "linux-amd64")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "VERSION="+first)
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("cannot build the package: %v\n%s", err, out)
	}
	made, err := filepath.Glob(filepath.Join(dir, "*_amd64.deb"))
	if err != nil || len(made) != 1 {
		s.t.Fatalf("the packages are %q, %v", made, err)
	}
	if err := s.CopyIn(made[0], "/root/vpm-"+first+".deb"); err != nil {
		s.t.Fatal(err)
	}
	s.sh("cd /root; dpkg-deb -R vpm-" + first + ".deb next; sed -i 's/^Version: 7.7.1/Version: 7.7.2/' next/DEBIAN/control")
	program, err := s.ReadFile("/root/next/usr/lib/vpm/vpm")
	if err != nil || !bytes.Contains(program, []byte(first)) {
		s.t.Fatalf("the package's program does not know its version (%v)", err)
	}
	program = bytes.ReplaceAll(program, []byte(first), []byte(second))
	// A unit that differs has to lose no request either.
	program = bytes.ReplaceAll(program, []byte("Description=VPM, the Virtual Process Manager\n"), []byte("Description=VPM, the Virtual Process manager\n"))
	if err := s.WriteFile("/root/next/usr/lib/vpm/vpm", program, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.sh("cd /root; dpkg-deb -b next vpm-" + second + ".deb; rm -r next")
}

func (s *server) tryApt(words string) (string, error) {
	return s.Run(s.limited(), "bash", "-c", "cd /root; DEBIAN_FRONTEND=noninteractive exec apt-get -qq -y "+words+" 2>&1")
}

func (s *server) apt(words string) {
	s.t.Helper()
	if out, err := s.tryApt(words); err != nil {
		s.t.Fatalf("apt-get %s: %v\n%s\n%s", words, err, out, s.Journal("vpm.service"))
	}
}

// wantServer wants the server of that version to answer, and nothing left to install.
func (s *server) wantServer(version string) {
	s.t.Helper()
	if mode := s.call("GET", "mode.php", nil); mode["mode"] != "real" {
		s.t.Errorf("the server says %v", mode)
	}
	if out := s.sh("/proc/$(systemctl show -p MainPID --value vpm.service)/exe version; vpm version"); out != "vpm "+version+"\nvpm "+version {
		s.t.Errorf("the version that runs, and the one on disk: %q, want %s", out, version)
	}
	if out := s.sh("vpm install"); !strings.Contains(out, "nothing is to be done") {
		s.t.Errorf("vpm install has something left to do: %s", out)
	}
}

// wantUpgrade upgrades while requests come in and one is in flight: all are answered.
func (s *server) wantUpgrade() {
	s.t.Helper()
	old := s.sh("systemctl show -p MainPID --value vpm.service")
	held := s.hold()
	ctx := s.limited()
	done := make(chan struct{})
	var clients sync.WaitGroup
	var answered [4]int
	for i := range answered {
		clients.Go(func() {
			for open(done) {
				if err := s.verify(ctx); err != nil {
					s.t.Error("during the upgrade:", err)
					return
				}
				answered[i]++
			}
		})
	}
	upgraded := make(chan struct{})
	go func() {
		defer close(upgraded)
		if out, err := s.tryApt("install ./vpm-" + second + ".deb"); err != nil {
			s.t.Errorf("the upgrade: %v\n%s", err, out)
		}
	}()
	err := s.Wait(ctx, func() bool { return s.sh("systemctl show -p ActiveState --value vpm.service") == "deactivating" })
	if err != nil {
		s.t.Error("the upgrade does not replace the server:", err)
	}
	if pid := s.sh("systemctl show -p MainPID --value vpm.service"); pid != old {
		s.t.Errorf("the server did not wait for a request in flight: its PID was %s and is %s", old, pid)
	}
	held.wantAnswer(s.t)
	<-upgraded
	if err := s.verify(ctx); err != nil {
		s.t.Error("after the upgrade:", err)
	}
	close(done)
	clients.Wait()
	for _, n := range answered {
		if n == 0 {
			s.t.Errorf("requests answered by client: %v", answered)
		}
	}
	s.wantServer(second)
	if unit := s.sh("systemctl show -p Description --value vpm.service"); !strings.Contains(unit, "Process manager") {
		s.t.Errorf("the upgrade did not bring the new unit: %s", unit)
	}
}

func open(done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// verify wants the API's answer to a request that needs the database.
func (s *server) verify(ctx context.Context) error {
	a, err := s.ask(ctx, "GET", "http://shop.test/api/auth/verify.php", nil)
	if err == nil && a.status != 200 {
		err = fmt.Errorf("verify says %v", a)
	}
	return err
}

// held is a request that the server has begun to read, and whose last byte was not sent.
type held struct {
	conn   io.ReadWriteCloser
	answer *bufio.Reader
}

// padding is more than Apache reads ahead before it asks the server.
const padding = 40_000

func (s *server) hold() held {
	s.t.Helper()
	conn, err := s.Dial(s.limited(), "tcp", "127.0.0.1:80")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /api/auth/login.php HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\nConnection: close\r\n\r\n{%s", padding+2, strings.Repeat(" ", padding))
	err = s.Wait(s.limited(), func() bool {
		return s.sh("grep -c ' 03 .* /run/vpmd/vpm.sock' /proc/net/unix || true") != "0"
	})
	if err != nil {
		s.t.Fatal("the server did not get the request that is held:", err)
	}
	return held{conn, bufio.NewReader(conn)}
}

func (h held) wantAnswer(t *testing.T) {
	t.Helper()
	io.WriteString(h.conn, "}")
	resp, err := http.ReadResponse(h.answer, nil)
	if err != nil {
		t.Error("the request in flight:", err)
		return
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 400 || !strings.Contains(string(text), "Username and password required") {
		t.Errorf("the request in flight: %s %s %v", resp.Status, text, err)
	}
}

// wantGone wants the upload to answer again, by itself.
func (s *server) wantGone() {
	s.t.Helper()
	if mode := s.call("GET", "mode.php", nil); mode["mode"] != "virtual" {
		s.t.Errorf("after the removal: %v", mode)
	}
	s.wantPage(original, "www-data")
	if left := s.sh("getent passwd | grep ^vpm || true; systemctl list-units --all --no-legend 'vpm*'; ls -d /run/vpm* /usr/lib/vpm /usr/share/vpm /usr/bin/vpm /var/lib/vpm* 2>/dev/null || true"); left != "" {
		s.t.Errorf("after the removal there is %s", left)
	}
}

// wholeTree lists all files of the VPS but those that change by themselves.
func (s *server) wholeTree() string {
	s.t.Helper()
	return s.sh(`find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /root -o -path /opt \
		-o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd -o -path /var/lib/php \
		-o -path /var/lib/nginx -o -path /var/lib/PackageKit \
		-o -path /home/shop/vpm-data \) -prune -o -printf '%p %y %m %u:%g %l\n' | grep -Ev '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)- ' | sort`)
}
