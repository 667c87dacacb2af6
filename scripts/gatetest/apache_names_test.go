package gatetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/virtual"
	"vpm/htaccess"
)

// Slashes that are not merged must neither open nor leave open.
func TestSlashesThatAreNotMerged(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{server: "MergeSlashes Off"})
	write(t, docroot+"/.htaccess", render(t, htaccess.Gate{Path: "/blog", OpenPaths: []string{"/api"}}))
	for target, want := range map[string]int{
		"/blog/page.html": 503, "//blog/page.html": 503, "/.//blog///page.html": 503, "/page.html": 200, "/api/../blog/page.html": 503,
		"/api//../../blog/page.html": 503, "/bl%6fg/page.html": 503, "/blog": 503, "/api//../blog/page.html": 404, // below /api
	} {
		if a := get(t, url, target); a.status != want {
			t.Errorf("%s: %d, want %d", a.name, a.status, want)
		}
	}
}

// Apache may find a file without its extension. That changes nothing.
func TestMultiViews(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{server: "LoadModule negotiation_module /usr/lib/apache2/modules/mod_negotiation.so\nAddType application/x-php .php\n" +
		"AddLanguage en .en\nAddLanguage fr .fr\nDirectoryIndex index.html /page.html", directory: "Options +MultiViews"})
	for name, text := range map[string]string{"foo.php": siteText, "both.html": siteText, "both.php": siteText, "talk.html.en": siteText, "talk.html.fr": siteText,
		"sub/deep.html": siteText, "sub/.htaccess": "RewriteEngine On\n", "addon/near.html": "addon", "addon/.htaccess": "RewriteEngine On\n",
		"addon/empty/x": "", "api/empty/x": "", "api/.htaccess": "RewriteEngine On\nRewriteRule ^out$ /page [END]\n"} {
		write(t, filepath.Join(docroot, name), text)
	}
	closed := []string{"/page", "/foo", "/both", "/talk", "/sub/deep", "/foo/path/info", "/index", "/vpm-stopped", "/api/../page"}
	open := map[string]string{"/api/x": "panel", "/addon/near": "addon", "/addon/index": "addon"}
	for _, target := range closed[:5] {
		if a := get(t, url, target); a.status != 200 || a.body != siteText {
			t.Fatalf("running: %s: %d %s", a.name, a.status, head(a.body))
		}
	}
	gate := htaccess.Gate{OpenPaths: []string{"/api/"}, OpenDirs: []string{docroot + "/addon"}, Bypass: token}
	for _, form := range forms {
		write(t, docroot+"/.htaccess", form.keep(render(t, gate)))
		for _, target := range closed {
			if form.name == "rules" && strings.HasPrefix(target, "/sub/") {
				continue // its own rules take their place
			}
			a := get(t, url, target)
			if form.name == "redirect" && a.status == 404 && !strings.Contains(a.body, siteText) {
				continue // without mod_rewrite
			}
			a.wantClosed(t, "3600", htaccess.DefaultPage("", time.Time{}))
		}
		for target, want := range open {
			if a := get(t, url, target); a.status != 200 || a.body != want {
				t.Errorf("%s: %s: %d %s", form.name, a.name, a.status, head(a.body))
			}
		}
		for _, target := range []string{"/addon/missing", "/addon/empty/", "/api/empty/", "/api/out"} { // that lead to the site
			if form.name == "rules" && target != "/addon/missing" {
				continue // what Apache asks itself, and END, come past rules
			}
			if a := get(t, url, target); a.status < 400 || strings.Contains(a.body, siteText) {
				t.Errorf("%s: %s: %d %s", form.name, a.name, a.status, head(a.body))
			}
		}
		if a := ask(t, url, request{method: "GET", target: "/foo", header: []string{"Cookie: vpm_bypass=" + token}}); a.status != 200 || a.body != siteText {
			t.Errorf("%s: with the cookie: %d %s", form.name, a.status, head(a.body))
		}
	}
}

// A document root that is a link gives every file another name. The runtime that closes the site knows it, by the
// link beside the directory or by what the server calls its root.
func TestDocumentRootThatIsALink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, configured string }{{"the link is known", "www"}, {"the link is found", "docroot"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, docroot := startApache(t, apache{link: "www"})
			home := filepath.Dir(docroot)
			for name, text := range map[string]string{"docroot/addon/wp-config.php": "", "docroot/known/index.html": "known", "far/index.html": "far", "far/a.css": "far"} {
				write(t, filepath.Join(home, name), text)
			}
			if err := os.Symlink("../far", filepath.Join(docroot, "near")); err != nil {
				t.Fatal(err)
			}
			record := func(id int64, name, dir string) core.Record {
				config := fmt.Sprintf(`{"docroot": %q}`, filepath.Join(home, dir))
				return core.Record{Instance: core.Instance{ID: id, InstanceID: name, Config: &config, Status: core.StatusInactive}, Gate: core.Gate{Generation: 1}}
			}
			site, known, far := record(1, "site", c.configured), record(2, "known", "docroot/known"), record(3, "far", "far")
			rt := &virtual.Runtime{Now: time.Now, Base: home, Allowed: []string{home}, Panel: []string{filepath.Join(docroot, "api")},
				Instances: func(context.Context) ([]core.Instance, error) {
					return []core.Instance{site.Instance, known.Instance, far.Instance}, nil
				}}
			if s, err := rt.Settle(t.Context(), site); err != nil || s.Evidence.Observed != core.ObservedStopped {
				t.Fatalf("%+v, %v", s, err)
			}
			for target, want := range map[string]string{"/addon/": "addon", "/known/": "known", "/known/index.html": "known", "/near/": "far", "/near/a.css": "far", "/api/x.html": "panel"} {
				if a := get(t, url, target); a.status != 200 || a.body != want {
					t.Errorf("%s: %d %s", a.name, a.status, head(a.body))
				}
			}
			for _, target := range []string{"/", "/page.html", "/blog/page.html", "/missing", "/nearby"} {
				if a := get(t, url, target); a.status != 503 {
					t.Errorf("%s: %d %s", a.name, a.status, head(a.body))
				}
			}
			site.Instance.Status = core.StatusActive
			if _, err := rt.Settle(t.Context(), site); err != nil {
				t.Fatal(err)
			}
			if a := get(t, url, "/page.html"); a.status != 200 || a.body != siteText {
				t.Errorf("%s: %d %s", a.name, a.status, head(a.body))
			}
		})
	}
}
