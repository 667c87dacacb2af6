package install

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vpm/core"
	"vpm/core/autoinstall"
)

// Where things are put.
const (
	Program     = autoinstall.ServerProgram
	ProgramLink = "/usr/bin/vpm"
	Settings    = "/etc/vpm/vpm.env"
	StateDir    = "/var/lib/vpm"
	DataDir     = autoinstall.ServerData
	Socket      = autoinstall.ServerSocket
	User        = "vpmd"

	unitDir = "/etc/systemd/system/"
	service = unitDir + "vpm.service"
	socket  = autoinstall.ServerUnit
)

// Options says what to install.
type Options struct {
	// Program is the program that becomes Program, "" for the running one.
	Program string
	// Units are texts of units by their full paths, besides and instead of those of core/systemd.
	Units map[string]string
	// From is the directory of the uploaded vpm.cgi, as /home/shop/public_html/api. "" searches the document roots
	// of the web servers.
	From string
	// CopyDatabase makes a consistent copy of the embedded database at from, which others may have open, as the new
	// file to.
	CopyDatabase func(ctx context.Context, from, to string) error
	// Migrate upgrades the tables of the server's database to what the program works with, as the owner of the settings.
	// nil: nobody does.
	Migrate func(ctx context.Context) error
	// Say hears what is being done, a line at a time; nil is nobody.
	Say func(line string)
}

func (o *Options) complete() error {
	if os.Geteuid() != 0 {
		return core.Errorf(core.CodeForbidden, "cannot install vpm: this needs root; use sudo")
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return core.Errorf(core.CodeUnavailable, "cannot find this program's own file").Because(err)
		}
		o.Program = self
	}
	return nil
}

// machine is what a plan rests on.
type machine struct {
	fpm       string
	privilege privilege
	webGroup  string // who may connect to the server
}

// look finds what the installation needs, or says what is missing.
func look(ctx context.Context) (machine, error) {
	var m machine
	if info, err := os.Lstat("/run/systemd/system"); err != nil || !info.IsDir() { // sd_booted(3)
		return m, core.Errorf(core.CodeUnavailable, "cannot install real mode: systemd does not run this machine")
	}
	if m.fpm = newestFPM("/usr/sbin/php-fpm*"); m.fpm == "" {
		return m, core.Errorf(core.CodeUnavailable, "cannot install real mode: there is no PHP-FPM at /usr/sbin/php-fpm*; install php-fpm")
	}
	var err error
	m.privilege, err = findPrivilege(ctx)
	m.webGroup = findWebGroup()
	return m, err
}

// newestFPM gives the program with the highest version in its name, "" for none.
func newestFPM(pattern string) string {
	found, _ := filepath.Glob(pattern) // the only error is a bad pattern, which finds none
	found = slices.DeleteFunc(found, func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0
	})
	if len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, func(a, b string) int { return compareVersions(filepath.Base(a), filepath.Base(b)) })
}

// findWebGroup gives the group the web servers of this distribution run as.
func findWebGroup() string {
	groups, _ := os.ReadFile("/etc/group") // a machine without has no web server either
	for _, name := range []string{"www-data", "apache", "nginx", "http", "www"} {
		if strings.HasPrefix(string(groups), name+":") || strings.Contains(string(groups), "\n"+name+":") {
			return name
		}
	}
	return "www-data"
}
