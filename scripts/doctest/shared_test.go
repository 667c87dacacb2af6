package doctest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/scripts/lab"
)

const version = "v0-documentation"

// download is the directory of what people download.
var download string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) error {
		download = dir
		return makeDist(dir)
	})
}

func makeDist(dir string) error {
	dist := exec.Command("make", "dist", "DIST="+dir, "VERSION="+version)
	dist.Dir = "../.."
	if out, err := dist.CombinedOutput(); err != nil {
		return fmt.Errorf("make dist: %w\n%s", err, out)
	}
	return nil
}

// TestSharedHost does what upload.md and api.md say, on a shared host, as its account.
func TestSharedHost(t *testing.T) {
	t.Parallel()
	host := lab.NewHost(t, lab.Options{PHP: true})
	zip := "vpm-" + version + "-linux-amd64.zip"
	if err := os.Link(filepath.Join(download, zip), filepath.Join(host.Home, zip)); err != nil {
		t.Fatal(err)
	}
	for _, site := range []string{"blog", "shop"} {
		furnish(t, host, site)
	}
	run(t, host, placed(t, commands(t, "upload.md", ""), map[string]string{"https://your.site": host.URL, "VERSION": version}))
	register(t, host)
	run(t, host, placed(t, commands(t, "api.md", ""), map[string]string{
		"https://your.site": host.URL, "the password chosen at set-up": "a new long password", "/home/you": host.Home}))
}

// furnish lays out a WordPress as a scan knows it.
func furnish(t *testing.T, host *lab.Host, site string) {
	t.Helper()
	for name, text := range map[string]string{
		"index.php":               "<?php echo 'site';",
		"wp-config.php":           "<?php define('DB_NAME', 'none'); $table_prefix = 'wp_';",
		"wp-includes/version.php": "<?php $wp_version = '6.1';",
		"wp-login.php":            "<?php",
	} {
		file := filepath.Join(host.Docroot, site, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := host.Chown(filepath.Join(host.Docroot, site)); err != nil {
		t.Fatal(err)
	}
}

// register has the blog that api.md speaks of.
func register(t *testing.T, host *lab.Host) {
	t.Helper()
	run(t, host, fmt.Sprintf(`TOKEN=$(curl -fsS %[1]s/api/auth/login.php -d '{"username":"admin","password":"a new long password"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
curl -fsS %[1]s/api/instances/adopt.php -H "Authorization: Bearer $TOKEN" -d '{"sites":[{"dir":"%[2]s","instance_id":"blog","url":"%[1]s/blog/"}]}'
`, host.URL, filepath.Join(host.Docroot, "blog")))
}

// run has bash run a script as the account, and fails where a line of it does.
func run(t *testing.T, host *lab.Host, script string) {
	t.Helper()
	shell := exec.Command("bash", "-euo", "pipefail", "-x", "-c", script)
	shell.Dir = host.Home
	shell.Env = []string{"HOME=" + host.Home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	shell.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(host.UID), Gid: uint32(host.GID)}}
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if strings.Contains(string(out), `"success":false`) {
		t.Fatalf("a call failed:\n%s", out)
	}
	t.Logf("%s", out)
}
