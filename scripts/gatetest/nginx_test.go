package gatetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

const nginxConfig = `daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 64; }
http {
  access_log off;
  types { text/html html; text/plain txt; text/css css; image/jpeg jpg; }
  client_body_temp_path %[1]s/body;
  fastcgi_temp_path %[1]s/fastcgi;
  proxy_temp_path %[1]s/proxy;
  scgi_temp_path %[1]s/scgi;
  uwsgi_temp_path %[1]s/uwsgi;
  server {
    listen 127.0.0.1:%[2]d;
    server_name _;
    root "%[1]s/docroot";
    error_page 404 /404.html;
    error_page 503 /50x.html;
    absolute_redirect off;
    add_header X-Site yes always;
    include %[1]s/gate.conf;
    rewrite ^/old-page$ /about.html permanent;
    location / { try_files $uri $uri/ /index.html; error_page 405 =200 $uri; }
    location ~ \.jpg$ { expires 1d; }
    location ^~ /api/ { default_type text/plain; return 200 "panel"; }
  }
}
`

// startNginx serves the tree with the gate "" for none.
func startNginx(t *testing.T, gate func(docroot string) string) string {
	t.Helper()
	dir := serverDir(t)
	docroot := filepath.Join(dir, "docroot")
	for name, text := range nginxTree {
		write(t, filepath.Join(docroot, name), text)
	}
	write(t, filepath.Join(dir, "gate.conf"), gate(docroot))
	t.Cleanup(func() {
		if log, err := os.ReadFile(filepath.Join(dir, "error.log")); t.Failed() || strings.Contains(string(log), "[warn]") {
			t.Errorf("nginx's log: %s %v", log, err)
		}
	})
	return lab.Serve(t, func(port int) *exec.Cmd {
		write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(nginxConfig, dir, port))
		return exec.Command("/usr/sbin/nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", filepath.Join(dir, "error.log"))
	})
}

func nginxGate(docroot string) htaccess.Gate {
	return htaccess.Gate{
		Instance: "site", Reason: "Moving: $host ${host} \\ \" %{x}\n" + strings.Repeat("😀", 400), Bypass: token,
		OpenPaths: []string{"/api/", "/vpm"},
		OpenDirs:  []string{filepath.Join(docroot, "addon"), filepath.Join(docroot, "plain (addon) [2]")},
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	soon, ago := time.Now().Add(time.Hour), time.Now().Add(-time.Second)
	plainURL := startNginx(t, func(string) string { return "" })
	for _, s := range []struct {
		name   string
		change func(*htaccess.Gate)
		cookie string
		link   string
		open   bool
	}{
		{name: "stopped", change: func(*htaccess.Gate) {}},
		{name: "until", change: func(g *htaccess.Gate) { g.Until = soon }},
		{name: "expired", change: func(g *htaccess.Gate) { g.Until = ago }, open: true},
		{name: "own page", change: func(g *htaccess.Gate) { g.Page, g.PagePath = "vpm-stopped.html", "/vpm-stopped.html" }},
		{name: "own page expired", change: func(g *htaccess.Gate) { g.Page, g.PagePath, g.Until = "vpm-stopped.html", "/vpm-stopped.html", ago }, open: true},
		{name: "bypass", change: func(*htaccess.Gate) {}, cookie: "a=b; vpm_bypass=" + token, open: true},
		{name: "wrong bypass", change: func(*htaccess.Gate) {}, cookie: "xvpm_bypass=" + token},
		{name: "bypass until", change: func(g *htaccess.Gate) { g.BypassUntil = soon }, cookie: "vpm_bypass=" + token, open: true},
		{name: "bypass expired", change: func(g *htaccess.Gate) { g.BypassUntil = ago }, cookie: "vpm_bypass=" + token},
		{name: "link", change: func(*htaccess.Gate) {}, link: token, open: true},
		{name: "link until", change: func(g *htaccess.Gate) {
			g.BypassUntil, g.Page, g.PagePath = soon, "vpm-stopped.html", "/vpm-stopped.html"
		}, link: token, open: true},
		{name: "link expired", change: func(g *htaccess.Gate) { g.BypassUntil = ago }, link: token},
		{name: "wrong link", change: func(*htaccess.Gate) {}, link: token + "0"},
		{name: "link of no gate", change: func(g *htaccess.Gate) { g.Bypass = "" }, link: token},
		{name: "link of another path", change: func(g *htaccess.Gate) { g.Path = "/no/where" }, open: true, link: "x"},
		{name: "other host", change: func(g *htaccess.Gate) { g.Host = "other.example" }, open: true},
		{name: "this host", change: func(g *htaccess.Gate) { g.Host = "127.0.0.1" }},
		{name: "other path", change: func(g *htaccess.Gate) { g.Path = "/no/where" }, open: true},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var gate htaccess.Gate
			url := startNginx(t, func(docroot string) string {
				gate = nginxGate(docroot)
				s.change(&gate)
				text, err := gate.RenderNginx()
				if err != nil {
					t.Fatal(err)
				}
				return text
			})
			retry, body := "3600", htaccess.DefaultPage(gate.Reason, gate.Until)
			if !gate.Until.IsZero() {
				retry = gate.Until.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
			}
			if gate.Page != "" {
				body = "<p>the site's own page</p>"
			}
			for _, u := range nginxURLs {
				for _, method := range []string{"GET", "HEAD", "POST"} {
					r := request{method: method, target: u.target, host: "127.0.0.1"}
					if s.cookie != "" {
						r.header = []string{"Cookie: " + s.cookie}
					}
					plain := r
					if s.link != "" {
						r.target = linked(r.target, s.link)
					}
					a := ask(t, url, r)
					if s.open && s.link == token && !u.open {
						judgeNginxLink(t, url, a, plain, r, plainURL)
						continue
					}
					if s.open && strings.HasPrefix(u.target, "/.vpm-gate") {
						continue // a name of ours, which the site does not have
					}
					if s.open || u.open {
						a.wantSame(t, ask(t, plainURL, r))
					} else {
						a.wantClosed(t, retry, body)
					}
				}
			}
			if a := get(t, url, "/.vpm-gate/site/page"); gate.Page != "" && a.status == 200 {
				t.Errorf("the own page can be opened by itself: %d %s", a.status, head(a.body))
			}
		})
	}
}
