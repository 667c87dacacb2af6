package gatetest

import (
	"slices"
	"strings"
)

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

// url is asked for, and answered with the status and a part of the body when the site is running.
type url struct {
	target string
	place  place
	status int
	body   string
}

// urls is what is asked, by what becomes of it.
var urls = slices.Concat(
	answered(closed, 200, siteText, `/ /?s=search&x=/api/ /index.php /2026/11/a-post/ /2026/11/a-post/?p=1&preview=true /missing.jpg /about.html
		/about.html?cache=no /%61bout.html /./about.html //about.html /api/../about.html /api/%2e%2e/about.html
		/api//../about.html /index.php/api/instances/ /index.php/.well-known/acme-challenge/x /wp-login.php /wp-admin/
		/wp-admin/css/admin.css /style.css?ver=6.7 /data.json /photo.jpg /with%20space/caf%C3%A9.html /cached/
		/wp-content/cache/cached/index.html /wp-content/plugins/shop/direct.php?a=1
		/wp-content/plugins/shop/direct.php/path/info /wp-content/uploads/photo.jpg /wp-content/uploads/missing.jpg
		/apiX/page.html /x/api/page.html /API/file.txt /addon-not/page.html /.well-known/security.txt
		/.well-known/acme-challengeX /vpm/missing`),
	answered(refused, 404, "", `/api/..%2fabout.html`),
	answered(closed, 404, siteText, `/about.html/api/`),
	answered(closed, 301, "", `/wp-admin /moved-away`),
	answered(refused, 403, "", `/wp-content/uploads/shell.php /.htaccess /addon/.htaccess`),
	answered(closed, 403, "", `/wp-content/uploads/`),
	answered(redirects, 301, "", `/old-page`),
	answered(ownEngine, 200, siteText, `/tool/ /tool/tool.php /tool/page.html /tool/any/thing /tool/deep/page.html /fallback/any`),
	answered(ownRedirect, 302, "", `/tool/go`),
	answered(ownRedirect, 403, "", `/tool/forbidden`),
	answered(ownRedirect, 410, "", `/tool/gone`),
	answered(closed, 200, "own page", `/vpm-stopped.html`),
	answered(stays, 200, "acme token", `/.well-known/acme-challenge/token`),
	answered(missing, 404, siteText, `/.well-known/acme-challenge/missing`),
	answered(stays, 200, "panel file", `/api/file.txt //api/file.txt /x/../api/file.txt`),
	answered(stays, 200, "panel ", `/api/instances/start?id=1 /api/page.php`),
	answered(stays, 301, "", `/api /vpm /addon/old`),
	answered(stays, 200, "panel pages", `/vpm/`),
	answered(stays, 200, "panel script", `/vpm/app.js`),
	answered(stays, 200, "old panel", `/old%20panel/ /old%20panel/index.php?x=1`),
	answered(stays, 200, "addon", `/addon/ /addon/pretty/url`),
	answered(stays, 200, "addon css", `/addon/style.css`),
	answered(stays, 200, "plain addon", `/plain%20(addon)%20%5B2%5D/`),
	answered(stays, 200, "plain addon text", `/plain%20(addon)%20%5B2%5D/sub/x.txt`),
	// The docroot's rules send these to the docroot's site.
	answered(absent, 200, siteText, `/plain%20(addon)%20%5B2%5D/missing /plain%20(addon)%20%5B2%5D/sub/no/such/page/
		/plain%20(addon)%20%5B2%5D/missing?vpm_spared=1`),
)

// answered lists URLs, separated by white space, that have the same in common.
func answered(p place, status int, body, targets string) (list []url) {
	for target := range strings.FieldsSeq(targets) {
		list = append(list, url{target, p, status, body})
	}
	return list
}
