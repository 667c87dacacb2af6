package gatetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

const apacheConfig = `ServerName 127.0.0.1:%[2]d
Listen 127.0.0.1:%[2]d
PidFile %[1]s/apache.pid
DefaultRuntimeDir %[1]s
Mutex file:%[1]s default
ErrorLog %[1]s/error.log
User www-data
Group www-data
%[3]s
ThreadsPerChild 8
StartServers 1
ServerLimit 1
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
TypesConfig /dev/null
AddType text/html .html
DocumentRoot %[1]s/%[6]s
%[4]s
<Directory %[1]s/%[6]s>
  Options FollowSymLinks
  AllowOverride FileInfo
  Require all granted
  %[5]s
</Directory>
`

// apache is what a bare Apache has: which modules are missing, and more of its configuration.
type apache struct {
	without           []string
	server, directory string
	link              string // the document root's name, a link to the docroot; "" none
}

// startApache serves a docroot with FileInfo as the only override.
func startApache(t *testing.T, a apache) (url, docroot string) {
	t.Helper()
	dir := serverDir(t)
	root := "docroot"
	if a.link != "" {
		root = a.link
		if err := os.Symlink("docroot", filepath.Join(dir, root)); err != nil {
			t.Fatal(err)
		}
	}
	var modules strings.Builder
	for _, m := range []string{"mpm_event", "authz_core", "alias", "dir", "mime", "headers", "rewrite", "setenvif"} {
		if !slices.Contains(a.without, m) {
			fmt.Fprintf(&modules, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", m, m)
		}
	}
	t.Cleanup(func() {
		if log, err := os.ReadFile(filepath.Join(dir, "error.log")); t.Failed() {
			t.Logf("Apache's log: %s %v", log, err)
		}
	})
	url = lab.Serve(t, func(port int) *exec.Cmd {
		write(t, filepath.Join(dir, "apache.conf"), fmt.Sprintf(apacheConfig, dir, port, modules.String(), a.server, a.directory, root))
		return exec.Command("/usr/sbin/apache2", "-d", dir, "-f", filepath.Join(dir, "apache.conf"), "-DFOREGROUND")
	})
	docroot = filepath.Join(dir, "docroot")
	for name, text := range map[string]string{
		"index.html": siteText, "page.html": siteText, "api/x.html": "panel", "addon/index.html": "addon",
		"vpm-stopped.html": "own page", "blog/page.html": siteText, "blog/vpm-stopped.html": "blog's own page",
	} {
		write(t, filepath.Join(docroot, name), text)
	}
	return url, docroot
}

func TestModulesThatAreMissing(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"", "headers", "rewrite", "alias", "headers rewrite", "headers alias", "setenvif"} {
		t.Run("without "+without, func(t *testing.T) {
			t.Parallel()
			url, docroot := startApache(t, apache{without: strings.Fields(without)})
			gate := htaccess.Gate{OpenPaths: []string{"/api/"}, OpenDirs: []string{docroot + "/addon"}, Bypass: token}
			for _, page := range []string{"", "vpm-stopped.html"} {
				body := htaccess.DefaultPage("", time.Time{})
				if gate.Page = page; page != "" {
					gate.PagePath, body = "/"+page, "own page"
				}
				write(t, docroot+"/.htaccess", render(t, gate))
				for _, target := range []string{"/", "/page.html", "/missing", "/vpm-stopped.html"} {
					a := get(t, url, target)
					if strings.Contains(without, "headers") {
						if a.status != 503 || a.body != body {
							t.Errorf("%s: %d %s", a.name, a.status, head(a.body))
						}
						continue
					}
					a.wantClosed(t, "3600", body)
				}
				for target, want := range map[string]string{"/api/x.html": "panel", "/addon/": "addon"} {
					if a := get(t, url, target); a.status != 200 || a.body != want {
						t.Errorf("%s: %d %s", a.name, a.status, head(a.body))
					}
				}
				judgeLinkWithout(t, url, without)
			}
		})
	}
}

// Rewrite rules are forbidden where links may not be followed. What stays open must not notice.
func TestLinksMayNotBeFollowed(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{directory: "Options -FollowSymLinks"})
	gate := htaccess.Gate{OpenPaths: []string{"/api/"}, OpenDirs: []string{docroot + "/addon"}}
	write(t, docroot+"/.htaccess", render(t, gate))
	for target, want := range map[string]int{"/api/x.html": 200, "/addon/": 200, "/page.html": 403} {
		if a := get(t, url, target); a.status != want || strings.Contains(a.body, siteText) {
			t.Errorf("%s: %d %s", a.name, a.status, head(a.body))
		}
	}
}

// Apache 2.4 cannot read a file that begins with the mark of UTF-8. Closing it must not change that, as nobody could
// tell where the error came from.
func TestMarkOfUTF8(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{})
	file := []byte("\xef\xbb\xbf# rules\r\nDirectoryIndex page.html\r\n")
	for _, text := range [][]byte{file, htaccess.Close(file, true, render(t, htaccess.Gate{}))} {
		write(t, docroot+"/.htaccess", string(text))
		if a := get(t, url, "/"); a.status != 500 {
			t.Errorf("%s: %d", a.name, a.status)
		}
	}
}
