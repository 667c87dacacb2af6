package autoinstall_test

import (
	"strings"
	"testing"

	"vpm/core/autoinstall"
)

// FuzzSudoList: nothing is taken for a right to be root that the list does not have: without NOPASSWD, without root or ALL as
// whom commands run, and without the headline there is none. A rule that forbids everything takes it away again.
func FuzzSudoList(f *testing.F) {
	const head = "User www-data may run the following commands on host:\n"
	for _, rules := range []string{"    (ALL) NOPASSWD: /usr/sbin/php-fpm*, /bin/systemctl\n", "    (ALL : ALL) ALL\n    (root) NOPASSWD: ALL\n", "    (www-data) NOPASSWD: /bin/systemctl\n",
		"    (ALL) NOPASSWD: /bin/ls, PASSWD: /usr/bin/systemctl\n", "    (ALL, !root) NOPASSWD: ALL\n", "    (root) NOPASSWD: ALL, !/bin/systemctl\n", "    (root) NOPASSWD: /bin/systemctl status\n",
		"    (root) NOPASSWD: SETENV: /usr/bin/systemctl\n", "    (root) /bin/echo NOPASSWD:, /bin/systemctl\n", "    (#0) NOPASSWD: ALL\n", "(root) NOPASSWD:", ") ("} {
		f.Add(head + rules)
	}
	f.Add("(root) NOPASSWD: ALL")
	f.Fuzz(func(t *testing.T, list string) {
		path := autoinstall.SystemctlIn(list)
		if path == "" {
			return
		}
		if path != "/bin/systemctl" && path != "/usr/bin/systemctl" {
			t.Errorf("%q gives %q", list, path)
		}
		for _, needed := range []string{"may run the following commands", "NOPASSWD:"} {
			if !strings.Contains(list, needed) {
				t.Errorf("%q gives %s without %q", list, path, needed)
			}
		}
		if !strings.Contains(list, "root") && !strings.Contains(list, "ALL") {
			t.Errorf("%q gives %s as nobody", list, path)
		}
		if again := autoinstall.SystemctlIn(list + "\n    (root) !ALL\n"); again != "" {
			t.Errorf("%q gives %s though all is forbidden in the end", list, again)
		}
		if again := autoinstall.SystemctlIn(list + "\n    (root) PASSWD: ALL\n"); again != "" {
			t.Errorf("%q gives %s though a password is asked for in the end", list, again)
		}
		if again := autoinstall.SystemctlIn(strings.ReplaceAll(list, "NOPASSWD:", "PASSWD:")); again != "" {
			t.Errorf("%q gives %s though a password is asked for", list, again)
		}
	})
}
