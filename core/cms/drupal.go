package cms

import (
	"path/filepath"
	"strconv"
	"strings"

	"vpm/core"
)

// drupal reads settings.php of Drupal 7 and later; see sites/default/default.settings.php.
func (s *settings) drupal(text string) Database {
	s.preset("DRUPAL_ROOT", s.root)
	s.variables["app_root"], s.variables["site_path"] = textOf(s.root), textOf("sites/default")
	s.run(resolved(s.path), text)
	key := textOf("default")
	all := s.get(place{name: "databases", keys: []*value{&key, &key}})
	setting := func(key string) (v value, name string, there bool) {
		v = all.element(textOf(key))
		return v, "$databases['default']['default']['" + key + "']", v.kind != kindNull || v.unset
	}
	take := func(what, key string) string {
		v, name, there := setting(key)
		return s.take(what, name, v, there)
	}
	optional := func(what, key, otherwise string) string {
		if _, _, there := setting(key); !there {
			return otherwise
		}
		return take(what, key)
	}
	d := Database{Driver: s.driver(take("database type", "driver"), "$databases['default']['default']['driver']")}
	d.Name = take("database name", "database")
	d.Prefix = s.drupalPrefix(setting("prefix"))
	if d.Driver == "sqlite" {
		if !filepath.IsAbs(d.Name) { // a relative path begins where PHP runs, at the docroot
			d.Name = filepath.Join(s.root, d.Name)
		}
		return d
	}
	d.User = take("database user", "username")
	d.Password = NewSecret(optional("database password", "password", ""))
	d.Host = strings.Trim(optional("database host", "host", "localhost"), "[]")
	if d.Socket = optional("database socket", "unix_socket", ""); d.Socket != "" {
		d.Host = ""
	}
	if port := optional("database port", "port", ""); port != "" {
		var err error
		if d.Port, err = strconv.Atoi(port); (err != nil || !isPort(d.Port)) && s.err == nil {
			d.Port = 0
			s.err = core.Errorf(core.CodeNotFound, "cannot tell the site's database port: what is set in %s is none", s.path)
		}
	}
	return d
}

// drupalPrefix takes the prefix, which before Drupal 10 may be an array of one for each table and one for all others.
func (s *settings) drupalPrefix(v value, name string, there bool) string {
	if v.kind == kindList {
		key := textOf("default")
		v = v.element(key)
		there = v.kind != kindNull || v.unset
	}
	if !there {
		return ""
	}
	return s.take("table prefix", name, v, there)
}
