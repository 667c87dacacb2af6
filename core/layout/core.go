package layout

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"vpm/core"
)

// Core is an unpacked CMS that sites are made from.
type Core struct {
	CMSType string
	Dir     string // absolute; its last element may be a link
}

// FindCore finds the core of a CMS below the directory of the cores, where it has the name of its type. CodeNotFound says
// what is missing there.
func FindCore(cores, cmsType string) (Core, error) {
	c := Core{CMSType: cmsType}
	needs := c.needs()
	if needs == nil {
		return c, core.Errorf(core.CodeNotFound, "cannot lay out a site of the type %s: only WordPress, Joomla and Drupal have a core", cmsType)
	}
	// The directory of the cores is resolved, for the links that lead there. The core itself is not: whoever points its
	// name to another version means all sites.
	real, err := filepath.EvalSymlinks(cores)
	if err != nil {
		real = cores
	}
	c.Dir = filepath.Join(real, cmsType)
	for _, name := range needs {
		info, err := os.Stat(filepath.Join(c.Dir, name))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && !info.Mode().IsRegular() {
			return c, core.Errorf(core.CodeNotFound, "cannot find %s in %s: unpack %s so that it is there", name, c.Dir, c.name())
		}
		if err != nil {
			return c, core.Errorf(core.CodeUnavailable, "cannot look at %s in %s", name, c.Dir).Because(err)
		}
	}
	return c, nil
}

// needs are files by which a core is known, and without which no site can be made of it.
func (c Core) needs() []string {
	switch c.CMSType {
	case "wordpress":
		return []string{"wp-load.php", "wp-settings.php", "wp-admin/install.php", "wp-includes/version.php"}
	case "joomla":
		return []string{"index.php", "administrator/index.php", "installation/index.php"}
	case "drupal":
		return []string{"index.php", "core/install.php"}
	}
	return nil
}

func (c Core) name() string {
	return map[string]string{"wordpress": "WordPress", "joomla": "Joomla", "drupal": "Drupal"}[c.CMSType]
}

// installer is the path at which the CMS's own set-up begins.
func (c Core) installer(configured bool) string {
	switch {
	case c.CMSType == "joomla":
		return "installation/index.php"
	case c.CMSType == "drupal":
		return "core/install.php"
	case configured:
		return "wp-admin/install.php"
	}
	return "wp-admin/setup-config.php"
}

// belongsToSite tells whether a file or directory of the core is that of one site: its settings, its uploads and what
// it keeps. A core in which somebody has installed a site would else hand that on, its database too.
func (c Core) belongsToSite(name string) bool {
	var patterns []string
	switch c.CMSType {
	case "wordpress":
		patterns = []string{"wp-config.php", ".htaccess", ".user.ini", "wp-content/uploads", "wp-content/upgrade*", "wp-content/cache",
			"wp-content/database", "wp-content/blogs.dir", "wp-content/*.log"}
	case "joomla":
		patterns = []string{"configuration.php"}
	case "drupal":
		patterns = []string{"sites/*/settings*.php", "sites/*/files", "sites/*/private"}
	}
	for _, p := range append(patterns, ".git", marker, ".*.vpm-*") {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

// linkable tells whether a web server that follows links only of the same owner (SymLinksIfOwnerMatch) would follow those
// that this process makes to the core.
func (c Core) linkable() bool {
	for _, name := range []string{".", "wp-includes", "wp-admin"} {
		info, err := os.Stat(filepath.Join(c.Dir, name))
		if err != nil {
			return false
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Geteuid() {
			return false
		}
	}
	return true
}

// isPHP tells whether hosts run a file of that name.
func isPHP(name string) bool { return strings.EqualFold(path.Ext(name), ".php") }
