package vpslab

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"vpm/scripts/instrument"
)

var (
	// shared is what of the machine's root a VPS has too: programs, settings and the packages' state.
	shared = []string{"bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "usr", "var"}
	// emptied are the other directories that every machine has; what else is there, the VPS is without.
	emptied = []string{"boot", "dev", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp"}
)

// layer is the directory that an overlay puts over the machine's root.
type layer string

// furnish makes a freshly installed machine of this one: no data of others, no service enabled, an identity of its own.
func (l layer) furnish() error {
	if err := os.Chmod(string(l), 0o755); err != nil { // it is the root directory, whatever the umask
		return err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := "/" + entry.Name()
		switch {
		case slices.Contains(shared, entry.Name()):
			continue
		case slices.Contains(emptied, entry.Name()):
			err = l.empty(path)
		default:
			err = l.remove(path)
		}
		if err != nil {
			return err
		}
	}
	for _, pattern := range []string{
		"/etc/systemd/system/*.wants", "/etc/systemd/system/*.requires", "/etc/rc?.d",
		"/var/log/journal", "/var/tmp",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, path := range found {
			if err := l.empty(path); err != nil {
				return err
			}
		}
	}
	const policy = "/usr/sbin/policy-rc.d" // container images forbid services with it
	if _, err := os.Lstat(policy); err == nil {
		if err := l.remove(policy); err != nil {
			return err
		}
	}
	if instrument.Dir() != "" {
		if err := l.instrument(); err != nil {
			return err
		}
	}
	return l.identify()
}

// instrument lets the programs of services report, which are shut in more or less.
func (l layer) instrument() error {
	const writable = "[Service]\nReadWritePaths=" + instrument.Inside + "\n"
	for path, text := range map[string]string{
		"/etc/systemd/system.conf.d/instrument.conf":         "[Manager]\nDefaultEnvironment=\"" + instrument.Environment(instrument.Inside)[0] + "\"\n",
		"/etc/systemd/system/vpm.service.d/instrument.conf":  writable,
		"/etc/systemd/system/vpm-.service.d/instrument.conf": writable,
	} {
		if err := os.MkdirAll(filepath.Dir(l.at(path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(l.at(path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// identify writes what names a machine and what decides how it boots.
func (l layer) identify() error {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	for path, text := range map[string]string{
		"/etc/machine-id": hex.EncodeToString(id[:]) + "\n",
		"/etc/hostname":   "vps\n",
		"/etc/hosts":      "127.0.0.1 localhost vps\n::1 localhost\n",
		"/etc/fstab":      "",
	} {
		if err := l.parents(path); err != nil {
			return err
		}
		if err := os.WriteFile(l.at(path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	target := "/etc/systemd/system/default.target"
	if err := l.parents(target); err != nil {
		return err
	}
	return os.Symlink("/lib/systemd/system/multi-user.target", l.at(target))
}

func (l layer) at(path string) string { return filepath.Join(string(l), path) }

// empty makes a directory of the machine, with its owner and mode, have nothing in it.
func (l layer) empty(path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() { // a symlink leads to what is emptied, or not, in its own place
		return err
	}
	if err := l.parents(path); err != nil {
		return err
	}
	if err := l.copyDir(path, info); err != nil {
		return err
	}
	return unix.Setxattr(l.at(path), "trusted.overlay.opaque", []byte("y"), 0)
}

// remove makes the VPS be without path; overlayfs calls such a device a whiteout.
func (l layer) remove(path string) error {
	if err := l.parents(path); err != nil {
		return err
	}
	return unix.Mknod(l.at(path), unix.S_IFCHR, 0)
}

// parents makes the directories above path as they are on the machine: those in the upper layer decide owner and mode.
func (l layer) parents(path string) error {
	at := ""
	for part := range strings.SplitSeq(strings.Trim(filepath.Dir(path), "/"), "/") {
		if part == "" {
			continue
		}
		at += "/" + part
		if _, err := os.Lstat(l.at(at)); err == nil {
			continue
		}
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if err := l.copyDir(at, info); err != nil {
			return err
		}
	}
	return nil
}

func (l layer) copyDir(path string, info fs.FileInfo) error {
	if err := os.Mkdir(l.at(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := os.Lchown(l.at(path), int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(l.at(path), info.Mode())
}
