package layout

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"vpm/core/fault"
)

// linkWordPress makes a site that runs on the core where that is.
func (s *stage) linkWordPress(ctx context.Context) error {
	entries, err := fs.ReadDir(s.core.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir() && name == "wp-admin":
			err = s.enter(ctx, name)
		case e.IsDir() && name == "wp-includes", name == "wp-config-sample.php": // the set-up page reads it, as text
			err = s.link(name)
		case e.IsDir(), s.site.Core.belongsToSite(name), strings.HasPrefix(name, "."):
			continue
		case isPHP(name):
			err = s.entry(name)
		default:
			err = s.link(name)
		}
		if err != nil {
			return err
		}
		fault.Point("part of the core linked")
	}
	s.Steps = append(s.Steps, "linked WordPress in "+s.site.Core.Dir+": wp-includes and the parts of wp-admin, with an entry for each page")
	if err := s.content(ctx); err != nil {
		return err
	}
	if err := s.write("wp-content/mu-plugins/vpm-shared-core.php", sharedCore, 0o644); err != nil {
		return err
	}
	return s.configure()
}

// enter makes entries for the pages below a directory of the core. What those require or serve as it is, is linked.
func (s *stage) enter(ctx context.Context, dir string) error {
	if err := s.mkdir(dir); err != nil {
		return err
	}
	entries, err := fs.ReadDir(s.core.FS(), dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err = ctx.Err(); err != nil {
			return err
		}
		switch name := path.Join(dir, e.Name()); {
		case e.IsDir() && slices.Contains([]string{"css", "images", "includes", "js"}, e.Name()):
			err = s.link(name)
		case e.IsDir():
			err = s.enter(ctx, name)
		case isPHP(name):
			err = s.entry(name)
		default:
			err = s.link(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entry makes the file that visitors ask for. It must be required once only, as whatever loads WordPress a second time.
func (s *stage) entry(name string) error {
	to, err := s.toCore(path.Dir(name))
	if err != nil {
		return err
	}
	site := "__DIR__"
	if depth := strings.Count(name, "/"); depth > 0 {
		site = fmt.Sprintf("dirname(__DIR__, %d)", depth)
	}
	return s.write(name, fmt.Sprintf("<?php // This site shares its core with others. What is here stays when the core is replaced.\ndefined('ABSPATH') || define('ABSPATH', %s . '/');\nreturn require_once __DIR__ . %s;\n",
		site, quote("/"+path.Join(to, name))), 0o644)
}

// copyWordPress makes a site with a core of its own.
func (s *stage) copyWordPress(ctx context.Context) error {
	skip := func(name string) bool { return name == "wp-content" || s.site.Core.belongsToSite(name) }
	if err := s.copyTree(ctx, ".", skip); err != nil {
		return err
	}
	s.Steps = append(s.Steps, "copied WordPress from "+s.site.Core.Dir+", which belongs to another user and cannot be linked")
	if err := s.content(ctx); err != nil {
		return err
	}
	return s.configure()
}

// content makes the site's own wp-content: what the core brings of it, and room for uploads.
func (s *stage) content(ctx context.Context) error {
	if info, err := s.core.Stat("wp-content"); err == nil && info.IsDir() {
		if err := s.copyTree(ctx, "wp-content", s.site.Core.belongsToSite); err != nil {
			return err
		}
	}
	for _, dir := range []string{"", "/themes", "/plugins", "/mu-plugins", "/uploads"} {
		if err := s.mkdir("wp-content" + dir); err != nil {
			return err
		}
	}
	s.Steps = append(s.Steps, "made wp-content, with the themes and plugins of the core")
	fault.Point("content made")
	return nil
}

// configure writes wp-config.php, for its owner alone: where this program may run as CGI, PHP runs as the same user.
func (s *stage) configure() error {
	if s.site.Database == nil {
		s.Steps = append(s.Steps, "left wp-config.php to WordPress's set-up page, as no database_user was given")
		return nil
	}
	if err := s.write("wp-config.php", configuration(*s.site.Database), 0o600); err != nil {
		return err
	}
	s.Steps = append(s.Steps, "wrote wp-config.php, with fresh salts")
	fault.Point("configuration written")
	return nil
}

// sharedCore keeps a site from replacing the core of all the others, as an update from its dashboard would do through
// the links. See https://developer.wordpress.org/advanced-administration/plugins/mu-plugins/.
const sharedCore = `<?php
/*
Plugin Name: Shared core
Description: The core of this site is shared with other sites. It is updated where it lies and not from here.
*/
add_filter('map_meta_cap', function ($needs, $capability) {
	return $capability === 'update_core' ? array('do_not_allow') : $needs;
}, 10, 2);
add_filter('auto_update_core', '__return_false');
`
