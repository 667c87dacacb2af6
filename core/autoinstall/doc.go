// Package autoinstall goes the documented way to real mode: where sudo lets the web server's user run systemctl, an
// uploaded vpm.cgi starts "vpm install" by it, once, as a unit of its own. It is linked into vpm.cgi, so it knows nothing
// of what is installed; that is core/install's.
package autoinstall

import "os"

// Where the server is, once it is installed.
const (
	ServerSocket  = "/run/vpmd/vpm.sock"
	ServerProgram = "/usr/lib/vpm/vpm"
	ServerUnit    = "/etc/systemd/system/vpm.socket"
	// ServerData holds its embedded database, which an installation moves there. The upload's settings name it then.
	ServerData = "/var/lib/vpm/data"
)

// ServerInstalled tells whether vpm's server is installed on this machine, whether or not it runs. It costs one stat, which
// is of the unit: the program is also on machines where a package has brought it and nobody has run "vpm install".
func ServerInstalled() bool { return there(ServerUnit) }

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
