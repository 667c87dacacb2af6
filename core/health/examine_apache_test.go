package health_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/health"
	"vpm/scripts/lab"
)

// TestExamineApache examines a PHP site as Apache serves it.
func TestExamineApache(t *testing.T) {
	t.Parallel()
	host := lab.NewHost(t, lab.Options{PHP: true})
	for _, c := range []struct {
		name, php, htaccess string
		wanted              core.Observed
		want                core.CheckResult
		word                string
		healthy             bool
	}{
		{"a page", "<h1>welcome</h1>", "", core.ObservedRunning, core.CheckOK, "answered 200", true},
		{"a long one", "welcome <?php echo str_repeat('y', 1 << 20);", "", core.ObservedRunning, core.CheckOK, "", true},
		{"another page", "<h1>hacked</h1>", "", core.ObservedRunning, core.CheckFailed, "expected text", false},
		{"no page", "<?php http_response_code(404);", "", core.ObservedRunning, core.CheckFailed, "404", false},
		{"a fatal error", "<?php ini_set('display_errors', '0'); nothing();", "", core.ObservedRunning, core.CheckFailed, "500", false},
		{"a faulty .htaccess", "welcome", "Nonsense\n", core.ObservedRunning, core.CheckFailed, "500", false},
		{"a password", "welcome", "Require all denied\n", core.ObservedRunning, core.CheckWarning, "403", true},
		{"not installed", "<?php header('Location: http://one.example/wp-admin/install.php');", "", core.ObservedRunning, core.CheckFailed, "not installed yet", false},
		{"moved", "x", "RedirectMatch 301 ^/$ /new.html\n", core.ObservedRunning, core.CheckOK, "/new.html answered 200", true},
		{"in a circle", "x", "RedirectMatch 301 ^ /new.html\n", core.ObservedRunning, core.CheckFailed, "more than 5", false},
		{"elsewhere", "x", "RedirectMatch 301 ^ http://169.254.169.254/\n", core.ObservedRunning, core.CheckWarning, "not followed", true},
		{"maintenance", "<?php http_response_code(503); header('Retry-After: 600');", "", core.ObservedRunning, core.CheckFailed, `"600"`, false},
		{"closed", "welcome", "RedirectMatch 503 ^\n", core.ObservedStopped, core.CheckOK, "Closed as it should be", true},
		{"not closed", "welcome", "", core.ObservedStopped, core.CheckFailed, "AllowOverride", false},
		{"only PHP closed", "welcome", "RedirectMatch 503 (\\.php|/)$\n", core.ObservedStopped, core.CheckFailed, "nginx", false},
	} {
		write(t, c.php, host.Docroot, "index.php")
		write(t, "welcome", host.Docroot, "new.html")
		write(t, c.htaccess, host.Docroot, ".htaccess")
		if err := host.Chown(host.Docroot); err != nil {
			t.Fatal(err)
		}
		s := health.Subject{
			Site: health.Site{
				URL: fmt.Sprintf("http://one.example:%d/", host.Port), Server: "127.0.0.1", Port: host.Port, PHP: "index.php", Static: "new.html",
			},
			Dir: host.Docroot, Wanted: c.wanted, Gate: core.Evidence{Observed: c.wanted}, Expect: "welcome",
			ConfigFile: func() (string, error) { return filepath.Join(host.Docroot, "index.php"), nil },
		}
		h := health.Examine(t.Context(), s)
		for _, check := range h.Checks {
			if check.Name == "http" && (check.Result != c.want || !strings.Contains(check.Reason, c.word)) {
				t.Errorf("%s: it is %s: %s", c.name, check.Result, check.Reason)
			}
		}
		if h.Healthy == nil || *h.Healthy != c.healthy {
			t.Errorf("%s: it is %+v, want healthy %t", c.name, h, c.healthy)
		}
	}
}
