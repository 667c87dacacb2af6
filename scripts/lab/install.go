package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Install copies the tree src into the account's home and gives it to the account, with the modes that hosts want:
// directories and programs (*.cgi, *.fcgi) 755, other files 644. The elements of into name the place below Home, as in
// Install(src, "public_html", "api"); without any it is the docroot. Files already there are replaced.
func (h *Host) Install(src string, into ...string) error {
	place := "public_html"
	if len(into) > 0 {
		place = filepath.Join(into...)
	}
	if !filepath.IsLocal(place) {
		return fmt.Errorf("cannot install %s at %s: it is not below the account's home", src, place)
	}
	if err := copyTree(src, filepath.Join(h.Home, place)); err != nil {
		return fmt.Errorf("cannot install %s: %w", src, err)
	}
	top, _, _ := strings.Cut(place, "/") // directories on the way may be new too
	return h.Chown(filepath.Join(h.Home, top))
}

// Chown gives path, and all below it, to the account. Modes stay as they are.
func (h *Host) Chown(path string) error {
	return filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("cannot give files to the account: %w", err)
		}
		if err := os.Lchown(path, h.UID, h.GID); err != nil {
			return fmt.Errorf("cannot give files to the account: %w", err)
		}
		return nil
	})
}

func copyTree(src, target string) error {
	return filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(target, relative), 0o755)
		}
		return copyFile(path, filepath.Join(target, relative))
	})
}

// copyFile replaces target by rename: a program that runs cannot be written to.
func copyFile(src, target string) error {
	data, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if extension := filepath.Ext(target); extension == ".cgi" || extension == ".fcgi" {
		mode = 0o755
	}
	fresh := target + ".installing"
	// No fork meanwhile: a child would hold a program open for writing, and it could not be run (golang/go#22315).
	syscall.ForkLock.RLock()
	err = os.WriteFile(fresh, data, mode)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	if err := os.Chmod(fresh, mode); err != nil { // whatever the umask
		return err
	}
	return os.Rename(fresh, target)
}
