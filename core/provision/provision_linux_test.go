package provision

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

const secret = "0123456789abcdef0123456789abcdef"

// TestLife is that of an instance: made, started, stopped for visitors of both web servers, changed, taken away.
func TestLife(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	q := good("life")
	q.Database = true
	first := l.do(t, "life", q)
	if first.User != "vpm-life" || first.UID < 40000 || first.Database != "vpm_life" || len(first.Servers) != 2 || len(first.Steps) != 7 {
		t.Fatalf("the result: %+v", first)
	}
	const docroot = "/srv/vpm/life/web/htdocs/"
	l.write(t, docroot+"index.php", "<?php $p = new PDO('mysql:unix_socket=/run/mysqld/mysqld.sock;dbname=vpm_life', 'vpm-life'); "+
		"echo 'site ', posix_getpwuid(posix_geteuid())['name'], ' ', $p->query('SELECT CURRENT_USER()')->fetchColumn(), ' ', $_SERVER['HTTP_AUTHORIZATION'] ?? '';")
	l.write(t, docroot+"style.css", "site style")
	l.write(t, docroot+".htaccess", "Redirect 302 /life/style.css http://evil.example/\nNonsense\n")
	l.write(t, "/srv/vpm/life/web/htdocs/.well-known/acme-challenge/token", "site token")
	l.start(t, "life", "v1")
	open := func(when string) {
		t.Helper()
		for name, c := range l.clients() {
			for url, want := range map[string]string{"/life/": "site vpm-life vpm-life@localhost", "/life/pretty/url": "site vpm-life", "/life/style.css": "site style"} {
				if a := get(t, c, url, ""); a.status != 200 || !strings.HasPrefix(a.body, want) {
					t.Errorf("%s, %s %s: %d %q", when, name, url, a.status, a.body)
				}
			}
		}
	}
	open("running")

	l.stop(t, "life", htaccess.Gate{Reason: "We are moving.", Bypass: secret, Until: time.Now().Add(time.Hour)})
	for name, c := range l.clients() {
		for _, url := range []string{"/life/", "/life/pretty/url", "/life/style.css", "/life/index.php", "/life"} {
			a := get(t, c, url, "")
			if a.status != 503 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "We are moving.") {
				t.Errorf("stopped, %s %s: %d %v %q", name, url, a.status, a.header, a.body)
			}
		}
		if a := get(t, c, "/life/style.css", "vpm_bypass="+secret); a.status != 200 || a.body != "site style" {
			t.Errorf("%s, with the secret: %d %q", name, a.status, a.body)
		}
		if a := get(t, c, "/life/style.css?vpm_bypass="+secret, ""); a.status != 302 || !strings.Contains(a.header.Get("Set-Cookie"), secret) {
			t.Errorf("%s, the link: %d %v", name, a.status, a.header)
		}
		if a := get(t, c, "/.well-known/acme-challenge/x", ""); a.status != 404 {
			t.Errorf("%s, a certificate authority: %d", name, a.status)
		}
	}
	l.start(t, "life", "v2")
	open("started again")
	l.stop(t, "life", htaccess.Gate{Until: time.Now().Add(2 * time.Second)})
	err := l.Wait(t.Context(), func() bool { // the gate ends by itself; the pool is for a tick
		return get(t, l.clients()["nginx"], "/life/style.css", "").status == 200 && get(t, l.HTTPClient(), "/life/style.css", "").status == 200
	})
	if err != nil {
		t.Error(err)
	}
	l.start(t, "life", "v3")

	pid := l.root(t, "systemctl show -p MainPID --value vpm-php@life")
	if again := l.do(t, "life", q); again.UID != first.UID {
		t.Errorf("provisioned twice, the user has the id %d, had %d", again.UID, first.UID)
	}
	q.Limits.Memory, q.Limits.CPU, q.PHP.MaxChildren = 96<<20, 75, 7
	l.do(t, "life", q)
	if shown := l.root(t, "systemctl show -p MainPID -p MemoryMax -p CPUQuotaPerSecUSec vpm-php@life"); !strings.Contains(shown, "MainPID="+pid) ||
		!strings.Contains(shown, fmt.Sprint("MemoryMax=", 96<<20)) || !strings.Contains(shown, "CPUQuotaPerSecUSec=750ms") {
		t.Errorf("with other limits, PID was %s: %s", pid, shown)
	}
	if pool, err := l.ReadFile("/etc/vpm/pools/life.conf"); err != nil || !strings.Contains(string(pool), "pm.max_children = 7") {
		t.Errorf("the pool: %s, %v", pool, err)
	}

	l.do(t, "life", Request{Operation: Deprovision, Instance: "life"})
	left := l.root(t, "ls -d /etc/vpm/pools/life.conf /etc/systemd/system/*life* /etc/systemd/system/*/*life* /etc/*/vpm.d/*life* /srv/vpm/life /run/systemd/system.control/*life* /var/lib/vpm/provision/life.j* 2>/dev/null || true; "+
		"id vpm-life 2>/dev/null || true; getent group vpm-life || true; mysql -N -e \"SELECT User FROM mysql.user WHERE User = 'vpm-life'\"")
	if left != "" {
		t.Errorf("left over: %s", left)
	}
	if kept := l.root(t, "cat /srv/vpm/.removed/life-*/web/htdocs/style.css; mysql -N -e 'SHOW DATABASES' | grep vpm_life"); kept != "site style"+"vpm_life" {
		t.Errorf("kept: %q", kept)
	}
	if a := get(t, l.HTTPClient(), "/life/style.css", ""); a.status != 404 {
		t.Errorf("after it was taken away: %d", a.status)
	}
	if next := l.do(t, "life", good("life")); next.UID <= first.UID {
		t.Errorf("the id %d was given again (%d)", first.UID, next.UID)
	}
	l.do(t, "life", Request{Operation: Deprovision, Instance: "life", Delete: true})
	if l.exists("/srv/vpm/life") {
		t.Error("the files were to be deleted")
	}
}

// TestApart has one instance's PHP try to get at another's.
func TestApart(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	for _, slug := range []string{"parta", "partb"} {
		l.do(t, slug, good(slug))
		l.write(t, "/srv/vpm/"+slug+"/web/htdocs/secret.txt", "the secret of "+slug)
		l.start(t, slug, "v1")
	}
	l.write(t, "/srv/vpm/parta/web/htdocs/try.php", `<?php
foreach (['/srv/vpm/partb/web/htdocs/secret.txt', '/var/lib/vpm/requests', '/var/lib/vpm/results/partb.json', '/etc/vpm/pools/.x', '/var/lib/vpm/provision/uid'] as $f)
  echo @file_get_contents($f) !== false || @scandir($f) ? "READ $f\n" : '';
echo @stream_socket_client('unix:///run/vpm/partb/php.sock', $n, $e, 1) ? "CONNECTED\n" : '';
echo @file_put_contents('/srv/vpm/parta/web/.htaccess', 'x') ? "GATE\n" : '';
echo @file_put_contents('/srv/vpm/parta/x', 'x') ? "TOP\n" : '';
echo @rename('/srv/vpm/parta/web/htdocs', '/srv/vpm/parta/web/away') ? "MOVED\n" : '';
foreach (scandir('/proc') ?: [] as $p) if (ctype_digit($p) && @fileowner("/proc/$p") != posix_geteuid()) echo "PROCESS $p\n";
echo file_put_contents('/srv/vpm/parta/web/htdocs/own.txt', 'x') ? "own\n" : '';
`)
	q := good("parta") // what the site may undo for itself is no boundary: try without it
	pool, err := l.ReadFile("/etc/vpm/pools/parta.conf")
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, "/etc/vpm/pools/parta.conf", strings.ReplaceAll(string(pool), "php_admin_value[open_basedir]", ";"))
	l.start(t, "parta", "v2")
	if a := get(t, l.HTTPClient(), "/parta/try.php", ""); a.body != "own\n" {
		t.Errorf("it got at: %q", a.body)
	}
	l.do(t, "parta", q)
	as := func(user, script string) string {
		out, err := l.RunAs(t.Context(), user, "sh", "-c", "{ "+script+"; } 2>&1 || true")
		if err != nil {
			t.Error(err)
		}
		return out
	}
	// Also outside of its unit, by permissions alone.
	if out := as("vpm-parta", "cat /srv/vpm/partb/web/htdocs/secret.txt; cat /srv/vpm/partb/web/.htaccess; ls /var/lib/vpm/requests; cat /var/lib/vpm/results/partb.json; echo x > /srv/vpm/parta/web/.htaccess"); strings.Count(out, "ermission denied") != 5 {
		t.Errorf("another instance's user: %s", out)
	}
	if out := as("vpmd", "mv /srv/vpm/parta/web/htdocs /srv/vpm/parta/web/x; ln -s / /srv/vpm/parta/x; rm /srv/vpm/parta/web/htdocs/secret.txt; cat /var/lib/vpm/provision/uid"); strings.Count(out, "not permitted")+strings.Count(out, "ermission denied") != 4 {
		t.Errorf("the server's user: %s", out)
	}
	if out := as("www-data", "cat /srv/vpm/partb/web/htdocs/secret.txt"); out != "the secret of partb" {
		t.Errorf("the web server's user: %s", out)
	}
}

// TestRefusedRequests leaves what root must not take, and looks that nothing came of it.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	const text = `{"operation":"provision","instance":"refused","php":{"manager":"ondemand","max_children":4,"memory_limit":67108864,"max_execution_time":30},"limits":{"memory":134217728,"cpu":100,"tasks":32}`
	const file = "/var/lib/vpm/requests/refused.json"
	for name, c := range map[string]struct{ script, say string }{
		"none":         {"true", "no such file"},
		"root's":       {"echo '" + text + "}' > $f", "does not belong"},
		"writable":     {"echo '" + text + "}' > $f; chown vpmd $f; chmod 666 $f", "others may write"},
		"link":         {"echo '" + text + "}' > $f.real; chown vpmd $f.real; ln -s $f.real $f", "too many levels"},
		"hard link":    {"echo '" + text + "}' > $f; chown vpmd $f; ln $f $f.other", "another name"},
		"FIFO":         {"mkfifo $f; chown vpmd $f", "not a plain file"},
		"directory":    {"mkdir $f; chown vpmd $f", "not a plain file"},
		"large":        {"head -c 70000 /dev/zero > $f; chown vpmd $f", "too large"},
		"unknown":      {"echo '" + text + `,"uid":0}'` + " > $f; chown vpmd $f", "unknown field"},
		"two":          {"echo '" + text + "}{}' > $f; chown vpmd $f", "something follows"},
		"no JSON":      {"echo x > $f; chown vpmd $f", "cannot read the request"},
		"operation":    {"echo '" + strings.Replace(text, `"provision"`, `"deprovision"`, 1) + "}' > $f; chown vpmd $f", "in this unit"},
		"range":        {"echo '" + strings.Replace(text, `134217728`, `1`, 1) + "}' > $f; chown vpmd $f", "the memory limit"},
		"path":         {"echo '" + text + `,"serve":true,"path":"/a </Directory>"}'` + " > $f; chown vpmd $f", "the URL path"},
		"host":         {"echo '" + text + `,"serve":true,"path":"/a","host":"../x"}'` + " > $f; chown vpmd $f", "name of a host"},
		"no such host": {"echo '" + text + `,"serve":true,"path":"/a","host":"a.example"}'` + " > $f; chown vpmd $f", "make the directory"},
		"source":       {"echo '" + text + `,"copy_from":"/root"}'` + " > $f; chown vpmd $f", "is not where vpm may look for sites"},
		"hidden":       {"echo '" + text + `,"copy_from":"/var/www/x/../../../root"}'` + " > $f; chown vpmd $f", "has to be an absolute path"},
	} {
		l.root(t, "rm -rf "+file+"*; f="+file+"; "+c.script)
		out, err := l.Run(t.Context(), "sh", "-c", "/usr/lib/vpm/vpm provision refused 2>&1; true")
		if err != nil || !strings.Contains(out, c.say) {
			t.Errorf("%s: %s, %v; want %q", name, out, err, c.say)
		}
		if left := l.root(t, "ls -d /srv/vpm/refused /etc/vpm/pools/*refused* /var/lib/vpm/provision/refused.j* 2>/dev/null || true; id vpm-refused 2>/dev/null || true"); left != "" {
			t.Errorf("%s left %s", name, left)
		}
	}
	for _, slug := range []string{"../x", "A", "", "aaaaaaaaaaaaaaaaaaaaaaaaa"} {
		if err := Run(t.Context(), DefaultPaths(fpm), slug); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", slug, err)
		}
	}
	if _, err := os.Stat("/var/lib/vpm/provision"); err == nil {
		t.Error("the machine itself was touched")
	}
}
