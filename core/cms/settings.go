package cms

import (
	"strings"

	"vpm/core"
)

// settings takes a Database out of a configuration. It keeps the first error.
type settings struct {
	*machine
	root string // of the CMS
	path string // of the configuration
	err  error
}

// take gives the text of a setting. what it is for people, and name what the configuration calls it.
func (s *settings) take(what, name string, v value, there bool) string {
	text, known := v.text()
	switch {
	case known && there:
		return text
	case s.err != nil:
	case there || s.blind:
		s.err = core.Errorf(core.CodeNotFound, "cannot tell the site's %s: %s depends on more than what is in %s", what, name, s.path)
	default:
		s.err = core.Errorf(core.CodeNotFound, "cannot tell the site's %s: %s is not set in %s", what, name, s.path)
	}
	return ""
}

func (s *settings) takeConstant(what, name string) string {
	_, there := s.constants[name]
	return s.take(what, name, s.constant(name), there)
}

// takeHost takes the host, port and socket out of what WordPress and Joomla have in one setting.
func (s *settings) takeHost(d *Database, name string, v value, there bool) {
	text := s.take("database host", name, v, there)
	var ok bool
	if d.Host, d.Port, d.Socket, ok = splitHost(text); !ok && s.err == nil {
		s.err = core.Errorf(core.CodeNotFound, "cannot tell the site's database host: %s in %s is none", name, s.path)
	}
}

// driver gives the name that Database has for a driver of Joomla or Drupal.
func (s *settings) driver(name, setting string) string {
	switch strings.ToLower(name) {
	case "mysql", "mysqli", "pdomysql":
		return "mysql"
	case "pgsql", "postgresql":
		return "pgsql"
	case "sqlite":
		return "sqlite"
	}
	if s.err == nil {
		s.err = core.Errorf(core.CodeNotFound, "cannot tell the site's database type: %s in %s is none that vpm knows", setting, s.path)
	}
	return ""
}
