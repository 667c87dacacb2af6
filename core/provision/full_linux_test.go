package provision

import (
	"fmt"
	"strings"
	"testing"

	"vpm/core"
)

// full has the file system run full at one point after the other while an instance is provisioned. Nothing is left of it,
// and with room the same request succeeds.
func (l *lab) full(t *testing.T) {
	t.Helper()
	l.root(t, "mkdir -p /var/www/full; cd /var/www/full; for i in 1 2 3 4 5 6 7 8; do echo $i > $i.html; done")
	q := good("full")
	q.CopyFrom = "/var/www/full"
	failed := 0
	for _, dir := range []string{"/srv/vpm", "/etc/vpm/pools", "/var/lib/vpm/provision", "/var/lib/vpm/results"} {
		l.root(t, fmt.Sprintf("mkdir /root/keep; cp -a %[1]s/. /root/keep; mount -t tmpfs -o nr_inodes=10000 none %[1]s; cp -a /root/keep/. %[1]s", dir))
		done := false
		for more := 0; !done && more < 40; more += 2 {
			l.root(t, fmt.Sprintf("mount -o remount,nr_inodes=$(($(df --output=iused %[1]s | tail -n1) + %[2]d)) %[1]s", dir, more))
			out := l.server(t, "full", ask{Request: &q})
			if done = out.Message == ""; done {
				break
			}
			failed++
			if out.Code != core.CodeUnavailable || !strings.Contains(out.Message, "no space left on device") {
				t.Errorf("%s with room for %d files: %s (%s)", dir, more, out.Message, out.Code)
			}
			l.root(t, "mount -o remount,nr_inodes=10000 "+dir)
			if left := l.traces(t, "full"); left != "" {
				t.Errorf("%s with room for %d files left %s", dir, more, left)
			}
		}
		l.root(t, "mount -o remount,nr_inodes=10000 "+dir)
		l.do(t, "full", q)
		if page := get(t, l.HTTPClient(), "/full/8.html", ""); page.body != "8\n" {
			t.Errorf("%s has room: %+v", dir, page)
		}
		l.do(t, "full", Request{Operation: Deprovision, Instance: "full", Delete: true})
		l.root(t, fmt.Sprintf("umount %[1]s; rm -r /root/keep", dir))
	}
	if failed < 6 {
		t.Errorf("it failed %d times only", failed)
	}
}
