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

const (
	version = "v0-documentation"
	zipName = "vpm-" + version + "-linux-amd64.zip"
	class   = "VirtualProcessManager.php"
)

// download is the directory of what people download.
var download string

func TestMain(m *testing.M) {
	lab.Main(m, func(dir string) error {
		download = dir
		return makeDist(dir)
	})
}

func makeDist(dir string) error {
	dist := exec.Command("make", "dist", "ONLY=linux-amd64", "DIST="+dir, "VERSION="+version)
	dist.Dir = "../.."
	if out, err := dist.CombinedOutput(); err != nil {
		return fmt.Errorf("make dist: %w\n%s", err, out)
	}
	return nil
}

// TestSharedHost does what upload.md, command-line.md, php.md and api.md say, on a shared host, as its account.
func TestSharedHost(t *testing.T) {
	t.Parallel()
	host := lab.NewHost(t, lab.Options{PHP: true})
	for _, name := range []string{zipName, class} {
		if err := os.Link(filepath.Join(download, name), filepath.Join(host.Home, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, site := range []string{"blog", "shop"} {
		furnish(t, host, site)
	}
	run(t, host, placed(t, commands(t, "upload.md", "sh"), map[string]string{"https://your.site": host.URL, "VERSION": version}))
	register(t, host)
	here := map[string]string{"https://your.site": host.URL, "the password chosen at set-up": "a new long password"}
	run(t, host, placed(t, commands(t, "command-line.md", "sh"), here))
	run(t, host, placed(t, commands(t, "php.md", "sh"), here))
	runPHP(t, host)
	here["/home/you"] = host.Home
	run(t, host, placed(t, commands(t, "api.md", "sh"), here))
}

// runPHP runs the programs of php.md as the account does.
func runPHP(t *testing.T, host *lab.Host) {
	t.Helper()
	for i, text := range blocks(t, "php.md", "php") {
		name := filepath.Join(host.Home, fmt.Sprintf("example-%d.php", i))
		text = strings.ReplaceAll(text, "/home/you", host.Home)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out := run(t, host, "php "+name)
		for _, want := range [][]string{{"blog is running (virtual), PID v", "here instances run in virtual mode\n"}, {"virtual\n"}}[i] {
			if !strings.Contains(out, want) {
				t.Errorf("the program of php.md says %s, want %q", out, want)
			}
		}
	}
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
func run(t *testing.T, host *lab.Host, script string) string {
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
	return string(out)
}
