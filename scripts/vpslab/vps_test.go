package vpslab_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/vpslab"
)

func TestBoots(t *testing.T) {
	t.Parallel()
	for name, unified := range map[string]bool{"machine": false, "unified": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := vpslab.New(t, vpslab.Options{Unified: unified})
			wantRun(t, v, "running", "systemctl", "is-system-running")
			wantRun(t, v, "", "systemctl", "--failed", "--no-legend")
			wantRun(t, v, "vps", "hostname")
			wantRun(t, v, `o "/org/freedesktop/systemd1/unit/dbus_2eservice"`, "busctl", "call", "org.freedesktop.systemd1",
				"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "GetUnit", "s", "dbus.service")
			wantRun(t, v, "lo", "ls", "/sys/class/net", "--ignore=bonding_masters")
			wantRun(t, v, "up", "sh", "-c", "ip -o -4 address show up | grep -q 127.0.0.1 && echo up")

			_, err := os.Stat(v.Root() + "/sys/fs/cgroup/cgroup.procs")
			if isV2 := err == nil; isV2 != (v.Cgroup() == 2) {
				t.Errorf("Cgroup() = %d, cgroup.procs at its top: %v", v.Cgroup(), err)
			}
			if unified && v.Cgroup() != 2 {
				t.Errorf("Cgroup() = %d with Unified", v.Cgroup())
			}
		})
	}
}

func TestIsAloneAndSeesNothingOfOthers(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	ours := filepath.Join(t.TempDir(), "ours")
	if err := os.WriteFile(ours, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{ours, here, v.Dir(), "/usr/sbin/policy-rc.d"} {
		if out, err := v.Run(limited(t), "ls", "-d", path); err == nil {
			t.Errorf("it sees %s", out)
		}
	}
	wantRun(t, v, "", "find", "/home", "/opt", "/srv", "/mnt", "-mindepth", "1")
	if id := run(t, v, "cat", "/etc/machine-id"); len(id) != 32 {
		t.Errorf("its machine ID is %q", id)
	}
	for _, unit := range []string{"apache2", "mariadb", "nginx"} {
		if state, err := v.Run(limited(t), "systemctl", "is-enabled", unit); err == nil {
			t.Errorf("%s is %s", unit, state)
		}
	}

	write(t, v, "/etc/theirs", "theirs")
	run(t, v, "rm", "/usr/sbin/apache2")
	run(t, v, "mv", "/usr/share/wordpress", "/usr/share/moved")
	for _, path := range []string{"/usr/sbin/apache2", "/usr/share/wordpress/wp-load.php"} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("what it removed is gone outside: %v", err)
		}
	}
	if _, err := os.Stat("/etc/theirs"); !os.IsNotExist(err) {
		t.Errorf("what it wrote is outside (%v)", err)
	}
	for _, path := range []string{"/proc/self/mountinfo", "/proc/mounts"} {
		if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), v.Name()) {
			t.Errorf("its mounts are in %s (%v):\n%s", path, err, text)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	ctx := limited(t)
	wantRun(t, v, "0 / /root", "sh", "-c", `echo $(id -u) $PWD $HOME`)
	out, err := v.Run(ctx, "sh", "-c", "echo seen; echo why >&2; exit 7")
	var exit *exec.ExitError
	if out != "seen\n" || !errors.As(err, &exit) || exit.ExitCode() != 7 || !strings.Contains(err.Error(), "why") {
		t.Errorf("a failing program: %q, %v", out, err)
	}
	if _, err := v.Run(ctx, "no-such-program"); err == nil {
		t.Error("a program that is not there was run")
	}
	if out, err := v.RunInput(ctx, strings.NewReader("in"), "cat"); out != "in" || err != nil {
		t.Errorf("standard input: %q, %v", out, err)
	}

	run(t, v, "useradd", "--create-home", "--groups", "www-data,adm", "editor")
	out, err = v.RunAs(ctx, "editor", "sh", "-c", "id -un; id -Gn; echo $HOME $USER; test ! -r /etc/shadow")
	if want := "editor\neditor adm www-data\n/home/editor editor\n"; out != want || err != nil {
		t.Errorf("as editor: %q, %v; want %q", out, err, want)
	}
	if out, err := v.RunInputAs(ctx, "editor", strings.NewReader("in"), "cat"); out != "in" || err != nil {
		t.Errorf("standard input as editor: %q, %v", out, err)
	}
	if _, err := v.RunAs(ctx, "nobody-knows", "true"); err == nil {
		t.Error("a user who is not there ran a program")
	}

	ending, end := context.WithCancelCause(ctx)
	enough := errors.New("enough")
	cmd := exec.CommandContext(ending, "/bin/sh", "-c", "echo $$; exec sleep 600")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Start(cmd); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 16)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	end(enough)
	_ = cmd.Wait()
	if out, err := v.Run(ctx, "ls", "-d", "/proc/"+strings.TrimSpace(string(line[:n]))); err == nil {
		t.Errorf("the program outlives its context: %s", out)
	}
	if _, err := v.Run(ending, "true"); !errors.Is(err, enough) {
		t.Errorf("in a context that has ended: %v", err)
	}
}

func TestReboot(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	write(t, v, "/srv/kept", "kept")
	write(t, v, "/run/lost", "lost")
	write(t, v, "/etc/systemd/system/hello.service",
		"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo boot >>/srv/boots; echo said hello'\n[Install]\nWantedBy=multi-user.target\n")
	run(t, v, "systemctl", "enable", "hello")
	if got := v.Journal("hello"); strings.Contains(got, "said hello") {
		t.Errorf("enabling started it: %s", got)
	}
	root := v.Root()
	if err := v.Reboot(limited(t)); err != nil {
		t.Fatal(err)
	}
	if v.Root() == root {
		t.Errorf("Root() is %s as before", root)
	}
	wantRun(t, v, "running", "systemctl", "is-system-running")
	wantRun(t, v, "kept", "cat", "/srv/kept")
	wantRun(t, v, "boot", "cat", "/srv/boots")
	if _, err := v.ReadFile("/run/lost"); !os.IsNotExist(err) {
		t.Errorf("/run outlived the reboot: %v", err)
	}
	if got := v.Journal("hello"); !strings.Contains(got, "said hello") {
		t.Errorf("its journal: %s", got)
	}

	// One that a process inside asks for.
	run(t, v, "systemd-run", "--no-block", "systemctl", "reboot")
	err := v.Wait(limited(t), func() bool {
		boots, err := v.ReadFile("/srv/boots")
		return err == nil && string(boots) == "boot\nboot\n"
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	const passwd = "root:x:0:0:root:/root:/bin/bash\nbroken\nwww:x:33:34:www:/var/www:/bin/sh\nodd:x:many:1::/:/bin/sh\n"
	const group = "root:x:0:\nadm:x:4:syslog,www\nwwwadm:x:5:wwwx\nlast:x:6:www"
	got, err := vpslab.ParseAccount("www", passwd, group)
	if err != nil || got.Uid != 33 || got.Gid != 34 || len(got.Groups) != 2 || got.Groups[0] != 4 || got.Groups[1] != 6 {
		t.Errorf("www is %+v, %v", got, err)
	}
	for _, name := range []string{"odd", "broken", "ww", ""} {
		if got, err := vpslab.ParseAccount(name, passwd, group); err == nil {
			t.Errorf("%q is %+v", name, got)
		}
	}
}
