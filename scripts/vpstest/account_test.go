package vpstest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// account is one of a shared host, on which somebody runs a WordPress at /blog/ and two sites more.
type account struct {
	*server // the panel and the sites, on the shared host
	host    *lab.Host
	db      *lab.MariaDB
	before  map[string]any // what a server must have too
	until   string         // when that was asked for
}

// newAccount sets up vpm and the sites on a shared host as a person does.
func newAccount(t *testing.T, driver string) *account {
	t.Helper()
	host, db := lab.NewHost(t, lab.Options{PHP: true}), lab.NewMariaDB(t)
	a := &account{server: &server{t: t, client: host.Client()}, host: host, db: db}
	a.must(host.Install("../../public_html"))
	a.must(host.Install(uploaded, "public_html", "api", "vpm.cgi"))
	a.installWordPress()
	a.write("closed/index.php", "<?php echo 'open again';")
	a.write("gone/index.php", "<?php echo 'here again';")
	a.must(host.Chown(host.Docroot))
	a.setUpPanel(driver)
	return a
}

func (a *account) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) write(name, text string) {
	a.t.Helper()
	path := filepath.Join(a.host.Docroot, name)
	a.must(os.MkdirAll(filepath.Dir(path), 0o755))
	a.must(os.WriteFile(path, []byte(text), 0o644))
}

// installWordPress installs Debian's by its own installer.
func (a *account) installWordPress() {
	a.t.Helper()
	a.must(a.host.CachePHP("mysqli.default_socket="+a.db.Socket, "pdo_mysql.default_socket="+a.db.Socket))
	_, secret, err := a.db.CreateDatabase("acct_wp")
	a.must(err)
	dir := filepath.Join(a.host.Docroot, "blog")
	a.must(a.host.InstallWordPress(dir, lab.WordPress{Database: lab.Database{Name: "acct_wp", User: "acct_wp", Password: secret}, Host: "localhost",
		URL: "http://shop.test/blog/", Title: "A blog that moves", Password: password}))
	a.write("blog/style.css", "body { color: black }\n")
	a.must(a.host.Chown(dir))
}

// setUpPanel is what its owner does in the panel: a second user, three instances of which one is stopped, and all that
// leaves traces.
func (a *account) setUpPanel(driver string) {
	a.t.Helper()
	body := map[string]any{"db_driver": driver, "username": "admin", "password": password}
	if driver == "mysql" {
		user, secret, err := a.db.CreateDatabase("acct_panel")
		a.must(err)
		body["db_socket"], body["db_name"], body["db_user"], body["db_password"] = a.db.Socket, "acct_panel", user, secret
	}
	file, _ := a.call("GET", "setup.php", nil)["code_file"].(string)
	code, err := os.ReadFile(file)
	a.must(err)
	body["code"], _, _ = strings.Cut(string(code), "\n")
	a.call("POST", "setup.php", body)
	a.token, _ = a.call("POST", "auth/login.php", map[string]any{"username": "admin", "password": password})["token"].(string)
	a.call("POST", "users/create.php", map[string]any{"username": "vera", "password": password, "role": "viewer"})
	for id, kind := range map[string]string{"blog": "wordpress", "closed": "native", "gone": "native"} {
		a.call("POST", "instances/create.php", map[string]any{"instance_id": id, "instance_name": id, "cms_type": kind, "domain": "shop.test",
			"path_prefix": "/" + id, "database_name": "acct_wp", "database_prefix": "wp_", "path": filepath.Join(a.host.Docroot, id)})
	}
	a.call("POST", "instances/stop.php", map[string]any{"instance_id": "closed", "reason": "on holiday"})
	a.call("POST", "tick.php", nil)
}

// traces is what must not be lost.
func (s *server) traces(until string) map[string]any {
	s.t.Helper()
	got := map[string]any{}
	for path, list := range map[string]string{"users/list.php": "users", "sessions/list.php": "sessions", "instances/events.php?instance_id=blog&limit=100": "events",
		"instances/events.php?instance_id=closed&limit=100": "events", "instances/history.php?instance_id=blog&to=" + until: "samples"} {
		got[path], _ = s.call("GET", path, nil)[list].([]any)
	}
	ids := map[string]any{}
	list, _ := s.call("GET", "instances/list.php", nil)["instances"].([]any)
	for _, in := range list {
		in, _ := in.(map[string]any)
		ids[fmt.Sprint(in["instance_id"])] = fmt.Sprint(in["id"], in["instance_name"], in["created_at"])
	}
	got["instances"] = ids
	return got
}

// archive is what its owner takes along: the home and, in it, the dumps.
func (a *account) archive() string {
	a.t.Helper()
	a.until = time.Now().UTC().Format(time.RFC3339Nano)
	a.before = a.traces(a.until)
	a.must(os.RemoveAll(filepath.Join(a.host.Home, "php"))) // the host's own
	a.must(os.RemoveAll(filepath.Join(a.host.Docroot, "gone")))
	list, err := a.db.Exec("SHOW DATABASES LIKE 'acct%'")
	a.must(err)
	for name := range strings.FieldsSeq(list) {
		dump := filepath.Join(a.host.Home, name+".sql")
		a.run("mariadb-dump", "--no-defaults", "--user=root", "--socket="+a.db.Socket, "--result-file="+dump, name)
		if name == "acct_wp" {
			a.run("gzip", dump)
		}
	}
	a.must(a.host.Chown(a.host.Home))
	file := filepath.Join(a.t.TempDir(), "account.tar.gz")
	a.run("tar", "-C", filepath.Dir(a.host.Home), "-czf", file, filepath.Base(a.host.Home))
	a.must(a.host.Stop())
	a.must(a.db.Stop())
	return file
}

func (a *account) run(name string, args ...string) {
	a.t.Helper()
	if out, err := exec.CommandContext(a.limited(), name, args...).CombinedOutput(); err != nil {
		a.t.Fatalf("cannot run %s: %v\n%s", name, err, out)
	}
}
