package virtual

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tree makes files below a new directory; a path that ends in a slash is a directory.
func tree(t *testing.T, paths ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range paths {
		name, text, _ := strings.Cut(path, "=")
		full := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			text, full = "", filepath.Join(full, "x")
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func wantNested(t *testing.T, dir string, want ...string) {
	t.Helper()
	for i := range want {
		want[i] = filepath.Join(dir, want[i])
	}
	sites, complete := NestedSites(t.Context(), dir)
	if !complete || !slices.Equal(sites, want) {
		t.Errorf("found %q, complete %t; want %q", sites, complete, want)
	}
}

func TestNestedSites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ paths, want []string }{
		"nothing":               {},
		"a directory":           {[]string{"images/a.png", "index.php", "about/index.html"}, nil},
		"dir's own WordPress":   {[]string{"wp-config.php", "wp-load.php", "wp-includes/", "wp-admin/", "wp-content/uploads/a.png"}, nil},
		"WordPress":             {[]string{"wp-config.php", "shop/wp-config.php"}, []string{"shop"}},
		"WordPress not set up":  {[]string{"new/wp-load.php", "new/wp-includes/"}, []string{"new"}},
		"half of it":            {[]string{"a/wp-load.php", "b/wp-includes/", "c/configuration.php", "d/administrator/"}, nil},
		"Joomla":                {[]string{"j/configuration.php", "j/administrator/"}, []string{"j"}},
		"Drupal 7":              {[]string{"d/sites/default/settings.php", "d/includes/", "d/modules/"}, []string{"d"}},
		"Drupal 11":             {[]string{"d/web/sites/default/settings.php", "d/web/core/"}, []string{"d/web"}},
		"Drupal without a core": {[]string{"d/sites/default/settings.php"}, nil},
		"Drupal not set up":     {[]string{"d/sites/default/default.settings.php", "d/core/"}, nil},
		"sorted, none in another": {
			[]string{"z/wp-config.php", "a/b/c/wp-config.php", "a-b/wp-config.php", "z/inside/wp-config.php", "b/wp-config.php", "c/wp-config.php/x", "d/.git/wp-config.php"},
			[]string{"a-b", "a/b/c", "b", "z"},
		},
		"five levels, not six":   {[]string{"1/2/3/4/5/wp-config.php", "1/2/3/4/five/6/wp-config.php"}, []string{"1/2/3/4/5"}},
		"what can hold no site":  {[]string{"wp-content/a/wp-config.php", "wp-includes/wp-config.php", "wp-admin/wp-config.php", "node_modules/a/wp-config.php", "vendor/a/wp-config.php", ".git/wp-config.php", "cgi-bin/wp-config.php"}, nil},
		"parts of dir's Joomla":  {[]string{"configuration.php", "administrator/x/wp-config.php", "media/wp-config.php", "blog/wp-config.php"}, []string{"blog"}},
		"parts of dir's Drupal":  {[]string{"sites/default/settings.php", "core/x/wp-config.php", "modules/wp-config.php", "blog/wp-config.php"}, []string{"blog"}},
		"only a CMS has parts":   {[]string{"media/wp-config.php", "core/wp-config.php"}, []string{"core", "media"}},
		"names":                  {[]string{"a b/wp-config.php", "ü\n/wp-config.php", ".hidden/wp-config.php"}, []string{".hidden", "a b", "ü\n"}},
		"WordPress of its own":   {[]string{"index.php=<?php require __DIR__ . '/wp/wp-blog-header.php';", "wp/wp-config.php", "wp/old/wp-config.php", "wp2/wp-config.php"}, []string{"wp/old", "wp2"}},
		"the same, double quote": {[]string{"index.php=<?php require(\"./cms/wp/wp-blog-header.php\");", "cms/wp/wp-config.php"}, nil},
		"WordPress in place":     {[]string{"index.php=<?php require __DIR__ . '/wp-blog-header.php';", "wp/wp-config.php"}, []string{"wp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantNested(t, tree(t, c.paths...), c.want...)
		})
	}
}

func TestNestedSitesFollowsNoLinks(t *testing.T) {
	t.Parallel()
	dir := tree(t, "real/wp-config.php", "page.php")
	other := tree(t, "wp-config.php", "deep/wp-config.php")
	for link, target := range map[string]string{
		"link": other, "up": "..", "itself": ".", "loop": "loop", "file/": "", "nowhere": "no such file",
		// A shared configuration still makes a site.
		"linked/wp-config.php": filepath.Join(other, "wp-config.php"),
	} {
		full := filepath.Join(dir, link)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if target != "" {
			if err := os.Symlink(target, full); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantNested(t, dir, "linked", "real")
	// dir itself may be reached through one.
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(dir, alias); err != nil {
		t.Fatal(err)
	}
	wantNested(t, alias, "linked", "real")
}

func TestNestedSitesGivesUp(t *testing.T) {
	t.Parallel()
	paths := []string{"near/wp-config.php"}
	for i := range 600 {
		paths = append(paths, fmt.Sprintf("pile/deep/%d.png", i))
	}
	dir := tree(t, paths...)
	near := []string{filepath.Join(dir, "near")}
	// The entries are near, pile, wp-config.php, deep and the pile.
	for left, want := range map[int]bool{604: true, 603: false, 4: false} {
		sites, complete := (&search{left: left}).nestedSites(t.Context(), dir)
		if complete != want || !slices.Equal(sites, near) {
			t.Errorf("with %d entries: %q, complete %t", left, sites, complete)
		}
	}
	if sites, complete := (&search{left: 0}).nestedSites(t.Context(), dir); complete || sites != nil {
		t.Errorf("with no entries: %q, complete %t", sites, complete)
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if sites, complete := NestedSites(ctx, dir); complete || sites != nil {
		t.Errorf("after the deadline: %q, complete %t", sites, complete)
	}
}

func TestNestedSitesOfNoDirectory(t *testing.T) {
	t.Parallel()
	dir := tree(t, "file")
	if sites, complete := NestedSites(t.Context(), filepath.Join(dir, "gone")); !complete || sites != nil {
		t.Errorf("of nothing: %q, complete %t", sites, complete)
	}
	if sites, complete := NestedSites(t.Context(), filepath.Join(dir, "file")); complete || sites != nil {
		t.Errorf("of a file: %q, complete %t", sites, complete)
	}
}
