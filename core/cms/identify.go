// Package cms reads what a site's files say of it: which content management system it is, in which version, and how it
// reaches its database. PHP is read, never executed: lexer.go and its neighbours take it apart, script.go and its
// neighbours follow what it sets.
package cms

import (
	"path/filepath"
	"strings"

	"vpm/core"
)

// Identify tells which CMS is installed in a site's directory, or in the web/ or docroot/ below it where Composer's
// templates put it. A version that its files do not give in a plain form is "".
func Identify(dir string) (core.CMS, bool) {
	for _, root := range roots(dir) {
		for _, find := range []func(string) (core.CMS, bool){wordPressVersion, joomlaVersion, drupalVersion} {
			if found, ok := find(root); ok {
				found.Version = plainVersion(found.Version)
				return found, true
			}
		}
	}
	return core.CMS{}, false
}

// roots are the directories in which a site's CMS may be.
func roots(dir string) []string {
	return []string{dir, filepath.Join(dir, "web"), filepath.Join(dir, "docroot")}
}

// wordPressVersion reads wp-includes/version.php, as WordPress itself does.
func wordPressVersion(root string) (core.CMS, bool) {
	root = wordPressRoot(root)
	path := filepath.Join(root, "wp-includes", "version.php")
	text, err := readText(path)
	if err != nil {
		return core.CMS{}, isRegular(path) && isRegular(filepath.Join(root, "wp-load.php"))
	}
	m := newMachine(nil)
	m.run(path, text)
	version, _ := m.get(place{name: "wp_version"}).text()
	return core.CMS{Type: "wordpress", Version: version}, true
}

// wordPressRoot is where WordPress is whose visitors enter at root: root itself, or what its index.php loads. See
// https://developer.wordpress.org/advanced-administration/server/wordpress-in-directory/.
func wordPressRoot(root string) string {
	if isRegular(filepath.Join(root, "wp-includes", "version.php")) {
		return root
	}
	index := filepath.Join(root, "index.php")
	text, err := readText(index)
	if err != nil {
		return root
	}
	own := root
	m := newMachine(nil)
	m.exists = func(path string) bool {
		if below, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(below) && filepath.Base(path) == "wp-blog-header.php" {
			own = filepath.Dir(path)
		}
		return false
	}
	m.read = readText // not reached: for this purpose no file exists
	m.run(index, text)
	return own
}

// drupalVersion reads the constant in core/lib/Drupal.php (8 and later) or includes/bootstrap.inc (7).
func drupalVersion(root string) (core.CMS, bool) {
	path := filepath.Join(root, "core", "lib", "Drupal.php")
	if text, err := readText(path); err == nil {
		m := newMachine(nil)
		m.run(path, text)
		if members, there := m.classes["drupal"]; there {
			version, _ := members["::VERSION"].text()
			return core.CMS{Type: "drupal", Version: version}, true
		}
	}
	path = filepath.Join(root, "includes", "bootstrap.inc")
	text, err := readText(path)
	if err != nil || !strings.Contains(text, "DRUPAL_") {
		return core.CMS{}, false
	}
	m := newMachine(nil)
	m.run(path, text)
	version, _ := m.constant("VERSION").text()
	return core.CMS{Type: "drupal", Version: version}, version != ""
}

// plainVersion gives a version as the column cms_version holds it, "" where it is none.
func plainVersion(version string) string {
	if len(version) > 50 {
		return ""
	}
	for i := range len(version) {
		if c := version[i]; c >= 0x80 || !isNameByte(c) && !strings.ContainsRune(".+-", rune(c)) || c == '_' {
			return ""
		}
	}
	return version
}
