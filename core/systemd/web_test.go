//go:build linux

package systemd

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestWebServers has Apache and nginx serve an instance by its fragments.
func TestWebServers(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	l.provision(t, pool("web"))
	l.run(t, "web", "v1")
	f := Fragment{Slug: "web", Path: "/my.shop", Docroot: "htdocs", Uploads: []string{"wp-content/uploads"}, Timeout: 60}
	const docroot = "/srv/vpm/web/htdocs/"
	l.write(t, docroot+"index.php", "<?php echo 'user ', posix_getpwuid(posix_geteuid())['name'], ' limit ', ini_get('memory_limit'), ' for ', $_SERVER['REQUEST_URI'];")
	for _, name := range []string{"style.css", ".env", ".git/config", "wp-config.php", "dump.sql", "wp-content/uploads/evil.php", "wp-content/uploads/pic.png"} {
		l.write(t, docroot+name, "the file "+name)
	}
	apache, err := f.Apache()
	if err != nil {
		t.Fatal(err)
	}
	nginx, err := f.Nginx()
	if err != nil {
		t.Fatal(err)
	}
	err = l.Apache(t.Context(), "<VirtualHost *:80>\n ServerName vpm.test\n <Directory /srv/vpm>\n Require all granted\n AllowOverride None\n"+
		" Options +SymLinksIfOwnerMatch\n </Directory>\n"+apache+"</VirtualHost>\n")
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, "/etc/nginx/sites-enabled/default", "server {\n listen 127.0.0.1:8080;\n root /var/www/html;\n"+nginx+"}\n")
	l.root(t, "rm -f /etc/nginx/conf.d/*.conf; systemctl restart nginx")
	clients := map[string]*http.Client{"Apache": l.HTTPClient(), "nginx": l.ClientOf(8080)}
	for server, client := range clients {
		for url, want := range map[string]string{
			"/my.shop/":                            "user vpm-web limit 64M for /my.shop/",
			"/my.shop/pretty/url":                  "user vpm-web limit 64M for /my.shop/pretty/url",
			"/my.shop/index.php?a=b":               "user vpm-web limit 64M for /my.shop/index.php?a=b",
			"/my.shop/style.css":                   "the file style.css",
			"/my.shop/wp-content/uploads/pic.png":  "the file wp-content/uploads/pic.png",
			"/my.shop/wp-content/uploads/evil.php": "403", "/my.shop/.env": "403", "/my.shop/.git/config": "403",
			"/my.shop/wp-config.php": "403", "/my.shop/dump.sql": "403", "/myxshop/": "404",
		} {
			if got := fetch(t, client, "http://vpm.test"+url); got != want {
				t.Errorf("%s, %s: %q, want %q", server, url, got, want)
			}
		}
	}
	l.must(t, "Settle", Ask{Slug: "web", Run: "v1", Stopped: true})
	if got := fetch(t, clients["Apache"], "http://vpm.test/my.shop/"); got != "503" {
		t.Errorf("Apache with the pool stopped: %q", got)
	}
}

// fetch gives the body of a good answer, and the status of others.
func fetch(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("PHP_ADMIN_VALUE", "memory_limit=1G")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		status, _, _ := strings.Cut(answer.Status, " ")
		return status
	}
	return string(body)
}
