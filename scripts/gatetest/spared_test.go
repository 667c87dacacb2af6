package gatetest

import (
	"strings"
	"testing"

	"vpm/htaccess"
)

// What a site that stays open does not have is its own affair: neither the page for stopped sites nor one of the
// stopped site's is the answer, whichever way the stopped site would have got to give it.
func TestMissingBesideAStoppedSite(t *testing.T) {
	t.Parallel()
	const rewriting = "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule . /page.html [L]\n"
	const passwords = `LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
<Files locked.txt>
AuthType Basic
AuthName locked
AuthUserFile /dev/null
Require valid-user
</Files>
`
	for name, c := range map[string]struct{ directory, file string }{
		"rules":           {"", rewriting},
		"rules that end":  {"", strings.Replace(rewriting, "[L]", "[END]", 1)},
		"page for errors": {"", "ErrorDocument 404 /page.html\nErrorDocument 403 /page.html\nErrorDocument 401 /page.html\nErrorDocument 410 /page.html\nErrorDocument 500 /page.html\n"},
		"both":            {"", rewriting + "ErrorDocument 404 /page.html\nErrorDocument 403 /page.html\n"},
		"fallback":        {"FallbackResource /page.html", ""},
		"nothing":         {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, docroot := startApache(t, apache{directory: c.directory, server: passwords + "<Files secret.txt>\nRequire all denied\n</Files>"})
			write(t, docroot+"/addon/secret.txt", "secret")
			write(t, docroot+"/addon/locked.txt", "secret")
			write(t, docroot+"/addon/own/.htaccess", "ErrorDocument 404 \"own words\"\nRewriteEngine On\n")
			write(t, docroot+"/addon/broken/.htaccess", "Nonsense\n")
			gate := htaccess.Gate{OpenDirs: []string{docroot + "/addon"}, Bypass: token, Page: "vpm-stopped.html", PagePath: "/vpm-stopped.html"}
			block := render(t, gate)
			for form, block := range map[string]string{"both": block, "conditions": conditionsOnly(block)} {
				write(t, docroot+"/.htaccess", string(htaccess.Close([]byte(c.file), true, block)))
				for target, want := range map[string]int{
					"/addon/missing": 404, "/addon/no/such/page": 404, "/addon/missing?vpm_bypass=" + strings.ToUpper(token): 404,
					"/addon/secret.txt": 403, "/addon/broken/": 500, "/addon/locked.txt": 401, "/addon/": 200, "/addon/index.html": 200, "/page.html": 503, "/missing": 503, "/addon-not/missing": 503,
				} {
					a := get(t, url, target)
					if a.status != want || strings.Contains(a.body, siteText) || (a.header.Get("Retry-After") != "") != (want == 503) {
						t.Errorf("%s: %s: %d %v %s, want %d", form, a.name, a.status, a.header, head(a.body), want)
					}
				}
				if a := get(t, url, "/addon/locked.txt"); a.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: %s does not ask for a password: %v", form, a.name, a.header)
				}
				if a := get(t, url, "/addon/own/missing"); name != "fallback" && (a.status != 404 || a.body != "own words") {
					t.Errorf("%s: a page for errors of its own: %d %s", form, a.status, head(a.body))
				}
			}
		})
	}
}
