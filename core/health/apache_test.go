package health_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/health"
	"vpm/scripts/lab"
)

// write puts a file, named by its path, on the host.
func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestApache(t *testing.T) {
	t.Parallel()
	host := lab.NewHost(t, lab.Options{PHP: true})
	docroot := host.Docroot
	for _, dir := range []string{docroot, filepath.Join(docroot, "blog")} {
		write(t, "<?php http_response_code(202); echo str_repeat('y', 1 << 20);", dir, "index.php")
		write(t, "body {}", dir, "a.css")
	}
	if err := host.Chown(docroot); err != nil {
		t.Fatal(err)
	}
	const closed = "RedirectMatch 503 ^\n"
	protect := fmt.Sprintf("AuthType Basic\nAuthName x\nAuthUserFile %s\nRequire valid-user\n", filepath.Join(host.Home, "users"))

	for _, c := range []struct {
		name, root, blog string // the .htaccess of the docroot and of the directory blog
		host, path       string
		statuses         string
		want             core.Observed
	}{
		{"open", "", "", "one.example", "/", "202 202 200", core.ObservedRunning},
		{"closed", closed, "", "one.example", "/", "503 503 503", core.ObservedStopped},
		{"its own gate, asked without the slash", "", closed, "one.example", "/blog", "503 503 503", core.ObservedStopped},
		{"the neighbour's gate", "", closed, "one.example", "/", "202 202 200", core.ObservedRunning},
		{"closed for another name", "<If \"%{HTTP_HOST} =~ /^two\\.example/\">\n" + closed + "</If>\n", "", "one.example", "/", "202 202 200", core.ObservedRunning},
		{"closed for this name", "<If \"%{HTTP_HOST} =~ /^two\\.example/\">\n" + closed + "</If>\n", "", "two.example", "/", "503 503 503", core.ObservedStopped},
		{"redirects", "RedirectMatch 302 ^/$ /blog/\n", "", "one.example", "/", "302 202 200", core.ObservedRunning},
		{"redirects all", "RedirectMatch 301 ^ https://one.example/\n", "", "one.example", "/", "301 301 301", core.ObservedRunning},
		{"only PHP closed", "RedirectMatch 503 (\\.php|/)$\n", "", "one.example", "/", "503 503 200", core.ObservedRunning},
		{"only static closed", "RedirectMatch 503 \\.css$\n", "", "one.example", "/blog/", "202 202 503", core.ObservedRunning},
		{"may not be said there", "AllowOverride None\n", "", "one.example", "/", "500 500 500", core.ObservedRunning},
		// Apache refuses before it comes to the gate.
		{"closed, for others", closed + "Require all denied\n", "", "one.example", "/", "403 403 403", core.ObservedUnknown},
		{"closed, with a password", closed + protect, "", "one.example", "/", "401 401 401", core.ObservedUnknown},
		{"closed, static for others", closed + "<Files a.css>\nRequire all denied\n</Files>\n", "", "one.example", "/", "503 503 403", core.ObservedStopped},
	} {
		write(t, c.root, docroot, ".htaccess")
		write(t, c.blog, docroot, "blog", ".htaccess")
		sightings := health.Look(t.Context(), health.Site{
			URL: fmt.Sprintf("http://%s:%d%s", c.host, host.Port, c.path), Server: "127.0.0.1", Port: host.Port, PHP: "index.php", Static: "a.css",
		})
		var statuses []string
		for _, one := range sightings {
			statuses = append(statuses, fmt.Sprint(one.Status))
			if !strings.HasPrefix(one.Server, "Apache") {
				t.Errorf("%s: saw %+v", c.name, one)
			}
		}
		observed, seen, cause := health.Judge(sightings)
		if got := strings.Join(statuses, " "); got != c.statuses || observed != c.want {
			t.Errorf("%s: saw %s, judged %s; want %s, %s", c.name, got, observed, c.statuses, c.want)
		}
		if (cause != "") != (observed == core.ObservedRunning) {
			t.Errorf("%s: %s %s", c.name, seen, cause)
		}
	}
}
