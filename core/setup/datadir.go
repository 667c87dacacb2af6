package setup

import (
	"os"
	"path/filepath"

	"vpm/core/atomicfile"
)

// denyAll closes a directory to visitors, in the words of Apache 2.4 and of those that only know 2.2's.
const denyAll = `# Made by vpm: nothing in this directory is for visitors.
<IfModule mod_authz_core.c>
  Require all denied
</IfModule>
<IfModule !mod_authz_core.c>
  Deny from all
</IfModule>
`

// prepareDataDir makes dir, for its owner only, closes it to visitors before anything is put there, and checks that
// files can be made in it.
func prepareDataDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	// Always, and not only where the server is known to look: a host may serve more than it says.
	path := filepath.Join(dir, ".htaccess")
	if _, err := os.Stat(path); err != nil {
		if err := atomicfile.Write(path, []byte(denyAll), 0o644); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(dir, ".writable-")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
