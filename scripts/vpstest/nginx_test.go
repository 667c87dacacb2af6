package vpstest

import (
	"strings"
	"testing"
)

const nginxSite = `server {
  listen 80 default_server;
  server_name other.test;
  root /srv/other;
}
server {
  listen 80;
  server_name shop.test www.shop.test;
  root "/home/shop/public_html";
  index index.php index.html;
  location / {
    try_files $uri $uri/ =404;
  }
  rewrite ^/blog/old$ /blog/new permanent;
  location ~ \.php$ {
    include snippets/fastcgi-php.conf;
    fastcgi_pass unix:/run/php/php-fpm.sock;
  }
}
`

// TestNginx moves a site that nginx serves. It knows no .htaccess, so root closes the site for it.
func TestNginx(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.setUp(s.database("sqlite"))
	s.sh(`systemctl disable -q --now apache2; rm -f /etc/nginx/sites-enabled/*
		ls /run/php/php-fpm.sock >/dev/null 2>&1 || ln -s /run/php/php*-fpm.sock /run/php/php-fpm.sock`)
	if err := s.WriteFile("/etc/nginx/sites-enabled/shop", []byte(nginxSite), 0o644); err != nil {
		t.Fatal(err)
	}
	s.sh("systemctl enable -q nginx; systemctl restart nginx")
	before := s.tree()
	s.sh("/opt/vpm install --from " + docroot + "/api")
	s.awaitAPI()
	s.wantStops(original, "www-data")
	s.change("stop", "reason", "too early")
	user := s.move()
	s.wantClosed("too early")
	s.change("start")
	s.awaitPage(s.copyOf(user), user)
	s.change("stop", "reason", "new roof")
	s.wantClosed("new roof")
	s.change("start")
	s.wantPage(s.copyOf(user), user)
	s.call("POST", "instances/move.php", map[string]any{"instance_id": "blog", "operation": "undo"})
	s.awaitPage(original, "www-data")
	s.call("POST", "instances/move.php", map[string]any{"instance_id": "blog", "operation": "remove"})
	s.wantHostOfItsOwn()
	s.sh("rm -r /srv/vpm/.removed")
	if out := s.sh("vpm uninstall"); strings.Contains(out, "left") {
		t.Error(out)
	}
	s.wantTree(before, "after the uninstallation")
}

// awaitAPI waits until the server answers: nginx takes on its configuration after the reload has ended.
func (s *server) awaitAPI() {
	s.t.Helper()
	var a answer
	err := s.Wait(s.limited(), func() bool {
		a = s.get("http://shop.test/api/mode.php")
		return a.fields["mode"] == "real"
	})
	if err != nil {
		s.t.Fatal(err, a, s.Journal("vpm.service"))
	}
}

// wantHostOfItsOwn moves the site that has all of the host, around the panel, and back.
func (s *server) wantHostOfItsOwn() {
	s.t.Helper()
	top := map[string]any{"instance_id": "top", "instance_name": "Top", "cms_type": "native", "domain": "shop.test", "path_prefix": "/", "database_name": "none", "path": docroot}
	s.sh("mkdir " + docroot + "/vpm; echo pages > " + docroot + "/vpm/index.html; echo '<?php echo get_current_user(), $_SERVER[\"REQUEST_URI\"];' > " + docroot + "/who.php; chown -R www-data: " + docroot)
	s.sh("vpm install")
	s.awaitAPI()
	s.call("POST", "instances/create.php", top)
	is := func(when, page string, closed bool) {
		s.t.Helper()
		want := map[string]string{"/": "the shop", "/who.php": page + "/who.php", "/vpm/": "pages\n", "/api/mode.php": "", "/api/vpm.cgi": ""}
		for url, text := range want {
			a := s.get("http://shop.test" + url)
			ours := strings.HasPrefix(url, "/api/") || url == "/vpm/"
			switch {
			case url == "/api/vpm.cgi":
				if a.status == 200 {
					s.t.Errorf("%s, the program itself: %v", when, a)
				}
			case closed && !ours:
				if a.status != 503 || !strings.Contains(a.text, "whole roof") {
					s.t.Errorf("%s, %s: %v", when, url, a)
				}
			case a.status != 200 || text != "" && a.text != text:
				s.t.Errorf("%s, %s: %v, want %q", when, url, a, text)
			}
		}
		if a := s.get("http://other.test/"); a.text != "another" {
			s.t.Errorf("%s, another host: %v", when, a)
		}
	}
	change := func(what string, more map[string]any) {
		s.t.Helper()
		body := map[string]any{"instance_id": "top"}
		for k, v := range more {
			body[k] = v
		}
		s.call("POST", "instances/"+what+".php", body)
	}
	is("at first", "www-data", false)
	change("stop", map[string]any{"reason": "whole roof"})
	is("stopped", "www-data", true)
	change("start", nil)
	change("move", nil)
	is("moved", "vpm-top", false)
	change("stop", map[string]any{"reason": "whole roof"})
	is("moved and stopped", "vpm-top", true)
	change("start", nil)
	change("move", map[string]any{"operation": "undo"})
	is("undone", "www-data", false)
	change("move", map[string]any{"operation": "remove"})
	change("delete", nil)
	s.sh("rm -r " + docroot + "/vpm " + docroot + "/who.php; vpm install")
	s.awaitAPI()
}
