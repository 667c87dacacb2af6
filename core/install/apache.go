package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"vpm/htaccess"
)

// apacheLayout is where a distribution has Apache's configuration.
type apacheLayout struct {
	unit    string
	test    []string
	conf    string // ours
	link    string // what makes it count, "" where its place does
	hosts   string // the directory of what provisioning writes for instances; "" where it does not know this layout
	modules string // a directory whose modules are enabled by links in enabled; "" where proxy_fcgi is on from the start
	enabled string
}

func findApache() (apacheLayout, bool) {
	if ctl := find("/usr/sbin/apache2ctl", "/usr/sbin/apachectl"); ctl != "" && isDir("/etc/apache2/conf-available") {
		return apacheLayout{unit: "apache2.service", test: []string{ctl, "configtest"}, conf: "/etc/apache2/conf-available/vpm.conf",
			link: "/etc/apache2/conf-enabled/vpm.conf", hosts: "/etc/apache2/vpm.d",
			modules: "/etc/apache2/mods-available", enabled: "/etc/apache2/mods-enabled"}, true
	}
	if ctl := find("/usr/sbin/apachectl", "/usr/sbin/httpd"); ctl != "" && isDir("/etc/httpd/conf.d") {
		return apacheLayout{unit: "httpd.service", test: []string{ctl, "-t"}, conf: "/etc/httpd/conf.d/vpm.conf"}, true
	}
	return apacheLayout{}, false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// apacheFiles are the configurations that may name document roots.
func apacheFiles() (list []string) {
	for _, pattern := range []string{"/etc/apache2/apache2.conf", "/etc/apache2/sites-enabled/*", "/etc/apache2/conf-enabled/*.conf",
		"/etc/httpd/conf/httpd.conf", "/etc/httpd/conf.d/*.conf"} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		list = append(list, found...)
	}
	return list
}

// apacheSteps route the API. served tells whether Apache is what serves the upload.
func (p *Plan) apacheSteps(ctx context.Context, up upload) (served bool, err error) {
	a, there := findApache()
	if !there || !active(ctx, a.unit) && !apacheNames(up.docroot) {
		return false, nil
	}
	p.add(p.afterUndo("systemctl", "try-reload-or-restart", a.unit))
	if a.modules != "" {
		for _, name := range []string{"proxy.conf", "proxy.load", "proxy_fcgi.load", "headers.load"} {
			if _, err := os.Stat(filepath.Join(a.modules, name)); err == nil {
				p.add(p.link(filepath.Join(a.enabled, name), "../mods-available/"+name, web))
			}
		}
	}
	p.add(p.file(content{path: a.conf, text: []byte(apacheText(up.dir)), mode: 0o644}, web))
	if a.link != "" {
		p.add(p.link(a.link, "../conf-available/vpm.conf", web))
	}
	if a.hosts != "" {
		p.add(dirStep(ofTree, a.hosts, 0o755, "root", "root"), p.file(content{path: stoppedPage, mode: 0o644,
			text: []byte(htaccess.DefaultPage("", time.Time{}))}, ""))
	}
	if err := p.virtualHostSteps(up); err != nil {
		return false, err
	}
	p.add(reload(web, a.unit, a.test...))
	return true, nil
}

// stoppedPage is what Apache shows where the PHP-FPM of an instance does not run.
const stoppedPage = StateDir + "/pages/stopped.html"

func namesRoot(line, docroot string) bool {
	f := strings.Fields(line)
	return len(f) == 2 && strings.EqualFold(f[0], "DocumentRoot") && filepath.Clean(strings.Trim(f[1], `"`)) == docroot
}

func apacheNames(docroot string) bool {
	for _, file := range apacheFiles() {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if namesRoot(line, docroot) {
				return true
			}
		}
	}
	return false
}

// apacheText leaves the upload's .htaccess in force, with all it protects and all it leaves to other programs: only
// what that would have run vpm.cgi for goes to the server, with the same variables. <If> comes after all other sections,
// so that no SetHandler there wins; it goes by the file, so it holds for every virtual host and alias.
func apacheText(dir string) string {
	return fmt.Sprintf(`# vpm install wrote this: what vpm.cgi in the directory answered, vpm's server answers. vpm uninstall removes it.
<IfModule mod_proxy_fcgi.c>
<Directory "%[1]s">
  CGIPassAuth On
  <If "%%{SCRIPT_FILENAME} =~ m#^%[2]s/vpm(-386)?\.cgi$#">
    SetHandler "proxy:unix:%[3]s|fcgi://vpm"
  </If>
</Directory>
<Proxy "unix:%[3]s|fcgi://vpm">
  ProxySet connectiontimeout=3 timeout=330 retry=0
</Proxy>
</IfModule>
Alias /.vpm/ %[4]s/
<Directory %[4]s>
  Require all granted
  AllowOverride None
  FileETag None
  <IfModule mod_headers.c>
    Header always set Retry-After 30
    Header always set Cache-Control no-store
  </IfModule>
</Directory>
`, dir, regexp.QuoteMeta(dir), Socket, filepath.Dir(stoppedPage))
}
