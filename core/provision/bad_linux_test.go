package provision

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vpm/core"
	"vpm/htaccess"
)

// traces are what a slug has left on the server.
func (l *lab) traces(t *testing.T, slug string) string {
	t.Helper()
	return l.root(t, tracesOf(slug))
}

func tracesOf(slug string) string {
	return strings.ReplaceAll("ls -d /etc/vpm/pools/*SLUG* /etc/vpm/pools/.SLUG* /etc/systemd/system/*@SLUG.* /etc/systemd/system/*/*@SLUG.* /etc/*/vpm.d/*SLUG* /srv/vpm/SLUG "+
		"/var/lib/vpm/provision/SLUG.j* /var/lib/vpm/provision/SLUG.c* 2>/dev/null || true; id vpm-SLUG 2>/dev/null || true; getent group vpm-SLUG || true; "+
		"mysql -N -e \"SELECT User FROM mysql.user WHERE User = 'vpm-SLUG'; SHOW DATABASES LIKE 'vpm\\\\_SLUG'\"", "SLUG", slug)
}

// TestRollBack has every later step fail once, and finds nothing left of those before it.
func TestRollBack(t *testing.T) {
	t.Parallel()
	l := ownLab(t)
	q := good("back")
	q.Database = true
	l.root(t, "mkdir -p /var/www/back; echo site > /var/www/back/index.html; echo 'Redirect 301 /back/a /back/b' > /var/www/back/.htaccess")
	q.CopyFrom = "/var/www/back"
	for _, c := range []struct{ name, spoil, mend, say string }{
		{"Apache's own configuration", "mkdir -p /etc/apache2/vpm.d /etc/nginx/vpm.d; echo Nonsense > /etc/apache2/vpm.d/00-bad.conf", "rm /etc/apache2/vpm.d/00-bad.conf", "Nonsense"},
		{"nginx's own configuration", "echo nonsense > /etc/nginx/vpm.d/00-bad.conf", "rm /etc/nginx/vpm.d/00-bad.conf", "nginx"},
		{"no database server", "systemctl stop mariadb", "systemctl start mariadb", "cannot connect to the database server"},
		{"no room for the site", "mount -t tmpfs -o size=1m none /srv/vpm; chmod 711 /srv/vpm; head -c 2000000 /dev/zero > /var/www/back/big", "umount /srv/vpm; rm /var/www/back/big", "the disk has"},
		{"no room for the directories", "mount -t tmpfs -o size=1m,nr_inodes=4 none /srv/vpm; chmod 711 /srv/vpm", "umount /srv/vpm", "no space left"},
		{"others may write there", "chmod 777 /srv/vpm", "chmod 711 /srv/vpm", "others than root"},
		{"somebody's user of that name", "useradd --uid 1500 --no-create-home vpm-back", "userdel vpm-back", "its id 1500 is not one that vpm gives"},
		{"somebody's group of that name", "groupadd --gid 1500 vpm-back", "groupdel vpm-back", "its id 1500 is not one that vpm gives"},
		{"others have all ids", "cp /var/lib/vpm/provision/uid /root/uid; echo 59999 > /var/lib/vpm/provision/uid", "mv /root/uid /var/lib/vpm/provision/uid", "those up to 59999 are used up"},
		{"no room for visitors", "systemctl disable -q --now apache2 nginx", "systemctl enable -q --now apache2 nginx", "neither Apache nor nginx runs here"},
		{"a link in its place", "mkdir -p /root/x; ln -s /root/x /srv/vpm/back", "rm /srv/vpm/back", "not a directory"},
		{"somebody else's directory", "mkdir /srv/vpm/back; chown 1234 /srv/vpm/back", "rmdir /srv/vpm/back", "belongs to user 1234"},
		{"a link for the site's", "mkdir /srv/vpm/back; ln -s /root/x /srv/vpm/back/web", "rm -r /srv/vpm/back", "not a directory"},
		{"a FIFO for the site's", "mkdir -p /srv/vpm/back/web; mkfifo /srv/vpm/back/web/htdocs", "rm -r /srv/vpm/back", "files already"},
		{"the server's own document root", "mkdir -p /srv/vpm/back/web/htdocs; touch /srv/vpm/back/web/htdocs/x; chown vpmd /srv/vpm/back/web/htdocs", "rm -r /srv/vpm/back", "files already"},
		{"a link to the site", "ln -s /root /var/www/back2; mv /var/www/back /var/www/back.kept; ln -s back.kept /var/www/back", "rm /var/www/back /var/www/back2; mv /var/www/back.kept /var/www/back", "cannot open the site"},
		{"no PHP-FPM", "mv " + fpm + " /root/fpm; printf '#!/bin/sh\\necho no good >&2\\nexit 78\\n' > " + fpm + "; chmod 755 " + fpm, "mv /root/fpm " + fpm, "no good"},
	} {
		l.root(t, c.spoil)
		r := l.fail(t, "back", q, l.code(c.name), c.say)
		if r.State != Failed || r.Error == nil {
			t.Errorf("%s: %+v", c.name, r)
		}
		l.root(t, c.mend)
		if left := l.traces(t, "back"); left != "" {
			t.Errorf("%s left %s", c.name, left)
		}
	}
	if r := l.do(t, "back", q); r.Copy.Files != 2 {
		t.Errorf("in the end: %+v", r)
	}
	if site := get(t, l.HTTPClient(), "/back/index.html", ""); site.body != "site\n" {
		t.Errorf("in the end: %+v", site)
	}
	if out := l.root(t, "apache2ctl configtest 2>&1; nginx -t 2>&1"); strings.Contains(out, "rror") {
		t.Error(out)
	}

	l.half(t)
	l.refusals(t)
	l.besides(t)
	l.full(t)

	// What is there already is put back as it was.
	worse := q
	worse.PHP.MaxChildren, worse.Limits.Memory, worse.Path = 9, 64<<20, "/elsewhere"
	before := l.root(t, "cat /etc/vpm/pools/back.conf /etc/systemd/system/*@back.*/* /etc/*/vpm.d/*back*")
	l.root(t, "echo Nonsense > /etc/apache2/vpm.d/00-bad.conf")
	l.fail(t, "back", worse, core.CodeNotEffective, "Nonsense")
	l.root(t, "rm /etc/apache2/vpm.d/00-bad.conf")
	if after := l.root(t, "cat /etc/vpm/pools/back.conf /etc/systemd/system/*@back.*/* /etc/*/vpm.d/*back*"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if shown := l.root(t, "systemctl show -p MemoryMax vpm-php@back"); shown != fmt.Sprint("MemoryMax=", 128<<20) {
		t.Errorf("the limits that count: %s", shown)
	}
	if again := l.fail(t, "back", Request{Operation: Provision, Instance: "other", PHP: q.PHP, Limits: q.Limits}, core.CodeConflict, "it is that of back"); again.State != Failed {
		t.Errorf("another instance of that slug: %+v", again)
	}
}

// half has a run fail in such a way that not all of it can be taken back. What is left is known, and the next run takes it
// back first, before it does what it is asked to.
func (l *lab) half(t *testing.T) {
	t.Helper()
	q := good("half")
	q.Database = true
	l.root(t, "mv /usr/sbin/apache2ctl /root; printf '#!/bin/sh\nsystemctl stop mariadb\necho no good >&2\nexit 1\n' > /usr/sbin/apache2ctl; chmod 755 /usr/sbin/apache2ctl")
	if r := l.fail(t, "half", q, core.CodeNotEffective, "no good"); !slices.ContainsFunc(r.Warnings, func(s string) bool { return strings.Contains(s, "cannot undo") }) {
		t.Errorf("half taken back: %+v", r)
	}
	l.root(t, "mv /root/apache2ctl /usr/sbin/apache2ctl; systemctl start mariadb")
	left := l.traces(t, "half")
	if !strings.Contains(left, "half.journal") || !strings.Contains(left, "vpm_half") || strings.Contains(left, "/srv/vpm/half") || strings.Contains(left, "uid=") {
		t.Errorf("of what was half taken back is left %s", left)
	}
	without := q // what this run does not make, only that of before can have left
	without.Database = false
	l.do(t, "half", without)
	if left := l.root(t, "mysql -N -e \"SHOW DATABASES LIKE 'vpm\\\\_half'; SELECT User FROM mysql.user WHERE User = 'vpm-half'\"; ls /var/lib/vpm/provision/half.journal 2>/dev/null || true"); left != "" {
		t.Errorf("after the next run is left %s", left)
	}
	l.do(t, "half", Request{Operation: Deprovision, Instance: "half", Delete: true})
	if left := l.traces(t, "half"); left != "" {
		t.Errorf("after it was taken away is left %s", left)
	}
}

// refusals are of what does not go with what root knows of the instance. back is one that serves a copy.
func (l *lab) refusals(t *testing.T) {
	t.Helper()
	copies := func(from string) Request {
		q := good("back")
		q.CopyFrom = from
		return q
	}
	l.root(t, "mkdir -p /var/www/back2")
	l.fail(t, "back", copies("/var/www/back2"), core.CodeConflict, "this instance is a copy of /var/www/back")
	l.fail(t, "never", Request{Operation: Undo, Instance: "never"}, core.CodeConflict, "is not a copy of another site")
	limit := good("never")
	limit.Operation = Limit
	l.fail(t, "never", limit, core.CodeConflict, "it was not provisioned")
	if left := l.traces(t, "never"); left != "" {
		t.Errorf("what was never there has left %s", left)
	}

	// nginx refuses the gate, and goes on with what it had: whoever asks is told, and nothing of the gate is left.
	l.root(t, "echo nonsense > /etc/nginx/vpm.d/00-bad.conf")
	if out := l.server(t, "back", ask{Gate: &htaccess.Gate{Reason: "closed"}}); out.Code != core.CodeNotEffective || !strings.Contains(out.Message, "nginx") {
		t.Errorf("a gate that nginx does not take: %+v", out)
	}
	if l.exists("/etc/nginx/vpm.d/gate-back.conf") {
		t.Error("a gate that does not count is left")
	}
	l.root(t, "rm /etc/nginx/vpm.d/00-bad.conf")
	l.stop(t, "back", htaccess.Gate{Reason: "closed"})
	if page := get(t, l.clients()["nginx"], "/back/index.html", ""); page.status != 503 {
		t.Errorf("stopped, nginx says %+v", page)
	}
	l.start(t, "back", "v1")

	// A server that is to run, and does not now, gets the instance for when it does.
	l.root(t, "systemctl enable -q nginx; systemctl stop nginx")
	q := good("idle")
	q.Database = true
	l.do(t, "idle", q)
	l.write(t, "/srv/vpm/idle/web/htdocs/page.html", "page")
	l.root(t, "systemctl start nginx")
	if page := get(t, l.clients()["nginx"], "/idle/page.html", ""); page.body != "page" {
		t.Errorf("nginx, started afterwards, says %+v", page)
	}
	l.root(t, "mysql -e 'CREATE TABLE vpm_back.kept (n INT)'")
	l.do(t, "idle", Request{Operation: Deprovision, Instance: "idle", Delete: true})
	if left := l.traces(t, "idle"); left != "" || l.root(t, "mysql -N -e 'SHOW TABLES IN vpm_back'") != "kept" {
		t.Errorf("after the database was to be deleted is left %s", left)
	}
	l.root(t, "mysql -e 'DROP TABLE vpm_back.kept'")
}

// besides has a site at the top of the host, and stops it: the one below it stays open, and so does what certificate
// authorities ask for.
func (l *lab) besides(t *testing.T) {
	t.Helper()
	q := good("top")
	q.Path = "/"
	l.do(t, "top", q)
	l.write(t, "/srv/vpm/top/web/htdocs/page.html", "top")
	l.write(t, "/srv/vpm/top/web/htdocs/.well-known/acme-challenge/token", "token")
	ask := func(page int) {
		t.Helper()
		for name, c := range l.clients() {
			for url, want := range map[string]int{"/page.html": page, "/.well-known/acme-challenge/token": 200, "/back/index.html": 200} {
				if a := get(t, c, url, ""); a.status != want {
					t.Errorf("%s, %s: %d, want %d", name, url, a.status, want)
				}
			}
		}
	}
	ask(200)
	l.stop(t, "top", htaccess.Gate{Reason: "closed"})
	ask(503)
	l.do(t, "top", Request{Operation: Deprovision, Instance: "top"})
}

// code is that of the failure of a name.
func (l *lab) code(name string) core.Code {
	switch {
	case strings.HasPrefix(name, "no database"), strings.HasPrefix(name, "no room"):
		return core.CodeUnavailable
	case name == "others have all ids":
		return core.CodeUnavailable
	case strings.Contains(name, "FIFO"), strings.HasPrefix(name, "others"), strings.HasPrefix(name, "somebody"), strings.HasPrefix(name, "the server's own"):
		return core.CodeConflict
	case name == "a link to the site":
		return core.CodeInvalid
	case strings.HasPrefix(name, "a link"):
		return core.CodeInternal
	}
	return core.CodeNotEffective
}

func ownLab(t *testing.T) *lab {
	t.Helper()
	l, err := newLab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestKilled kills root's program at each of its own points, and has the next run complete what was begun.
func TestKilled(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "mortal")
	build := exec.Command("go", "test", "-c", "-tags", "faults", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the tests with faults: %v\n%s", err, out)
	}
	l := ownLab(t)
	if err := l.CopyIn(program, "/usr/lib/vpm/mortal"); err != nil {
		t.Fatal(err)
	}
	l.root(t, "mkdir -p /var/www/mort/sub; echo site > /var/www/mort/index.html; echo 'Require all denied' > /var/www/mort/sub/.htaccess; ln /var/www/mort/index.html /var/www/mort/sub/two.html")
	m := mortal{l, "mort"}
	whole := map[string][]int{}
	for _, verb := range []string{"provision", "deprovision"} {
		points, _ := m.run(t, verb, 0)
		whole[verb] = chosen(points)
		t.Logf("%s: %d of %d points", verb, len(whole[verb]), len(points))
	}
	if len(whole["provision"]) < 12 || len(whole["deprovision"]) < 6 {
		t.Fatalf("these are too few points: %v", whole)
	}
	ends := append(whole["deprovision"], make([]int, len(whole["provision"]))...) // 0: it is not killed
	var wg sync.WaitGroup
	const lanes = 4
	for lane := range lanes {
		m := mortal{l, fmt.Sprint("mort", lane)}
		wg.Go(func() {
			for i := lane; i < len(whole["provision"]); i += lanes {
				m.die(t, whole["provision"][i], ends[i])
			}
		})
	}
	wg.Wait()
	mortal{l, "mortal"}.dieChanging(t)
	if ids := l.root(t, "stat -c %u /srv/vpm/.removed/mort*/logs | sort | uniq -d"); ids != "" {
		t.Errorf("ids that were given twice: %s", ids)
	}
}

// chosen are the numbers of the points to die at: those of atomicfile are tested there, and where nothing but a note was
// made since the point before there is nothing new. Of each other name it is the first.
func chosen(points []string) (at []int) {
	for i, name := range points {
		ofFile := slices.Contains([]string{"temporary file made", "temporary file written", "temporary file synced", "directory synced", "file renamed"}, name)
		if !ofFile && !strings.HasPrefix(name, "before") && !strings.HasPrefix(name, "after") && !strings.HasPrefix(name, "noted") && !slices.Contains(points[:i], name) {
			at = append(at, i+1)
		}
	}
	return at
}

// mortal is an instance whose runs are killed.
type mortal struct {
	*lab
	slug string
}

// run carries out its provisioning or the opposite, and dies at a point, 0: at none.
func (m mortal) run(t *testing.T, verb string, at int) (points []string, killed bool) {
	t.Helper()
	q := good(m.slug)
	q.Database, q.CopyFrom = true, "/var/www/mort"
	if verb == "deprovision" {
		q = Request{Operation: Deprovision, Instance: m.slug}
	}
	m.leave(t, m.slug, q)
	out, err := m.Run(t.Context(), "sh", "-c", fmt.Sprintf("FAULT_AT=%d /usr/lib/vpm/mortal %s %s 2>&1; echo status $?", at, verb, m.slug))
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "fault: "); ok {
			points = append(points, name)
		} else if !strings.HasPrefix(line, "status ") && !strings.Contains(line, "Killed") {
			t.Errorf("%s, killed at %d: %s", verb, at, line)
		}
	}
	return points, strings.Contains(out, "status 137")
}

// die provisions the instance and takes it away. Each is killed at a point and run once more.
func (m mortal) die(t *testing.T, provision, deprovision int) {
	points, killed := m.run(t, "provision", provision)
	if !killed {
		t.Errorf("not killed at %d", provision)
		return
	}
	at := points[len(points)-1]
	m.run(t, "provision", 0)
	if site := get(t, m.clients()["nginx"], "/"+m.slug+"/index.html", ""); site.body != "site\n" {
		t.Errorf("killed at %q: the site: %+v", at, site)
	}
	is, err := m.Run(t.Context(), "sh", "-c", strings.ReplaceAll("stat -c %h /srv/vpm/SLUG/web/htdocs/index.html; ls /srv/vpm/SLUG; systemctl is-enabled vpm-php@SLUG; grep -c denied /etc/apache2/vpm.d/*-SLUG.conf; ls /var/lib/vpm/provision/SLUG.journal", "SLUG", m.slug)+" || true")
	if err != nil || is != "2\nlogs\nsessions\nweb\nenabled\n4\n" {
		t.Errorf("killed at %q: %q, %v", at, is, err)
	}
	points, _ = m.run(t, "deprovision", deprovision)
	if deprovision > 0 {
		m.run(t, "deprovision", 0)
	}
	left, err := m.Run(t.Context(), "sh", "-c", "mysql -e 'DROP DATABASE IF EXISTS vpm_"+m.slug+"'; "+tracesOf(m.slug))
	if err != nil || left != "" {
		t.Errorf("killed at %q left %q, %v", points[len(points)-1], left, err)
	}
}

// dieChanging kills a change of an instance that is there, and has the next run fail: the instance is as it was before
// the first of the two.
func (m mortal) dieChanging(t *testing.T) {
	m.run(t, "provision", 0)
	m.run(t, "provision", 0) // a run whose journal is not the first
	show := "cat /etc/vpm/pools/mortal.conf /etc/systemd/system/*@mortal.*/* /etc/*/vpm.d/*mortal*; ls /srv/vpm/mortal/web/htdocs; id vpm-mortal"
	before := m.root(t, show)
	q := good("mortal")
	q.Path, q.PHP.MaxChildren, q.CopyFrom = "/changed", 9, "/var/www/mort"
	m.leave(t, "mortal", q)
	points := m.root(t, "FAULT_AT=0 true; for n in 45 60 75; do FAULT_AT=$n /usr/lib/vpm/mortal provision mortal 2>&1 || true; done")
	if !strings.Contains(points, "noted") || strings.Contains(points, "state written") || m.root(t, show) == before {
		t.Errorf("the kills came too late, or too early: %s", points)
	}
	out := m.root(t, "echo Nonsense > /etc/apache2/vpm.d/00-bad.conf; /usr/lib/vpm/vpm provision mortal 2>&1 || true; rm /etc/apache2/vpm.d/00-bad.conf")
	if after := m.root(t, show); !strings.Contains(out, "Nonsense") || after != before {
		t.Errorf("%s; before:\n%s\nafter:\n%s", out, before, after)
	}
}

// leave leaves a request as the server's user does.
func (l *lab) leave(t *testing.T, slug string, q Request) {
	t.Helper()
	path := "/var/lib/vpm/requests/" + slug + ".json"
	l.write(t, path, string(mustJSON(t, q)))
	l.root(t, "chown vpmd "+path)
}
