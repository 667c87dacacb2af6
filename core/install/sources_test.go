package install_test

import (
	"slices"
	"testing"

	"vpm/core/config"
	"vpm/core/install"
)

// TestSources opens to root's helpers the account that an upload lies in, and never a directory of the system's.
func TestSources(t *testing.T) {
	t.Parallel()
	for root, want := range map[string][]string{
		"/home/shop/public_html":         {"/home/shop/public_html", "/home/shop/instances/*", "/home/shop/*"},
		"/home/shop/homedir/public_html": {"/home/shop/homedir/public_html", "/home/shop/homedir/instances/*", "/home/shop/homedir/*"},
		"/srv/shop/htdocs":               {"/srv/shop/htdocs", "/srv/shop/instances/*", "/srv/shop/*"},
		"/var/www/html":                  {"/var/www/html", "/var/www/instances/*"},
		"/var/www":                       {"/var/www", "/var/instances/*"},
		"/home/htdocs":                   {"/home/htdocs", "/home/instances/*"},
		"/htdocs":                        {"/htdocs", "/instances/*"},
	} {
		if got := install.Sources(config.Place{WebRoot: root}); !slices.Equal(got, want) {
			t.Errorf("%s: %q", root, got)
		}
	}
}
