package autoinstall

import "testing"

func TestSudoList(t *testing.T) {
	t.Parallel()
	const head = "Matching Defaults entries for www-data on vps:\n    env_reset, mail_badpass\n\nUser www-data may run the following commands on vps:\n"
	for rules, want := range map[string]string{
		"    (ALL) NOPASSWD: /usr/sbin/php-fpm*, /bin/systemctl\n":                  "/bin/systemctl",
		"    (ALL : ALL) NOPASSWD: /usr/bin/systemctl\n":                            "/usr/bin/systemctl",
		"    (root) NOPASSWD: ALL\n":                                                "/bin/systemctl",
		"    (ALL) /bin/systemctl\n":                                                "",
		"    (ALL) NOPASSWD: /bin/true, PASSWD: /bin/systemctl\n":                   "",
		"    (www-data) NOPASSWD: /bin/systemctl\n":                                 "",
		"    (ALL) NOPASSWD: /bin/systemctl reload apache2\n":                       "",
		"    (ALL) NOPASSWD: /bin/systemctl\n    (ALL) NOPASSWD: !/bin/systemctl\n": "",
	} {
		if got := SystemctlIn(head + rules); got != want {
			t.Errorf("%q: %q, want %q", rules, got, want)
		}
	}
	if got := SystemctlIn("Sorry, user www-data may not run sudo on vps.\n"); got != "" {
		t.Errorf("of a refusal: %q", got)
	}
}
