//go:build linux

package systemd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"vpm/core"
	"vpm/scripts/instrument"
	"vpm/scripts/vpslab"
)

// TestMain lets the test binary be the process inside the VPS.
func TestMain(m *testing.M) {
	switch os.Getenv("VPM_SYSTEMD_INSIDE") {
	case "":
	case "attempts":
		serveAttempts()
		return
	default:
		serveInside()
		return
	}
	code := m.Run()
	if shared.used {
		lab, _ := shared.boot()
		if lab != nil {
			if err := errors.Join(lab.leave(), lab.Stop()); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// lab is a VPS with vpm's units, and a process in it that is vpm's server to systemd.
type lab struct {
	*vpslab.VPS
	client *rpc.Client
	cmd    *exec.Cmd
}

// shared is the VPS of the tests that do no harm to each other.
var shared = struct {
	used bool
	once sync.Once
	boot func() (*lab, error)
}{boot: sync.OnceValues(func() (*lab, error) { return newLab(vpslab.Options{}) })}

func sharedLab(t *testing.T) *lab {
	t.Helper()
	shared.once.Do(func() { shared.used = true })
	l, err := shared.boot()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ownLab(t *testing.T, options vpslab.Options) *lab {
	t.Helper()
	l, err := newLab(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.leave(), l.Stop()); err != nil {
			t.Error(err)
		}
	})
	return l
}

func newLab(options vpslab.Options) (*lab, error) {
	v, err := vpslab.Boot(options)
	if err != nil {
		return nil, err
	}
	l := &lab{VPS: v}
	if err := errors.Join(l.install(), l.enter()); err != nil {
		return nil, errors.Join(err, v.Stop())
	}
	return l, nil
}

const program = "/usr/lib/vpm/test"

func (l *lab) install() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	files, err := Files("/usr/sbin/php-fpm8.2")
	if err != nil {
		return err
	}
	for path, text := range files {
		err = errors.Join(err, l.WriteFile(path, []byte(text), 0o644))
	}
	err = errors.Join(err, l.CopyIn(self, program))
	_, running := l.Run(context.Background(), "sh", "-e", "-c",
		"systemd-sysusers; systemd-tmpfiles --create 2>/dev/null || true; systemctl daemon-reload; systemctl restart polkit")
	return errors.Join(err, running)
}

// enter starts the process inside, as the hardened unit of the server would.
func (l *lab) enter() error {
	l.cmd = exec.Command("/usr/bin/setpriv", "--reuid=vpmd", "--regid=vpmd", "--init-groups", "--no-new-privs", program)
	l.cmd.Env = append(instrument.Environment(instrument.Inside), "VPM_SYSTEMD_INSIDE=1", "PATH=/usr/bin:/bin")
	l.cmd.Dir = "/"
	l.cmd.Stderr = os.Stderr
	in, err := l.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := l.Start(l.cmd); err != nil {
		return err
	}
	l.client = rpc.NewClient(struct {
		io.Reader
		io.WriteCloser
	}{out, in})
	return nil
}

func (l *lab) leave() error {
	if err := l.client.Close(); err != nil && !errors.Is(err, rpc.ErrShutdown) {
		return err
	}
	_ = l.cmd.Wait() // killed by a reboot, or ended by the end of its input
	return nil
}

func (l *lab) call(t *testing.T, method string, ask, answer any) {
	t.Helper()
	done := l.client.Go("Inside."+method, ask, answer, nil).Done
	select {
	case call := <-done:
		if call.Error != nil {
			t.Fatalf("%s(%+v): %v", method, ask, call.Error)
		}
	case <-time.After(5 * time.Minute):
		t.Fatalf("%s(%+v) does not come to an end", method, ask)
	}
}

func (l *lab) ask(t *testing.T, method string, ask Ask) (a Answer) {
	t.Helper()
	l.call(t, method, ask, &a)
	return a
}

// must is an ask that has to succeed.
func (l *lab) must(t *testing.T, method string, ask Ask) Answer {
	t.Helper()
	a := l.ask(t, method, ask)
	if a.Message != "" {
		t.Fatalf("%s(%+v): %s (%s)\n%s", method, ask, a.Message, a.Code, l.Journal(UnitName(ask.Slug)))
	}
	return a
}

// run starts the instance as the run of this name and gives the PID of its master.
func (l *lab) run(t *testing.T, slug, run string) int {
	t.Helper()
	l.must(t, "Settle", Ask{Slug: slug, Run: run, Insist: true})
	a := l.ask(t, "Look", Ask{Slug: slug, Run: run})
	if a.Seen.Observed != core.ObservedRunning || a.Process.PID.Real == 0 {
		t.Fatalf("after the start of %s: %+v, %+v", slug, a.Seen, a.Process)
	}
	return a.Process.PID.Real
}

func (l *lab) root(t *testing.T, script string) string {
	t.Helper()
	return l.Script(t, script)
}

// wait waits until the instance's unit is as it should be.
func (l *lab) wait(t *testing.T, slug string, ready func(Detail) bool) Detail {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var d Detail
	err := l.VPS.Wait(ctx, func() bool {
		d = l.ask(t, "Look", Ask{Slug: slug}).Result.Unit
		return ready(d)
	})
	if err != nil {
		t.Fatalf("%s: %v\n%s", d.Seen(), err, l.Journal(UnitName(slug)))
	}
	return d
}

// provision makes instances as provisioning does: user, directories, pool, limits, and the unit enabled.
func (l *lab) provision(t *testing.T, pools ...Pool) {
	t.Helper()
	var users, dirs, units []string
	for _, p := range pools {
		text, err := p.Render()
		if err != nil {
			t.Fatal(err)
		}
		limits, err := Limits{Memory: 128 * Megabyte, CPU: 150, Tasks: 32}.Render()
		if err != nil {
			t.Fatal(err)
		}
		l.write(t, "/etc/vpm/pools/"+p.Slug+".conf", text)
		l.write(t, LimitsFile(p.Slug), limits)
		l.write(t, "/srv/vpm/"+p.Slug+"/htdocs/index.php", "<?php echo 'hello';")
		users = append(users, "u vpm-"+p.Slug+" -\n")
		dirs = append(dirs, fmt.Sprintf("install -d -o vpm-%[1]s /srv/vpm/%[1]s/logs /srv/vpm/%[1]s/sessions\n", p.Slug))
		units = append(units, UnitName(p.Slug))
	}
	provisioning.Lock() // users have one lock for all
	defer provisioning.Unlock()
	l.root(t, "systemd-sysusers - <<'.'\n"+strings.Join(users, "")+".\n"+strings.Join(dirs, "")+"systemctl daemon-reload")
	l.root(t, "systemctl enable -q "+strings.Join(units, " "))
}

var provisioning sync.Mutex

func (l *lab) write(t *testing.T, path, text string) {
	t.Helper()
	if err := l.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
