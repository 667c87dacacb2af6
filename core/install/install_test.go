//go:build linux

package install_test

import (
	"strings"
	"testing"
)

func TestInstall(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.apache()
			s.setUpWith(driver)
			s.logIn("")
			before := s.tree()

			plan := s.must("dry-run")
			for _, want := range []string{"/usr/lib/vpm/vpm", "vpm.service", "50-vpm.rules", "systemctl daemon-reload", "SetHandler", "vpm.env"} {
				if !strings.Contains(plan, want) {
					t.Errorf("the dry run does not say %q:\n%s", want, plan)
				}
			}
			if strings.Contains(plan, "db-pass") {
				t.Error("the dry run tells the password of the database")
			}
			s.wantTree(before, "after the dry run")

			s.must("apply")
			s.logIn("server")
			s.want(s.ask("GET", "/vpm.cgi", nil), 404, "") // the stop rules of .htaccess hold
			installed := s.tree()
			if out := s.must("apply"); strings.TrimSpace(out) != "" {
				t.Errorf("a second time does: %s", out)
			}
			s.wantTree(installed, "after the second installation")
			if out := s.must("dry-run"); !strings.Contains(out, "Nothing to do") {
				t.Error(out)
			}
			if who := s.sh("ps -o user= -p $(systemctl show -p MainPID --value vpm.service)"); who != "vpmd" {
				t.Errorf("the server runs as %s", who)
			}
			s.fragment()
			if err := s.Reboot(s.limited()); err != nil {
				t.Fatal(err)
			}
			if driver == "mysql" {
				s.sh("systemctl start mariadb")
			}
			s.sh("systemctl start apache2")
			s.logIn("server")
			// What happens now belongs to the data, and comes back with it.
			s.want(s.ask("POST", "/auth/login.php", map[string]any{"username": "nobody", "password": "x"}), 401, "server")

			if left := strings.TrimSpace(s.must("uninstall")); left != "" {
				t.Errorf("left: %s", left)
			}
			s.wantTree(before, "after the uninstallation")
			s.logIn("")
			if out := s.sh("getent passwd vpmd || true; systemctl list-units --all --no-legend 'vpm*'"); out != "" {
				t.Errorf("left: %s", out)
			}
		})
	}
}

// setUpWith sets up the uploaded vpm.cgi with an embedded database or with MariaDB.
func (s *server) setUpWith(driver string) {
	s.t.Helper()
	if driver == "sqlite" {
		s.setUp(map[string]any{"db_driver": "sqlite"})
		return
	}
	socket, err := s.MariaDB(s.limited())
	if err != nil {
		s.t.Fatal(err)
	}
	s.sh(`mariadb -e "CREATE DATABASE panel; CREATE USER panel@localhost IDENTIFIED BY 'db-pass\$1'; GRANT ALL ON panel.* TO panel@localhost"`)
	s.setUp(map[string]any{"db_driver": "mysql", "db_host": "localhost", "db_socket": socket, "db_name": "panel", "db_user": "panel", "db_password": "db-pass$1"})
}

// fragment puts a site into Apache as provisioning does: in the upload's virtual host, and in no other.
func (s *server) fragment() {
	s.t.Helper()
	s.sh(`mkdir -p /srv/site; echo hello > /srv/site/index.html
printf 'Alias /shop1 /srv/site\n<Directory /srv/site>\n Require all granted\n ErrorDocument 404 /.vpm/stopped.html\n</Directory>\n' > /etc/apache2/vpm.d/97-shop1.conf
systemctl reload apache2`)
	err := s.Wait(s.limited(), func() bool { return s.ask("GET", "/../shop1/index.html", nil).text == "hello\n" })
	if err != nil {
		s.t.Fatalf("the site of a fragment: %v", err)
	}
	if a := s.ask("GET", "/../shop1/missing", nil); a.status != 404 || !strings.Contains(a.text, "<html") {
		s.t.Errorf("the page of a stopped site: %d %s", a.status, a.text)
	}
	s.sh("rm -r /srv/site /etc/apache2/vpm.d/97-shop1.conf; systemctl reload apache2")
}
