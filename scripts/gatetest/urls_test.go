package gatetest

// place says what a stopped site does with a URL.
type place int

const (
	closed      place = iota // 503
	stays                    // open: what it says when running
	refused                  // Apache refuses it before it looks at gates, and shows nothing of the site
	ownEngine                // closed, but rewrite rules alone do not reach below a directory with its own engine
	redirects                // closed, but RedirectMatch alone comes after a rewrite rule of the site that answers
	missing                  // open, but the page for missing files is the site's: a 404 or 503 without it
	ownRedirect              // closed, but neither of these alone would do
	absent                   // of an open site, and answered by the closed one's rules when that runs: 404
)

// urls is what is asked, with the status that it has when running and a part of that body.
var urls = []struct {
	target string
	place  place
	status int
	body   string
}{
	{"/", closed, 200, siteText},
	{"/?s=search&x=/api/", closed, 200, siteText},
	{"/index.php", closed, 200, siteText},
	{"/2026/11/a-post/", closed, 200, siteText},
	{"/2026/11/a-post/?p=1&preview=true", closed, 200, siteText},
	{"/missing.jpg", closed, 200, siteText},
	{"/about.html", closed, 200, siteText},
	{"/about.html?cache=no", closed, 200, siteText},
	{"/%61bout.html", closed, 200, siteText},
	{"/./about.html", closed, 200, siteText},
	{"//about.html", closed, 200, siteText},
	{"/api/../about.html", closed, 200, siteText},
	{"/api/%2e%2e/about.html", closed, 200, siteText},
	{"/api/..%2fabout.html", refused, 404, ""},
	{"/api//../about.html", closed, 200, siteText},
	{"/about.html/api/", closed, 404, siteText},
	{"/index.php/api/instances/", closed, 200, siteText},
	{"/index.php/.well-known/acme-challenge/x", closed, 200, siteText},
	{"/wp-login.php", closed, 200, siteText},
	{"/wp-admin", closed, 301, ""},
	{"/wp-admin/", closed, 200, siteText},
	{"/wp-admin/css/admin.css", closed, 200, siteText},
	{"/style.css?ver=6.7", closed, 200, siteText},
	{"/data.json", closed, 200, siteText},
	{"/photo.jpg", closed, 200, siteText},
	{"/with%20space/caf%C3%A9.html", closed, 200, siteText},
	{"/cached/", closed, 200, siteText},
	{"/wp-content/cache/cached/index.html", closed, 200, siteText},
	{"/wp-content/plugins/shop/direct.php?a=1", closed, 200, siteText},
	{"/wp-content/plugins/shop/direct.php/path/info", closed, 200, siteText},
	{"/wp-content/uploads/photo.jpg", closed, 200, siteText},
	{"/wp-content/uploads/missing.jpg", closed, 200, siteText},
	{"/wp-content/uploads/shell.php", refused, 403, ""},
	{"/wp-content/uploads/", closed, 403, ""},
	{"/.htaccess", refused, 403, ""},
	{"/old-page", redirects, 301, ""},
	{"/moved-away", closed, 301, ""},
	{"/tool/", ownEngine, 200, siteText},
	{"/tool/tool.php", ownEngine, 200, siteText},
	{"/tool/page.html", ownEngine, 200, siteText},
	{"/tool/any/thing", ownEngine, 200, siteText},
	{"/tool/go", ownRedirect, 302, ""},
	{"/tool/forbidden", ownRedirect, 403, ""},
	{"/tool/gone", ownRedirect, 410, ""},
	{"/tool/deep/page.html", ownEngine, 200, siteText},
	{"/fallback/any", ownEngine, 200, siteText},
	{"/apiX/page.html", closed, 200, siteText},
	{"/x/api/page.html", closed, 200, siteText},
	{"/API/file.txt", closed, 200, siteText},
	{"/addon-not/page.html", closed, 200, siteText},
	{"/.well-known/security.txt", closed, 200, siteText},
	{"/.well-known/acme-challengeX", closed, 200, siteText},
	{"/vpm-stopped.html", closed, 200, "own page"},
	{"/.well-known/acme-challenge/token", stays, 200, "acme token"},
	{"/.well-known/acme-challenge/missing", missing, 404, siteText},
	{"/api/file.txt", stays, 200, "panel file"},
	{"//api/file.txt", stays, 200, "panel file"},
	{"/x/../api/file.txt", stays, 200, "panel file"},
	{"/api/instances/start?id=1", stays, 200, "panel "},
	{"/api/page.php", stays, 200, "panel "},
	{"/api", stays, 301, ""},
	{"/vpm", stays, 301, ""},
	{"/vpm/", stays, 200, "panel pages"},
	{"/vpm/app.js", stays, 200, "panel script"},
	{"/vpm/missing", closed, 200, siteText}, // WordPress would answer it
	{"/old%20panel/", stays, 200, "old panel"},
	{"/old%20panel/index.php?x=1", stays, 200, "old panel"},
	{"/addon/", stays, 200, "addon"},
	{"/addon/style.css", stays, 200, "addon css"},
	{"/addon/pretty/url", stays, 200, "addon"},
	{"/addon/old", stays, 301, ""},
	{"/plain%20(addon)%20%5B2%5D/", stays, 200, "plain addon"},
	{"/plain%20(addon)%20%5B2%5D/sub/x.txt", stays, 200, "plain addon text"},
	{"/plain%20(addon)%20%5B2%5D/missing", absent, 200, siteText}, // the docroot's rules send it to the docroot's site
	{"/plain%20(addon)%20%5B2%5D/sub/no/such/page/", absent, 200, siteText},
	{"/plain%20(addon)%20%5B2%5D/missing?vpm_spared=1", absent, 200, siteText},
	{"/addon/.htaccess", refused, 403, ""},
}
