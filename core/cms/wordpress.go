package cms

import (
	"path/filepath"
	"strings"
)

// wordPress reads wp-config.php; see wp-config-sample.php for what is in it.
func (s *settings) wordPress(text string) Database {
	s.preset("ABSPATH", resolved(s.root)+"/")
	s.run(resolved(s.path), text)
	prefix, there := s.variables["table_prefix"]
	d := Database{Driver: "mysql"}
	if s.usesSQLite() {
		d = Database{Driver: "sqlite", Name: s.sqliteFile()}
	} else {
		d.Name = s.takeConstant("database name", "DB_NAME")
		d.User = s.takeConstant("database user", "DB_USER")
		d.Password = NewSecret(s.takeConstant("database password", "DB_PASSWORD"))
		_, there := s.constants["DB_HOST"]
		s.takeHost(&d, "DB_HOST", s.constant("DB_HOST"), there)
	}
	d.Prefix = s.take("table prefix", "$table_prefix", prefix, there)
	return d
}

// usesSQLite goes by the constants and the drop-in of the plugin SQLite Database Integration and its ancestors.
func (s *settings) usesSQLite() bool {
	for _, name := range []string{"DB_ENGINE", "DATABASE_TYPE", "DATABASE_ENGINE"} {
		if c := s.constants[name]; c.sure {
			return c.value.s == "sqlite"
		}
	}
	content, known := s.constant("WP_CONTENT_DIR").text()
	if !known {
		content = filepath.Join(s.root, "wp-content")
	}
	if s.machine.read == nil {
		return false
	}
	dropIn, err := s.machine.read(filepath.Join(content, "db.php"))
	return err == nil && (strings.Contains(dropIn, "SQLITE_DB_DROPIN_VERSION") || strings.Contains(dropIn, "namespace WP_SQLite_DB"))
}

// sqliteFile follows constants.php of the same plugin.
func (s *settings) sqliteFile() string {
	dir, file := filepath.Join(s.root, "wp-content", "database"), ".ht.sqlite"
	if _, there := s.constants["WP_CONTENT_DIR"]; there {
		dir = filepath.Join(s.takeConstant("database file", "WP_CONTENT_DIR"), "database")
	}
	if _, there := s.constants["DB_DIR"]; there {
		dir = s.takeConstant("database file", "DB_DIR")
	}
	if _, there := s.constants["DB_FILE"]; there {
		file = s.takeConstant("database file", "DB_FILE")
	}
	return filepath.Join(dir, file)
}
