// Package autoinstall goes the documented way to real mode: where sudo lets the web server's user run systemctl, an
// uploaded vpm.cgi starts "vpm install" by it, once, as a unit of its own. It is linked into vpm.cgi, so it knows nothing
// of what is installed; that is core/install's.
package autoinstall

import "os"

// Where the server is, once it is installed.
const (
	ServerSocket  = "/run/vpmd/vpm.sock"
	ServerProgram = "/usr/lib/vpm/vpm"
)

// ServerInstalled tells whether vpm's server is installed on this machine, whether or not it runs. It costs one stat.
func ServerInstalled() bool { return there(ServerProgram) }

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
