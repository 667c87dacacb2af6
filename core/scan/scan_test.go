package scan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vpm/core"
)

func TestScanFindsWhatLiesInTheAccount(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.wordPress("public_html")
	a.wordPress("public_html/shop")
	a.wordPress("public_html/shop/deep/in/it")
	a.wordPress("example.org/public_html")
	a.wordPress("instances/wp-test-001")
	a.files("public_html/half", map[string]string{"wp-config.php": "<?php"}) // a configuration without a WordPress
	a.files("forum", map[string]string{"configuration.php": "<?php", "administrator/manifests/files/joomla.xml": "<extension><name>files_joomla</name><version>4.4.1</version></extension>"})
	a.files("drupal.example.net/web", map[string]string{"sites/default/settings.php": "<?php", "core/lib/Drupal.php": "<?php class Drupal { const VERSION = '10.2.0'; }"})
	size := int64(7)
	a.details["public_html"] = Details{Database: "db", Prefix: "wp_", DatabaseSize: &size, URL: "https://www.home.example/"}
	a.details["public_html/shop"] = Details{URL: "javascript:alert(1)"}
	got := a.scan()
	for below, want := range map[string]core.FoundSite{
		"public_html": {CMS: core.CMS{Type: "wordpress", Version: "6.4.2"}, URL: "https://www.home.example/", URLFrom: "the site's database",
			Database: "db", Prefix: "wp_", DatabaseSize: &size, Suggested: "home-example"},
		"public_html/shop":            {CMS: core.CMS{Type: "wordpress", Version: "6.4.2"}, URL: "http://a.example:8080/shop/", URLFrom: "where it lies", Suggested: "a-example-shop"},
		"public_html/shop/deep/in/it": {CMS: core.CMS{Type: "wordpress", Version: "6.4.2"}, URL: "http://a.example:8080/shop/deep/in/it/", URLFrom: "where it lies", Suggested: "a-example-shop-deep-in-it"},
		"example.org/public_html":     {CMS: core.CMS{Type: "wordpress", Version: "6.4.2"}, URL: "http://example.org/", URLFrom: "where it lies", Suggested: "example-org"},
		"instances/wp-test-001":       {CMS: core.CMS{Type: "wordpress", Version: "6.4.2"}, Suggested: "wp-test-001"},
		"forum":                       {CMS: core.CMS{Type: "joomla", Version: "4.4.1"}, Suggested: "forum"},
		"drupal.example.net/web":      {CMS: core.CMS{Type: "drupal", Version: "10.2.0"}, URL: "http://drupal.example.net/web/", URLFrom: "where it lies", Suggested: "drupal-example-net-web"},
	} {
		s, there := got[below]
		delete(got, below)
		want.Dir = filepath.Join(a.home, below)
		if !there || fmt.Sprintf("%+v", s) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: found is %+v; want %+v", below, s, want)
		}
	}
	if len(got) > 0 {
		t.Errorf("found too are %+v", got)
	}
	a.Find = func(ctx context.Context, root string) ([]string, bool) { return nil, root != a.home }
	if found, err := a.Scan(t.Context(), host); err != nil || found.Complete || found.Sites == nil || len(found.Sites) > 0 {
		t.Errorf("cut off it is %+v, %v", found, err)
	}
}

// TestScanKnowsWhatIsRegistered, also by another name of its directory.
func TestScanKnowsWhatIsRegistered(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	for _, below := range []string{"public_html/plain", "public_html/linked", "public_html/entered", "instances/by-id", "public_html/free"} {
		a.wordPress(below)
	}
	must(t, os.Symlink(filepath.Join(a.home, "public_html/linked"), filepath.Join(a.home, "alias")))
	a.register("plain", core.NewInstance{Path: filepath.Join(a.home, "public_html/plain")})
	a.register("linked", core.NewInstance{Path: filepath.Join(a.home, "alias")})
	a.register("entered", core.NewInstance{Path: filepath.Join(a.home, "elsewhere"), Docroot: filepath.Join(a.home, "public_html/entered")})
	a.register("by-id", core.NewInstance{})
	got := a.scan()
	for below, id := range map[string]string{"public_html/plain": "plain", "public_html/linked": "linked", "public_html/entered": "entered",
		"instances/by-id": "by-id", "public_html/free": ""} {
		if s := got[below]; s.InstanceID != id || s.Moved || (s.Suggested == "") != (id != "") {
			t.Errorf("%s is %+v; want it as %q", below, s, id)
		}
	}
	for below, id := range map[string]string{"alias": "linked", "public_html/linked": "linked", "public_html/plain/.": "plain"} {
		out := a.adopt(Adoption{Dir: below})[0]
		wantCode(t, out.Err, core.CodeConflict)
		if out.InstanceID != id || out.Repaired {
			t.Errorf("%s is answered %+v", below, out)
		}
	}
}

// TestMovedSites are known by their database, where nothing is left in the old place.
func TestMovedSites(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	old := filepath.Join(a.home, "public_html/old")
	a.register("moved", core.NewInstance{Path: old, Docroot: old, DatabaseName: "db", DatabasePrefix: "m_", URL: "https://m.example/"})
	a.register("stays", core.NewInstance{Path: a.wordPress("public_html/stays"), DatabaseName: "db", DatabasePrefix: "s_"})
	for below, prefix := range map[string]string{"public_html/new": "m_", "public_html/copy-of-stays": "s_", "public_html/other": "o_"} {
		a.wordPress(below)
		a.details[below] = Details{Database: "db", Prefix: prefix}
	}
	a.wordPress("public_html/unreadable") // of which nothing is known
	for below, id := range map[string]string{"public_html/new": "moved", "public_html/copy-of-stays": "", "public_html/other": "", "public_html/unreadable": ""} {
		if s := a.scan()[below]; s.InstanceID != id || s.Moved != (id != "") {
			t.Errorf("%s is %+v; want it as %q", below, s, id)
		}
	}
	// Who may only register does not change where an instance lies.
	a.mayNot = true
	if out := a.adopt(Adoption{Dir: "public_html/new"}); core.CodeOf(out[0].Err) != core.CodeForbidden || out[0].Repaired {
		t.Errorf("without the permission the site that moved is answered %+v", out[0])
	}
	a.mayNot = false
	// Of two copies one is the site that moved, and the other one a new one.
	a.wordPress("public_html/second")
	a.details["public_html/second"] = a.details["public_html/new"]
	out := a.adopt(Adoption{Dir: "public_html/new"}, Adoption{Dir: "public_html/second"}, Adoption{Dir: "public_html/new"})
	if out[0].Err != nil || !out[0].Repaired || out[0].InstanceID != "moved" {
		t.Errorf("the site that moved is answered %+v", out[0])
	}
	if out[1].Err != nil || out[1].Repaired || out[1].InstanceID != "a-example-second" {
		t.Errorf("its copy is answered %+v", out[1])
	}
	wantCode(t, out[2].Err, core.CodeConflict)
	in := a.instance("moved")
	if dir := filepath.Join(a.home, "public_html/new"); in.Path("/base") != dir || in.Docroot("/base") != dir || in.URL() != "https://m.example/" {
		t.Errorf("registered is %s, %s, %s", in.Path("/base"), in.Docroot("/base"), in.URL())
	}
}
