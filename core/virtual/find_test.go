package virtual

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const plenty = 10_000

func TestFindSites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ paths, want []string }{
		"nothing":         {},
		"none":            {[]string{"public_html/index.html", "mail/cur/"}, nil},
		"one":             {[]string{"public_html/wp-config.php"}, []string{"public_html"}},
		"not the root":    {[]string{"wp-config.php", "a/wp-config.php"}, []string{"a"}},
		"nested":          {[]string{"p/wp-config.php", "p/shop/wp-config.php", "q/wp-config.php"}, []string{"p", "p/shop", "q"}},
		"nested in those": {[]string{"p/wp-config.php", "p/1/wp-config.php", "p/1/2/wp-config.php", "p/1/2/x/3/wp-config.php"}, []string{"p", "p/1", "p/1/2", "p/1/2/x/3"}},
		"of every kind": {[]string{"p/wp-config.php", "p/forum/configuration.php", "p/forum/administrator/", "p/forum/shop/sites/default/settings.php", "p/forum/shop/core/",
			"p/forum/shop/blog/wp-config.php"}, []string{"p", "p/forum", "p/forum/shop", "p/forum/shop/blog"}},
		"five levels below each": {[]string{"1/2/3/4/5/wp-config.php", "1/2/3/4/5/1/2/3/4/5/wp-config.php", "1/2/3/4/5/1/2/3/4/five/6/wp-config.php"},
			[]string{"1/2/3/4/5", "1/2/3/4/5/1/2/3/4/5"}},
		"not in parts of a CMS": {[]string{"p/wp-config.php", "p/wp-content/a/wp-config.php", "j/configuration.php", "j/administrator/x/wp-config.php", "d/sites/default/settings.php",
			"d/core/wp-config.php"}, []string{"d", "j", "p"}},
		"of its own": {[]string{"p/index.php=<?php require './wp/wp-blog-header.php';", "p/wp-config.php", "p/wp/wp-config.php", "p/wp/x/wp-config.php"}, []string{"p", "p/wp/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, c.paths...)
			for i := range c.want {
				c.want[i] = filepath.Join(dir, c.want[i])
			}
			if sites, complete := FindSites(t.Context(), dir, plenty); !complete || !slices.Equal(sites, c.want) {
				t.Errorf("found %q, complete %t; want %q", sites, complete, c.want)
			}
		})
	}
}

// TestFindSitesIsBounded by the entries of all directories together, by the time, and by links, which it does not follow.
func TestFindSitesIsBounded(t *testing.T) {
	t.Parallel()
	paths := []string{"a/wp-config.php", "b/wp-config.php"}
	for i := range 300 {
		paths = append(paths, fmt.Sprintf("a/pile/%d.png", i))
	}
	dir := tree(t, append(paths, "a/pile/deep/wp-config.php")...)
	a, b, deep := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "a/pile/deep")
	// The root has two entries, a two and b one; then a again, with its pile of 301 and the deep one, that again, and b.
	const all = 2 + 2 + 1 + 2 + 301 + 1 + 1 + 1
	for most, want := range map[int][]string{all: {a, deep, b}, all - 1: {a, deep, b}, 100: {a, b}, 5: {a, b}, 0: nil} {
		sites, complete := FindSites(t.Context(), dir, most)
		if complete != (most == all) || !slices.Equal(sites, want) {
			t.Errorf("with %d entries: found %q, complete %t; want %q", most, sites, complete, want)
		}
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if sites, complete := FindSites(ctx, dir, plenty); complete || sites != nil {
		t.Errorf("after the deadline: %q, complete %t", sites, complete)
	}
	for link, target := range map[string]string{"a/up": "..", "a/b": "../b", "loop": "."} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if sites, complete := FindSites(t.Context(), dir, plenty); !complete || !slices.Equal(sites, []string{a, deep, b}) {
		t.Errorf("with links: %q, complete %t", sites, complete)
	}
	if sites, complete := FindSites(t.Context(), filepath.Join(dir, "none"), plenty); !complete || sites != nil {
		t.Errorf("of nothing: %q, complete %t", sites, complete)
	}
	chain := strings.Repeat("s/", 40) // each nested in the one before
	var nested []string
	for i := 1; i <= 40; i++ {
		nested = append(nested, chain[:2*i]+"wp-config.php")
	}
	if sites, complete := FindSites(t.Context(), tree(t, nested...), plenty); !complete || len(sites) != 40 {
		t.Errorf("of 40 nested in each other: %d, complete %t", len(sites), complete)
	}
}
