package provision

import (
	"fmt"
	"strings"

	"vpm/core/systemd"
)

// Paths is where things are on the server. The texts of core/systemd name /srv/vpm, /run/vpm and /etc/vpm/pools
// themselves.
type Paths struct {
	Requests string // of the server's user, who alone writes there
	Results  string // of root; the server's user reads there
	State    string // of root, nobody else reads there: journals, what was provisioned, the highest UID given
	Sites    string
	Pools    string
	Units    string // the administrator's units of systemd
	Control  string // what "systemctl set-property --runtime" has set
	// Sources are patterns (path.Match) of the directories that existing sites may lie in, or below: there, and nowhere
	// else, root copies sites for the server's user and puts gates. Any user's home is none: it has more than sites in it.
	Sources []string
	// MoreSources has files of root's with more patterns, one a line: "vpm install" writes where the sites of the panel
	// lie that the server has taken over, and an administrator what else there is.
	MoreSources string

	FPM     string   // PHP-FPM's program
	Server  string   // the user of the server
	Listen  []string // users who may send pools requests: the web servers' and the server's
	UIDs    [2]int   // first and last that an instance may get
	Apache  WebServer
	Nginx   WebServer
	MariaDB string // its socket
	Journal systemd.Journal
}

// WebServer is how to configure and drive one.
type WebServer struct {
	Name      string
	Unit      string
	Fragments string   // the directory whose *.conf a host of its configuration includes, HOST/*.conf for one by name
	Test      []string // the command that tests the configuration
	Workers   string   // the title of a worker that takes requests, where a reload is to be waited for
}

// DefaultPaths are Debian's. fpm is PHP-FPM's program, which has its version in its name. UIDs are from above those that
// adduser gives to people and below those that systemd gives to what is dynamic (systemd.io/UIDS-GIDS).
func DefaultPaths(fpm string) Paths {
	return Paths{
		Requests: "/var/lib/vpm/requests", Results: "/var/lib/vpm/results", State: "/var/lib/vpm/provision",
		Sites: "/srv/vpm", Pools: "/etc/vpm/pools", Units: "/etc/systemd/system", Control: "/run/systemd/system.control",
		Sources:     []string{"/var/www/*", "/srv/www/*", "/home/*/public_html", "/home/*/www", "/home/*/htdocs", "/home/*/domains/*/public_html"},
		MoreSources: "/etc/vpm/sources.d",
		FPM:         fpm, Server: "vpmd", Listen: []string{"www-data", "vpmd"}, UIDs: [2]int{40000, 59999},
		Apache:  WebServer{"apache", "apache2.service", "/etc/apache2/vpm.d", []string{"/usr/sbin/apache2ctl", "configtest"}, ""},
		Nginx:   WebServer{"nginx", "nginx.service", "/etc/nginx/vpm.d", []string{"/usr/sbin/nginx", "-t", "-q"}, "nginx: worker process"},
		MariaDB: "/run/mysqld/mysqld.sock", Journal: systemd.Journal{Program: "/usr/bin/journalctl"},
	}
}

func (p Paths) pool(slug string) string   { return p.Pools + "/" + slug + ".conf" }
func (p Paths) limits(slug string) string { return p.dropIns(slug) + "/10-limits.conf" }
func (p Paths) dropIns(slug string) string {
	return p.Units + "/" + systemd.UnitName(slug) + ".d"
}

// fragment is where an instance's part of a web server's configuration goes. Apache takes the first Alias that fits, in
// the order of the names of files, so deeper paths come first.
func (w WebServer) fragment(host, path, slug string) string {
	depth := strings.Count(strings.TrimSuffix(path, "/"), "/")
	return fmt.Sprintf("%s/%02d-%s.conf", w.dir(host), max(0, 99-depth), slug)
}

// gate is where root puts the gate of an instance, for a server that reads no .htaccess. The digits are after those
// of fragments only for people: nginx goes by what the gate says, not by where it stands.
func (w WebServer) gate(host, slug string) string { return w.dir(host) + "/gate-" + slug + ".conf" }

func (w WebServer) dir(host string) string {
	if host == "" {
		return w.Fragments
	}
	return w.Fragments + "/" + host
}

func userOf(slug string) string { return "vpm-" + slug }

// databaseOf is the name of the database that an instance gets.
func databaseOf(slug string) string { return "vpm_" + slug }
