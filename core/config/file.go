package config

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"vpm/core"
)

// fileValues is what a settings file holds.
type fileValues struct {
	file     string
	read     os.FileInfo       // of file, as it was read
	settings map[string]string // by the name in the environment, VPM_…
	warnings []string
}

// largestFile bounds what is read of a settings file.
const largestFile = 64 << 10

// settingsFile reads the first settings file there is: VPM_CONFIG, which must exist, then those of
// place.SettingsFiles, then a .env beside the docroot.
func settingsFile(place Place) (fileValues, error) {
	if path := os.Getenv("VPM_CONFIG"); path != "" {
		if !filepath.IsAbs(path) {
			return fileValues{}, core.Errorf(core.CodeUnavailable, "cannot use VPM_CONFIG: it must be an absolute path")
		}
		v, err := ownFile(place, path)
		if notExist(err) {
			return fileValues{}, core.Errorf(core.CodeUnavailable, "cannot read the settings: VPM_CONFIG names %s, which does not exist", path)
		}
		return v, err
	}
	// Beside the docroot first, without asking for the home: that is where the file nearly always is.
	first := filepath.Join(filepath.Dir(place.WebRoot), "vpm.env")
	v, err := ownFile(place, first)
	if err == nil || !notExist(err) {
		return v, err
	}
	for _, path := range place.SettingsFiles()[1:] {
		if v, err := ownFile(place, path); err == nil || !notExist(err) {
			return v, err
		}
	}
	return foreignFile(place)
}

// ownFile reads a settings file of ours. It holds a password, so it must be readable by its owner only and
// not lie where visitors can fetch it.
func ownFile(place Place, path string) (fileValues, error) {
	text, info, err := readFile(path)
	if err != nil {
		return fileValues{}, err
	}
	if place.Served(path) && !deniedByRouting(place, path) {
		return fileValues{}, core.Errorf(core.CodeUnavailable,
			"cannot use the settings in %s: visitors could fetch it there; move it to %s", path, filepath.Join(filepath.Dir(place.WebRoot), "vpm.env"))
	}
	if info.Mode().Perm()&0o077 != 0 {
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(st.Uid) != os.Geteuid() || os.Chmod(path, 0o600) != nil {
			return fileValues{}, core.Errorf(core.CodeUnavailable,
				"cannot use the settings in %s: other users may read it; give it the permissions 600", path)
		}
	}
	v := fileValues{file: path, read: info, settings: map[string]string{}}
	pairs, err := parseFile(path, text, true)
	if err != nil {
		return fileValues{}, err
	}
	for _, p := range pairs {
		if !strings.HasPrefix(p.name, "VPM_") || p.name == "VPM_CONFIG" {
			return fileValues{}, core.Errorf(core.CodeUnavailable, "cannot use the settings in %s: line %d has the unknown setting %s", path, p.line, p.name)
		}
		v.settings[p.name] = p.value
	}
	return v, nil
}

// deniedByRouting tells whether path is the one file in the web's reach that may hold settings: vpm.env
// beside the program, with a routing file there that denies it.
func deniedByRouting(place Place, path string) bool {
	if path != filepath.Join(place.ProgramDir, "vpm.env") {
		return false
	}
	rules, err := os.ReadFile(filepath.Join(place.ProgramDir, ".htaccess"))
	return err == nil && strings.Contains(string(rules), "Require all denied")
}

// foreignNames maps the names in the .env file of an installation that is being taken over.
var foreignNames = map[string]string{
	"DB_HOST": "VPM_DB_HOST", "DB_PORT": "VPM_DB_PORT", "DB_DATABASE": "VPM_DB_NAME",
	"DB_USERNAME": "VPM_DB_USER", "DB_PASSWORD": "VPM_DB_PASSWORD", "DB_SOCKET": "VPM_DB_SOCKET",
}

// foreignFile reads the database settings from another program's .env beside the docroot. Its permissions
// are that program's affair; it is only warned about.
func foreignFile(place Place) (fileValues, error) {
	path := filepath.Join(filepath.Dir(place.Docroot), ".env")
	text, info, err := readFile(path)
	if notExist(err) {
		return fileValues{}, nil
	}
	if err != nil {
		return fileValues{}, err
	}
	pairs, err := parseFile(path, text, false)
	if err != nil {
		return fileValues{}, err
	}
	v := fileValues{settings: map[string]string{}}
	for _, p := range pairs {
		if name, ok := foreignNames[p.name]; ok && p.value != "" {
			v.settings[name] = p.value
		}
	}
	if v.settings["VPM_DB_NAME"] == "" {
		return fileValues{}, nil
	}
	v.file, v.read = path, info
	v.settings["VPM_DB_DRIVER"] = MySQL
	if info.Mode().Perm()&0o077 != 0 {
		v.warnings = append(v.warnings, path+" holds the database password and other users may read it; give it the permissions 600")
	}
	return v, nil
}

// readFile reads a settings file. fs.ErrNotExist comes back as it is, so that the search can go on; a path
// that may not be looked at counts as not there, since a host may close the directories around an account.
func readFile(path string) (string, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		if notExist(err) || os.IsPermission(err) && unreachable(path) {
			return "", nil, os.ErrNotExist
		}
		return "", nil, core.Errorf(core.CodeUnavailable, "cannot read the settings in %s", path).Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		return "", nil, core.Errorf(core.CodeUnavailable, "cannot read the settings in %s: it is not a file", path)
	}
	text, rerr := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err != nil || rerr != nil || len(text) > largestFile {
		return "", nil, core.Errorf(core.CodeUnavailable, "cannot read the settings in %s: it cannot be read whole or is larger than 64 kB", path)
	}
	return string(text), info, nil
}

// unreachable tells whether the directory of path may not be entered, as opposed to a file that is there and
// may not be read.
func unreachable(path string) bool {
	_, err := os.Lstat(path)
	return err != nil
}
