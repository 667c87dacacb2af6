package provision

import (
	"testing"

	"vpm/core"
	"vpm/htaccess"
)

// TestSitesOfAnAccount closes and copies a site beside its account's document root, which is for root to allow, and for
// nobody else.
func TestSitesOfAnAccount(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	const dir, sources = "/home/keeper/homedir/instances/blog", "/etc/vpm/sources.d/keeper"
	l.root(t, "useradd -m keeper; mkdir -p "+dir+"; cd "+dir+"; echo page > page.html; chown -R keeper: /home/keeper; chmod 750 /home/keeper /home/keeper/homedir")
	gate, q := &htaccess.Gate{Instance: "keeper", Reason: "new roof"}, good("keeper")
	q.CopyFrom = dir
	l.setOriginal(t, "keeper", dir, gate, "is not where vpm may look for sites")
	l.fail(t, "keeper", q, core.CodeForbidden, sources[:len(sources)-len("/keeper")])
	if l.exists(dir + "/.htaccess") {
		t.Error("root has put a gate where it may not")
	}

	l.root(t, "mkdir -p /etc/vpm/sources.d; echo '/home/keeper/homedir/*' > "+sources)
	l.setOriginal(t, "keeper", dir, gate, "")
	if owner := l.root(t, "stat -c '%U %a' "+dir+"/.htaccess; grep -q 'new roof' "+dir+"/.htaccess"); owner != "keeper 644" {
		t.Errorf("the gate is %s", owner)
	}
	l.setOriginal(t, "keeper", dir, nil, "")
	l.do(t, "keeper", q)
	if a := get(t, l.HTTPClient(), "/keeper/page.html", ""); a.body != "page\n" {
		t.Errorf("the copy: %+v", a)
	}
	l.do(t, "keeper", Request{Operation: Deprovision, Instance: "keeper", Delete: true})
	l.setOriginal(t, "keeper", "/home/keeper", gate, "is not where vpm may look for sites")
	l.setOriginal(t, "keeper", "/srv/vpm/keeper/web", gate, "is not where vpm may look for sites")
}
