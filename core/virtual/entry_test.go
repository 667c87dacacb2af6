package virtual

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEntryFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paths       []string
		php, static string
	}{
		"nothing":                 {nil, "", ""},
		"WordPress":               {[]string{"index.php", "license.txt", "readme.html", "wp-login.php", "wp-includes/css/admin-bar.css", "wp-content/a.png"}, "index.php", "wp-includes/css/admin-bar.css"},
		"half a WordPress":        {[]string{"index.php", "license.txt", "wp-includes/version.php"}, "index.php", "license.txt"},
		"Joomla":                  {[]string{"index.php", "configuration.php", "LICENSE.txt", "media/system/css/a.css"}, "index.php", "media/system/css/a.css"},
		"Drupal":                  {[]string{"index.php", "robots.txt", "core/misc/a.js"}, "index.php", "core/misc/a.js"},
		"a plain site":            {[]string{"index.html", "style.CSS"}, "", "style.CSS"},
		"text only":               {[]string{"about.html", "a.xml"}, "", "about.html"},
		"below":                   {[]string{"a/page.php", "b/c/deep.css", "css/style.css"}, "a/page.php", "css/style.css"},
		"text near, css below":    {[]string{"robots.txt", "css/style.css"}, "", "robots.txt"},
		"a script that does work": {[]string{"Install.php", "cron.php", "wp-cron.php", "config.inc.php", "page.php"}, "page.php", ""},
		"only such":               {[]string{"install.php"}, "", ""},
		"no dot files":            {[]string{".htaccess", ".a.css", ".index.php", ".well-known/a.css"}, "", ""},
		"not the stopped page":    {[]string{"vpm-stopped.html", "z.html"}, "", "z.html"},
		"only that":               {[]string{"vpm-stopped.html"}, "", ""},
		"names to encode":         {[]string{"a b.css", "a%41.css", "a?.css", "ü.css", "a b.php", "z.css"}, "", "z.css"},
		"not the panel":           {[]string{"api/index.php", "vpm/a.css", "x/a.css"}, "", "x/a.css"},
		"not a nested site":       {[]string{"shop/wp-config.php", "shop/index.php", "shop/a.css", "x/index.php"}, "x/index.php", ""},
		"its own WordPress":       {[]string{"index.php=<?php require './wp/wp-blog-header.php';", "wp/wp-config.php", "wp/a.css"}, "index.php", "wp/a.css"},
		"not where others rule":   {[]string{"private/.htaccess", "private/index.php", "private/a.css"}, "", ""},
		"directories named so":    {[]string{"index.php/x", "a.css/x"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if php, static := EntryFiles(tree(t, c.paths...)); php != c.php || static != c.static {
				t.Errorf("found %q and %q, want %q and %q", php, static, c.php, c.static)
			}
		})
	}
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "gone")} {
		if php, static := EntryFiles(dir); php != "" || static != "" {
			t.Errorf("found %q and %q where nothing is", php, static)
		}
	}
}

func TestEntryFilesAreReadable(t *testing.T) {
	t.Parallel()
	dir := tree(t, "a.css", "b.css", "outside.php")
	for name, err := range map[string]error{
		"a.css":           os.Chmod(filepath.Join(dir, "a.css"), 0o600), // the web server is another user
		"0.css":           os.Symlink("b.css", filepath.Join(dir, "0.css")),
		"index.php":       os.Symlink("outside.php", filepath.Join(dir, "index.php")),
		"a directory 000": os.Mkdir(filepath.Join(dir, "closed"), 0),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if php, static := EntryFiles(dir); php != "outside.php" || static != "b.css" {
		t.Errorf("found %q and %q", php, static)
	}
}

func TestEntryFilesOfALargeDirectory(t *testing.T) {
	t.Parallel()
	paths := []string{"index.php"}
	for i := range 2 * maxNames {
		paths = append(paths, fmt.Sprintf("%d.png", i))
	}
	if php, static := EntryFiles(tree(t, paths...)); php != "index.php" || !strings.HasSuffix(static, ".png") {
		t.Errorf("found %q and %q", php, static)
	}
}

func TestEntryFilesExceptWhatStaysOpen(t *testing.T) {
	t.Parallel()
	dir := tree(t, "index.php", "a.css", "z.css", "robots.txt", "m/page.php", "m/m.css", "panel/page.php", "panel/a.css", "panelled/page.php", "wp-includes/css/w.css")
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(dir, alias); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		except      []string
		php, static string
	}{
		"nothing":               {nil, "index.php", "a.css"},
		"a file":                {[]string{"/a.css"}, "index.php", "z.css"},
		"an index":              {[]string{"/index.php"}, "m/page.php", "a.css"},
		"a directory":           {[]string{"/index.php", "/m"}, "panel/page.php", "a.css"},
		"with a slash":          {[]string{"/index.php", "/m/", "/panel/"}, "panelled/page.php", "a.css"},
		"below a known place":   {[]string{"/a.css", "/z.css", "/wp-includes/css"}, "index.php", "robots.txt"},
		"above a known place":   {[]string{"/a.css", "/z.css", "/wp-includes"}, "index.php", "robots.txt"},
		"the site itself":       {[]string{"", "/", "/.."}, "index.php", "a.css"},
		"what is not there":     {[]string{"/gone", "/wp-json/hook/"}, "index.php", "a.css"},
		"everything of a kind":  {[]string{"/index.php", "/m", "/panel", "/panelled"}, "", "a.css"},
		"a file one level down": {[]string{"/index.php", "/m/page.php"}, "panel/page.php", "a.css"},
	} {
		for _, root := range []string{dir, alias} {
			for _, named := range []string{dir, alias} {
				var except []string
				for _, e := range c.except {
					except = append(except, named+e)
				}
				if php, static := EntryFiles(root, except...); php != c.php || static != c.static {
					t.Errorf("%s: found %q and %q, want %q and %q", name, php, static, c.php, c.static)
				}
			}
		}
	}
	// A link to what stays open: another instance is registered by the link's own name, or by that of its directory.
	far := tree(t, "a.css")
	if err := os.Symlink(far, filepath.Join(dir, "far")); err != nil {
		t.Fatal(err)
	}
	if php, static := EntryFiles(dir, far, filepath.Join(dir, "far")); php != "index.php" || static != "a.css" {
		t.Errorf("found %q and %q", php, static)
	}
}
