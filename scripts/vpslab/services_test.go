package vpslab_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/vpslab"
)

const site = `<VirtualHost *:80>
  DocumentRoot /srv/vpm/shop1/htdocs
  <Directory /srv/vpm/shop1/htdocs>
    Require all granted
    RewriteEngine on
    RewriteRule ^pretty$ index.php
    Header set X-Site shop1
    <FilesMatch "\.php$">
      SetHandler "proxy:unix:/run/vpm/shop1/php.sock|fcgi://shop1"
    </FilesMatch>
  </Directory>
</VirtualHost>
`

// install sets up a PHP-FPM master of its own for the account vpm-shop1, as a Type=notify unit that is started.
func install(t *testing.T, v *vpslab.VPS) {
	t.Helper()
	fpm, err := filepath.Glob("/usr/sbin/php-fpm?*")
	if err != nil || len(fpm) != 1 {
		t.Fatalf("found %q: run scripts/setup (%v)", fpm, err)
	}
	unit, err := os.ReadFile("testdata/vpm-php@.service")
	if err != nil {
		t.Fatal(err)
	}
	write(t, v, "/etc/systemd/system/vpm-php@.service", strings.ReplaceAll(string(unit), "/usr/sbin/php-fpm8.2", fpm[0]))
	for src, dst := range map[string]string{
		"testdata/shop1.conf":   "/etc/vpm/pools/shop1.conf",
		"testdata/50-vpm.rules": "/etc/polkit-1/rules.d/50-vpm.rules",
	} {
		if err := v.CopyIn(src, dst); err != nil {
			t.Fatal(err)
		}
	}
	run(t, v, "useradd", "--system", "vpmd")
	run(t, v, "useradd", "--system", "vpm-shop1")
	write(t, v, "/srv/vpm/shop1/htdocs/index.php", "<?php echo get_current_user(), ' ', posix_getpwuid(posix_geteuid())['name'];")
	run(t, v, "install", "-d", "-o", "vpm-shop1", "/srv/vpm/shop1/logs", "/srv/vpm/shop1/sessions")
	run(t, v, "systemctl", "daemon-reload")
	run(t, v, "systemctl", "start", "vpm-php@shop1")
}

func TestPHPUnderItsOwnUser(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	install(t, v)
	if err := v.Apache(limited(t), site); err != nil {
		t.Fatal(err)
	}
	if got := get(t, v, "http://shop1.test/pretty"); got != "root vpm-shop1" { // the file's owner, and who runs it
		t.Errorf("PHP says %q", got)
	}
	wantRun(t, v, "notify\nactive\nrunning", "systemctl", "show", "--value", "--property=ActiveState,SubState,Type", "vpm-php@shop1")
	if log := v.Journal("vpm-php@shop1"); !strings.Contains(log, "Started") {
		t.Errorf("its journal: %s", log)
	}

	// Only vpmd, only its own units, only its verbs.
	systemctl := func(user string, args ...string) error {
		_, err := v.RunAs(limited(t), user, "systemctl", append([]string{"--no-ask-password"}, args...)...)
		return err
	}
	if err := systemctl("vpmd", "restart", "vpm-php@shop1"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ user, verb, unit, refusal string }{
		{"www-data", "restart", "vpm-php@shop1", "authentication required"}, // which nobody is there to give
		{"vpm-shop1", "stop", "vpm-php@shop1", "authentication required"},
		{"vpmd", "kill", "vpm-php@shop1", "denied"},
		{"vpmd", "restart", "apache2", "denied"},
	} {
		if err := systemctl(c.user, c.verb, c.unit); err == nil || !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s may %s %s: %v", c.user, c.verb, c.unit, err)
		}
	}
	if got := get(t, v, "http://shop1.test/index.php"); got != "root vpm-shop1" {
		t.Errorf("after the restart PHP says %q", got)
	}
	if err := v.Apache(limited(t), "<VirtualHost *:80>\nNoSuchDirective\n</VirtualHost>"); err == nil || !strings.Contains(err.Error(), "NoSuchDirective") {
		t.Errorf("Apache with a broken site: %v", err)
	}
}

func get(t *testing.T, v *vpslab.VPS, url string) string {
	t.Helper()
	response, err := v.HTTPClient().Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("X-Site") != "shop1" {
		t.Fatalf("%s: %s, %v\n%s\n%s", url, response.Status, err, body, run(t, v, "cat", "/var/log/apache2/error.log"))
	}
	return string(body)
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	socket, err := v.MariaDB(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	wantRun(t, v, "root@localhost", "mariadb", "--socket="+socket, "--batch", "--skip-column-names", "--execute=SELECT CURRENT_USER()")
	conn, err := net.Dial("unix", v.Root()+socket) // as a program outside does
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

// TestLimits runs a program that needs more than its unit may have, and the same one without the limit.
func TestLimits(t *testing.T) {
	t.Parallel()
	v := vpslab.New(t, vpslab.Options{})
	const hungry = "head -c 192M /dev/zero | tail -c 192M | wc -c" // tail keeps all of it
	const prolific = "set -e; for i in 1 2 3 4 5 6 7 8; do sleep 600 & done; echo started"
	for _, c := range []struct{ limit, commands, want string }{
		{"MemoryMax=infinity", hungry, "201326592"},
		{"MemoryMax=32M", hungry, "0"}, // tail is killed before it prints
		{"TasksMax=infinity", prolific, "started"},
		{"TasksMax=5", prolific, ""},
	} {
		out, err := v.Run(limited(t), "systemd-run", "--quiet", "--pipe", "--wait", "--property=MemorySwapMax=0",
			"--property="+c.limit, "/bin/sh", "-c", c.commands)
		if strings.TrimSpace(out) != c.want {
			t.Errorf("with %s it prints %q (%v), want %q; cgroup v%d", c.limit, out, err, c.want, v.Cgroup())
		}
	}
	// What the limits go by can be read, from outside too.
	run(t, v, "systemd-run", "--unit=counted", "sleep", "600")
	for _, property := range []string{"MemoryCurrent", "TasksCurrent"} {
		if value := run(t, v, "systemctl", "show", "--value", "--property="+property, "counted"); value == "[not set]" {
			t.Errorf("%s is not set", property)
		}
	}
}
