package provision

import (
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

// setOriginal closes a site where it lies, or opens it; say is what the answer says, "" that it was done.
func (l *lab) setOriginal(t *testing.T, id, dir string, gate *htaccess.Gate, say string) {
	t.Helper()
	out := l.server(t, id, ask{Original: dir, Gate: gate})
	if say == "" && out.Message != "" || !strings.Contains(out.Message, say) || say != "" && out.Code != core.CodeNotEffective {
		t.Errorf("%s in %s: %q (%s), want %q\n%s", id, dir, out.Message, out.Code, say, l.Journal("vpm-gate@"+originalSlug(id)))
	}
}

// TestOriginal closes sites where they lie for both web servers, and leaves their files as they were.
func TestOriginal(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	const dir = "/var/www/html/lies"
	l.root(t, "useradd -m lies 2>/dev/null || true; mkdir -p "+dir+"/sub "+dir+"/nested; cd "+dir+"; echo page > page.html; echo page > sub/page.html; echo nested > nested/page.html; "+
		"echo 'ErrorDocument 404 /none' > .htaccess; chown -R lies: .; chmod 640 .htaccess; chgrp www-data .htaccess; "+
		"mkdir -p /etc/nginx/vpm.d; systemctl reload nginx")
	l.root(t, "printf '<Directory /var/www/html/lies>\\n AllowOverride FileInfo\\n</Directory>\\n' > /etc/apache2/conf-enabled/lies.conf; systemctl reload apache2")
	state := "cd " + dir + "; stat -c '%n %U %G %a' .htaccess; sha256sum .htaccess; ls -A; cd /etc/nginx/vpm.d; ls | grep -e " + originalSlug("lies") + " -e " + originalSlug("other") + " || true"
	before := l.root(t, state)
	ask := func(want map[string]int) {
		t.Helper()
		for name, c := range l.clients() {
			for url, status := range want {
				if a := get(t, c, "/lies/"+url, ""); a.status != status || status == 503 && (a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "new roof")) {
					t.Errorf("%s, %s: %+v", name, url, a)
				}
			}
		}
	}
	const secret = "0123456789abcdef0123456789abcdef"
	gate := htaccess.Gate{Instance: "lies", Reason: "new roof", Until: time.Now().Add(time.Hour), Bypass: secret, OpenDirs: []string{dir + "/nested"}}
	for range 2 { // done again it is the same
		l.setOriginal(t, "lies", dir, &gate, "")
		ask(map[string]int{"page.html": 503, "sub/page.html": 503, "nested/page.html": 200, "../lies/": 503})
	}
	if mode := l.root(t, "stat -c '%U %G %a' "+dir+"/.htaccess; ls "+dir+"/.htaccess*"); mode != "lies www-data 640\n"+dir+"/.htaccess" {
		t.Errorf("the file of the closed site: %s", mode)
	}
	for name, c := range l.clients() {
		if a := get(t, c, "/lies/page.html", "vpm_bypass="+secret); a.status != 200 {
			t.Errorf("%s, with the bypass: %+v", name, a)
		}
	}
	// What an earlier stop of the other form has left, its owner's changes meanwhile, and another instance's gate stay.
	l.setOriginal(t, "other", dir, &htaccess.Gate{Instance: "other", Host: "none.test", Path: "/x"}, "")
	l.root(t, "echo '# mine' >> "+dir+"/.htaccess")
	l.setOriginal(t, "lies", dir, nil, "")
	ask(map[string]int{"page.html": 200, "sub/page.html": 200})
	l.setOriginal(t, "other", dir, nil, "")
	l.root(t, "sed -i '/^# mine$/d' "+dir+"/.htaccess; chown lies:www-data "+dir+"/.htaccess; chmod 640 "+dir+"/.htaccess")
	if after := l.root(t, state); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}

	// One that was not there goes again, and while it is there it is its directory's owner's.
	l.root(t, "rm "+dir+"/.htaccess")
	l.setOriginal(t, "lies", dir, &gate, "")
	if owner := l.root(t, "stat -c '%U %a' "+dir+"/.htaccess"); owner != "lies 644" {
		t.Errorf("a new file is %s", owner)
	}
	ask(map[string]int{"page.html": 503})
	l.setOriginal(t, "lies", dir, nil, "")
	ask(map[string]int{"page.html": 200})
	if l.exists(dir + "/.htaccess") {
		t.Error("the file of the gate is there still")
	}
}

// TestHostileOriginal has the owner of a site put other things in the place of what root changes.
func TestHostileOriginal(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	const dir = "/home/evil/public_html"
	l.root(t, "useradd -m evil 2>/dev/null || true; mkdir -p "+dir+" /home/evil/elsewhere; echo page > "+dir+"/page.html; chown -R evil: /home/evil; chmod 755 /home/evil; "+
		"echo secret > /root/secret; chmod 600 /root/secret; echo root > /home/secret; chmod 600 /home/secret")
	gate := &htaccess.Gate{Instance: "evil", Reason: "closed"}
	untouched := "stat -c '%n %u %g %a %h %s %Z' /root/secret; cat /root/secret /home/secret; stat -c '%u %a %s' /home/secret"
	before := l.root(t, untouched)
	left := ".htaccess.vpm-" + originalSlug("evil")
	for _, c := range []struct{ name, spoil, mend, say string }{
		{"a link", "ln -s /root/secret .htaccess", "rm .htaccess", "it is a link"},
		{"a link to nothing", "ln -s /etc/vpm-evil .htaccess", "rm .htaccess; test ! -e /etc/vpm-evil", "it is a link"},
		{"a hard link to root's file", "ln /home/secret .htaccess", "rm .htaccess", "somebody else's file"},
		{"a FIFO", "mkfifo .htaccess", "rm .htaccess", "not a file"},
		{"a directory", "mkdir .htaccess", "rmdir .htaccess", "not a file"},
		{"one that is too large", "truncate -s 5M .htaccess", "rm .htaccess", "larger than 4 MB"},
		{"one that is read-only", "touch .htaccess; chmod 444 .htaccess", "rm -f .htaccess", "read-only"},
		{"a link for the directory", "cd ..; mv public_html kept; ln -s elsewhere public_html", "cd ..; rm public_html; mv kept public_html; test ! -e elsewhere/.htaccess", "no link leads to"},
		{"a link for one above", "cd /home; mv evil evil.kept; ln -s evil.kept evil", "cd /home; rm evil; mv evil.kept evil; test ! -e " + dir + "/.htaccess", "no link leads to"},
	} {
		l.root(t, "cd "+dir+"; "+c.spoil)
		l.setOriginal(t, "evil", dir, gate, c.say)
		l.root(t, "cd "+dir+"; "+c.mend)
		if after := l.root(t, untouched); after != before {
			t.Errorf("%s: before:\n%s\nafter:\n%s", c.name, before, after)
		}
	}
	for _, outside := range []string{"/etc", "/home/evil", "/root", "/srv/vpm/moved/web", dir + "/../../.ssh"} {
		out := l.server(t, "evil", ask{Original: outside, Gate: gate})
		if out.Message == "" || l.exists(outside+"/.htaccess") {
			t.Errorf("a site in %s: %q", outside, out.Message)
		}
	}
	// In the place of the file that gets the name at the end: a link, a FIFO, and what a killed run has left.
	for _, spoil := range []string{"ln -s /root/secret " + left, "mkfifo " + left, "echo half > " + left} {
		l.root(t, "cd "+dir+"; "+spoil)
		l.setOriginal(t, "evil", dir, gate, "")
		if is := l.root(t, "cd "+dir+"; stat -c '%F %U' .htaccess; ls -A"); is != "regular file evil\n.htaccess\npage.html" {
			t.Errorf("%s: %s", spoil, is)
		}
		l.setOriginal(t, "evil", dir, nil, "")
	}
	// All the time something else is there. Whatever root comes to, nothing but the site's own is changed.
	l.root(t, "cat > /home/evil/swap.sh <<'END'\ncd "+dir+"\nwhile test -e ../go; do ln -sf /root/secret .htaccess; rm -f .htaccess; mkfifo .htaccess; rm -f .htaccess; echo x > .htaccess; "+
		"ln -sf /root/secret "+left+"; mv -f .htaccess "+left+" 2>/dev/null; done\nEND\ntouch /home/evil/go; systemd-run -q --unit=evil-swap --uid=evil sh /home/evil/swap.sh")
	for range 8 {
		l.server(t, "evil", ask{Original: dir, Gate: gate})
		l.server(t, "evil", ask{Original: dir})
	}
	l.root(t, "rm /home/evil/go; while systemctl -q is-active evil-swap; do :; done; rm -f "+dir+"/.ht*")
	if after := l.root(t, untouched); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if odd := l.root(t, "find /home/evil ! -user evil"); odd != "" && odd != "/home/evil/swap.sh" {
		t.Errorf("not the owner's: %s", odd)
	}
	l.setOriginal(t, "evil", dir, gate, "")
	l.setOriginal(t, "evil", dir, nil, "")
}
