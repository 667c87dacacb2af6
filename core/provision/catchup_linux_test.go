package provision

import (
	"testing"
)

// TestCatchUp changes the original between its copy and the moment visitors are sent to that: nothing is lost. Afterwards
// the copy is the site, and nothing in it is touched.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	const old, copied = "/var/www/html/caught", "/srv/vpm/caught/web/htdocs"
	l.root(t, "mkdir -p "+old+"/kept "+old+"/gone "+old+"/file; cd "+old+"; echo one > page.html; echo kept > kept/k; ln kept/k kept/l; echo x > gone/x; echo y > goes; ln -s page.html link; echo z > file/z; echo 'Redirect 301 /caught/a /caught/b' > .htaccess")
	q := good("caught")
	q.CopyFrom, q.Serve = old, false
	l.do(t, "caught", q)
	l.start(t, "caught", "v1")
	l.root(t, "cd "+old+"; mtime=$(stat -c @%Y page.html); echo two > page.html; touch -d $mtime page.html; echo new > new.html; rm -r gone goes file; echo now > file; ln -sf kept/k link; "+
		"echo more >> kept/k; mkdir made; echo in > made/in; echo 'Redirect 301 /caught/c /caught/d' >> .htaccess")
	q.Serve = true
	if r := l.do(t, "caught", q); r.Copy.Passes == 0 || len(r.Carried) != 2 {
		t.Errorf("caught up: %+v, carried %+v", r.Copy, r.Carried)
	}
	if differs := l.root(t, "diff -r --no-dereference "+old+" "+copied+" || true; find "+copied+" ! -user vpm-caught"); differs != "" {
		t.Errorf("the copy is not the original: %s", differs)
	}
	for name, c := range l.clients() {
		if a := get(t, c, "/caught/new.html", ""); a.body != "new\n" {
			t.Errorf("%s: %+v", name, a)
		}
		if a := get(t, c, "/caught/c", ""); a.status != 301 {
			t.Errorf("%s, the new redirect: %+v", name, a)
		}
	}
	before := l.root(t, "cd "+copied+"; find . -type f -exec sha256sum {} + | sort")
	l.root(t, "echo three > "+old+"/page.html; rm "+old+"/new.html")
	l.do(t, "caught", q)
	l.do(t, "caught", Request{Operation: Undo, Instance: "caught"})
	l.do(t, "caught", q)
	if after := l.root(t, "cd "+copied+"; find . -type f -exec sha256sum {} + | sort"); after != before {
		t.Errorf("visitors had been sent there, and it was\n%s\nand is\n%s", before, after)
	}
}
