package cms

import (
	"path/filepath"
	"strings"

	"vpm/core"
)

// joomlaVersion reads the manifest of Joomla's own files (1.6 and later), or the class Version of those without one.
func joomlaVersion(root string) (core.CMS, bool) {
	if text, err := readText(filepath.Join(root, "administrator", "manifests", "files", "joomla.xml")); err == nil {
		if version, ok := manifestVersion(text); ok {
			return core.CMS{Type: "joomla", Version: version}, true
		}
	}
	for _, file := range []string{"libraries/src/Version.php", "libraries/cms/version/version.php", "libraries/joomla/version.php"} {
		path := filepath.Join(root, filepath.FromSlash(file))
		text, err := readText(path)
		if err != nil {
			continue
		}
		m := newMachine(nil)
		for _, guard := range []string{"_JEXEC", "JPATH_PLATFORM", "JPATH_BASE"} {
			m.preset(guard, "1")
		}
		m.run(path, text)
		for _, class := range []string{"version", "jversion"} {
			if members, there := m.classes[class]; there {
				return core.CMS{Type: "joomla", Version: classVersion(members)}, true
			}
		}
	}
	return core.CMS{}, false
}

// manifestVersion takes the version from joomla.xml.
func manifestVersion(manifest string) (version string, ok bool) {
	manifest = withoutComments(manifest)
	if !strings.Contains(manifest, "<name>files_joomla</name>") {
		return "", false
	}
	_, after, _ := strings.Cut(manifest, "<version>")
	version, _, ok = strings.Cut(after, "</version>")
	return strings.TrimSpace(version), ok
}

func withoutComments(xml string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(xml, "<!--")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, xml, _ = strings.Cut(after, "-->")
	}
}

// classVersion puts together what Joomla 1.5 to 3.7 (RELEASE and DEV_LEVEL) and later ones have in parts.
func classVersion(members map[string]value) string {
	part := func(name string) string {
		v, there := members["::"+name]
		if !there {
			v = members[name]
		}
		s, _ := v.text()
		return s
	}
	version := part("MAJOR_VERSION") + "." + part("MINOR_VERSION") + "." + part("PATCH_VERSION")
	if strings.Trim(version, ".") == "" {
		return strings.Trim(part("RELEASE")+"."+part("DEV_LEVEL"), ".")
	}
	if extra := part("EXTRA_VERSION"); extra != "" {
		version += "-" + extra
	}
	return version
}

// joomla reads configuration.php, which is one class; see installation/configuration.php-dist.
func (s *settings) joomla(text string) Database {
	s.preset("_JEXEC", "1")
	s.run(resolved(s.path), text)
	members, there := s.classes["jconfig"]
	if !there {
		s.err = core.Errorf(core.CodeNotFound, "cannot tell the site's database: there is no class JConfig in %s", s.path)
		return Database{}
	}
	take := func(what, name string) string {
		v, there := members[name]
		return s.take(what, "$"+name, v, there)
	}
	d := Database{Driver: s.driver(take("database type", "dbtype"), "$dbtype")}
	d.Name = take("database name", "db")
	d.Prefix = take("table prefix", "dbprefix")
	if d.Driver == "sqlite" {
		return d
	}
	d.User = take("database user", "user")
	d.Password = NewSecret(take("database password", "password"))
	host, there := members["host"]
	s.takeHost(&d, "$host", host, there)
	return d
}
