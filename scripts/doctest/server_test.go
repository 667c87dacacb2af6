package doctest

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/scripts/vpslab"
)

// server is a VPS whose name your.site leads to itself.
type server struct {
	*vpslab.VPS
	t *testing.T
}

func newServer(t *testing.T) server {
	t.Helper()
	v, err := vpslab.Boot(vpslab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := server{v, t}
	// A name as DNS would have it, and somebody who says yes to apt.
	s.run("echo 127.0.0.1 your.site >> /etc/hosts; echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/99yes")
	return s
}

// run has bash run a script as root, and fails where a line of it does.
func (s server) run(script string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Minute)
	defer cancel()
	out, err := s.RunInput(ctx, strings.NewReader(script), "bash", "-euxo", "pipefail", "-c", `cd; export DEBIAN_FRONTEND=noninteractive; source /dev/stdin </dev/stdin 2>&1`)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.Journal("vpm.service"))
	}
	if strings.Contains(out, `"success":false`) {
		s.t.Fatalf("a call failed:\n%s", out)
	}
	s.t.Logf("%s", out)
}

// theme is one of the least there is, in the place of WordPress's own: Debian packages themes apart.
var theme = map[string]string{"style.css": "/*\nTheme Name: Plain\n*/\n", "index.php": "<!doctype html><title><?php bloginfo('name') ?></title>"}

// patient waits until a web server has taken on a configuration: for a moment after a reload its old processes answer too.
const patient = "curl -fsS --retry 30 --retry-delay 1 "

// wantProcess wants the WordPress to be served by a PHP-FPM of its own.
const wantProcess = `curl -fsS http://your.site/blog/ | grep '<title>Blog'
vpm status blog -o json | grep '"mode": "real"'
ps -o user=,args= -p "$(systemctl show -p MainPID --value vpm-php@blog.service)" | grep 'vpm-blog .*php-fpm: master'
`

// TestNewServer goes by vps.md from nothing but Debian and the package to a WordPress with a process of its own, and back.
func TestNewServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, text := range theme {
		if err := s.WriteFile("/usr/share/wordpress/wp-content/themes/twentytwentythree/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	made, err := filepath.Glob(filepath.Join(download, "*_amd64.deb"))
	if err != nil || len(made) != 1 {
		t.Fatalf("the packages are %q, %v", made, err)
	}
	name := filepath.Base(made[0])
	if err := s.CopyIn(made[0], "/root/"+name); err != nil {
		t.Fatal(err)
	}
	way := blocks(t, "vps.md", "sh")
	moved := slices.IndexFunc(way, func(text string) bool { return strings.HasPrefix(text, "vpm move blog\nvpm status blog\n") })
	if moved < 0 {
		t.Fatal("vps.md does not move the site any more")
	}
	way[moved] += wantProcess
	end := way[len(way)-1] // where vpm goes
	way = append(way[:len(way)-1], commands(t, "command-line.md", "sh vps"), commands(t, "troubleshooting.md", "sh vps"), end)
	s.run(placed(t, strings.Join(way, ""), map[string]string{"vpm_VERSION_amd64.deb": name}))
	s.run("test ! -e /etc/vpm; " + patient + "http://your.site/blog/ | grep '<title>Blog'")
}

// uploaded is what somebody has uploaded to a server as to a shared host, and set up there, with a WordPress beside.
const uploaded = `mkdir -p /home/you/public_html/blog /home/you/public_html/blog/wp-includes
cd /home/you/public_html
unzip -q /root/vpm.zip
echo "<?php echo 'a site';" > blog/index.php
echo "<?php \$wp_version = '6.1';" > blog/wp-includes/version.php
touch blog/wp-login.php blog/wp-load.php
echo "<?php
define('DB_NAME', 'blog');
define('DB_USER', 'blog');
define('DB_PASSWORD', 'a-site-secret');
define('DB_HOST', 'localhost');
\$table_prefix = 'wp_';" > blog/wp-config.php
chown -R www-data: /home/you
systemctl enable -q --now mariadb
mariadb -e "CREATE DATABASE blog; CREATE TABLE blog.wp_posts (id INT); CREATE USER blog@localhost IDENTIFIED BY 'a-site-secret'; GRANT ALL ON blog.* TO blog@localhost"
curl -fsS http://your.site/api/setup.php
CODE=$(head -n 1 /home/you/vpm-data/setup-code.txt)
curl -fsS http://your.site/api/setup.php -d '{"code":"'$CODE'","db_driver":"sqlite","username":"admin","password":"the password you choose"}'
TOKEN=$(curl -fsS http://your.site/api/auth/login.php -d '{"username":"admin","password":"the password you choose"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
curl -fsS http://your.site/api/instances/adopt.php -H "Authorization: Bearer $TOKEN" -d '{"sites":[{"dir":"/home/you/public_html/blog","instance_id":"blog"}]}'
`

// packed is the account as its owner takes it along, and a server without it.
const packed = `vpm uninstall
mariadb-dump blog > /home/you/blog.sql
tar -C /home -czf /root/you.tar.gz you
mv /home/you /root/was
mariadb -e "DROP DATABASE blog; DROP USER blog@localhost"
mkdir -p /home/you && rmdir /home/you
`

// TestOtherWays goes the other ways of vps.md to a server, one after the other: with an uploaded vpm.cgi by hand, by the
// line in sudoers, and with an account that was moved.
func TestOtherWays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if err := s.CopyIn(filepath.Join(download, zipName), "/root/vpm.zip"); err != nil {
		t.Fatal(err)
	}
	site := block(t, "vps.md", "<VirtualHost")
	s.run("mkdir -p /home/you/public_html\n" + site)
	s.run(uploaded)
	s.run(commands(t, "vps.md", "sh upload"))
	s.run(patient + "http://your.site/api/setup.php http://your.site/api/setup.php http://your.site/api/setup.php")
	s.run(commands(t, "vps.md", "sh sudo"))
	s.run(packed)
	s.run(commands(t, "vps.md", "sh account"))
	s.run(patient + "http://your.site/blog/ | grep 'a site'; mariadb -e 'SELECT * FROM blog.wp_posts'")
}
