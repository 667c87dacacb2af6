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
