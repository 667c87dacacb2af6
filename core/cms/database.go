package cms

import (
	"path/filepath"

	"vpm/core"
)

// Database is how a site reaches its database.
type Database struct {
	Driver   string // mysql, sqlite or pgsql
	Host     string // a name or an address, IPv6 without brackets; "" with a Socket
	Port     int    // 0: the driver's default
	Socket   string // path of a unix socket
	Name     string // with sqlite, the path of the file
	User     string
	Password Secret
	Prefix   string // what the names of the site's tables begin with
}

// Reader reads the configuration of sites.
type Reader struct {
	// Env looks up the environment variables that configurations ask for; nil means that none is set. Where one is not
	// set, what the configuration has for that case is taken. It must not be vpm's own environment where sites belong
	// to others: their configuration could name a secret of vpm's, and the server that it is sent to as a password.
	Env func(name string) (value string, set bool)
}

// DatabaseOf is Reader.DatabaseOf of a Reader for which no environment variable is set.
func DatabaseOf(dir, cmsType string) (Database, error) { return Reader{}.DatabaseOf(dir, cmsType) }

// DatabaseOf reads how the site in dir reaches its database. What the configuration computes from things that only the
// running site knows is no guess's business: the error, of CodeNotFound, names that setting, and the Database holds the
// others. CodeUnavailable is a configuration that could not be read. No error quotes a configuration.
func (r Reader) DatabaseOf(dir, cmsType string) (Database, error) {
	root, path, err := locate(dir, cmsType)
	if err != nil {
		return Database{}, err
	}
	text, err := readOwn(dir, path)
	if err != nil {
		return Database{}, unreadable(path, err)
	}
	m := newMachine(r.Env)
	m.read = func(path string) (string, error) { return readOwn(resolved(dir), path) }
	m.exists = exists
	return databaseIn(&settings{machine: m, root: root, path: path}, cmsType, text)
}

// databaseIn reads the text of a configuration file.
func databaseIn(s *settings, cmsType, text string) (Database, error) {
	var d Database
	switch cmsType {
	case "wordpress":
		d = s.wordPress(text)
	case "joomla":
		d = s.joomla(text)
	case "drupal":
		d = s.drupal(text)
	}
	if s.failed {
		return Database{}, core.Errorf(core.CodeUnavailable, "cannot read the site's configuration %s: it is too long or too deeply nested", s.path)
	}
	return d, s.err
}

// ConfigFile gives the path of a site's configuration: wp-config.php, which WordPress also takes from the directory above
// its own unless that holds another WordPress (wp-load.php has the rule), configuration.php of Joomla, and
// sites/default/settings.php of Drupal. The error is of CodeNotFound and says which file there should be.
func ConfigFile(dir, cmsType string) (path string, err error) {
	_, path, err = locate(dir, cmsType)
	return path, err
}

// locate finds a configuration, and the directory of the CMS that it belongs to.
func locate(dir, cmsType string) (root, path string, err error) {
	for _, root := range roots(dir) {
		switch cmsType {
		case "wordpress":
			root = wordPressRoot(root)
			path = filepath.Join(root, "wp-config.php")
			above := filepath.Dir(root)
			if !exists(path) && exists(filepath.Join(root, "wp-load.php")) && !exists(filepath.Join(above, "wp-settings.php")) {
				path = filepath.Join(above, "wp-config.php")
			}
		case "joomla":
			path = filepath.Join(root, "configuration.php")
		case "drupal":
			path = filepath.Join(root, "sites", "default", "settings.php")
		default:
			return "", "", core.Errorf(core.CodeNotFound, "cannot find the site's configuration: vpm knows those of WordPress, Joomla and Drupal only")
		}
		if exists(path) {
			return root, path, nil
		}
	}
	return "", "", core.Errorf(core.CodeNotFound, "cannot find the site's configuration: there is no %s", configName(dir, cmsType))
}

// configName is where a configuration is looked for first.
func configName(dir, cmsType string) string {
	switch cmsType {
	case "wordpress":
		return filepath.Join(wordPressRoot(dir), "wp-config.php")
	case "joomla":
		return filepath.Join(dir, "configuration.php")
	}
	return filepath.Join(dir, "sites", "default", "settings.php")
}
