package gatetest

import "vpm/scripts/lab"

// front is a front controller: it says what it was asked.
func front(name string) string {
	return "<?php http_response_code(200); echo '" + name + " ', $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'];\n"
}

// siteRules are the docroot's: a redirect of the site's own, a page cache's rules, then WordPress's.
const siteRules = `# a plugin's
Header set Cache-Control "max-age=86400"
Header always set X-Site "yes"
ErrorDocument 404 /404.php
ErrorDocument 503 "SITE-TEXT maintenance"
Redirect 301 /moved-away https://elsewhere.example/
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule ^old-page$ /about.html [R=301,L]
RewriteCond %{REQUEST_METHOD} GET
RewriteCond %{QUERY_STRING} ^$
RewriteCond %{DOCUMENT_ROOT}/wp-content/cache/$1/index.html -f
RewriteRule ^(.+?)/?$ /wp-content/cache/$1/index.html [L]
</IfModule>
` + lab.WordPressRules

// siteTree is a WordPress-like site in the docroot, with the panel and other sites below it.
func siteTree() map[string]string {
	text := func(name string) string { return "<p>" + siteText + " " + name + "</p>" }
	return map[string]string{
		".htaccess":                            siteRules,
		"index.php":                            front(siteText),
		"404.php":                              "<?php http_response_code(404); echo '" + siteText + " not found';",
		"wp-login.php":                         front(siteText + " login"),
		"wp-admin/index.php":                   front(siteText + " admin"),
		"wp-admin/css/admin.css":               "/* " + siteText + " */",
		"about.html":                           text("about"),
		"style.css":                            "/* " + siteText + " */",
		"data.json":                            `{"text": "` + siteText + `"}`,
		"photo.jpg":                            siteText + " jpg",
		"with space/caf\u00e9.html":            text("café"),
		"wp-content/cache/cached/index.html":   text("cached"),
		"wp-content/plugins/shop/direct.php":   front(siteText + " direct"),
		"wp-content/uploads/photo.jpg":         siteText + " upload",
		"wp-content/uploads/shell.php":         front(siteText + " shell"),
		"wp-content/uploads/.htaccess":         "Options -Indexes\n<Files \"*.php\">\nRequire all denied\n</Files>\nHeader set Cache-Control \"max-age=60\"\n",
		"tool/.htaccess":                       "RewriteEngine On\nRewriteRule ^go$ /about.html [R=302,L]\nRewriteRule ^forbidden$ - [F]\nRewriteRule ^gone$ - [G]\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ tool.php [END]\n",
		"tool/tool.php":                        front(siteText + " tool"),
		"tool/page.html":                       text("tool page"),
		"tool/deep/page.html":                  text("deep"),
		"tool/deep/.htaccess":                  "RewriteEngine Off\n",
		"fallback/.htaccess":                   "RewriteEngine Off\nFallbackResource /fallback/index.php\n",
		"fallback/index.php":                   front(siteText + " fallback"),
		"apiX/page.html":                       text("apiX"),
		"x/api/page.html":                      text("x/api"),
		"addon-not/page.html":                  text("beside the addon"),
		".well-known/security.txt":             siteText,
		".well-known/acme-challenge/token":     "acme token",
		".well-known/acme-challenge/.htaccess": "RewriteEngine Off\n",
		"api/file.txt":                         "panel file",
		"api/page.php":                         front("panel"),
		"api/.htaccess":                        "RewriteEngine On\nRewriteOptions IgnoreInherit\nRewriteRule ^instances/([a-z]+)$ page.php/$1 [QSA,L]\n",
		"vpm/index.html":                       "panel pages",
		"vpm/app.js":                           "panel script",
		"old panel/index.php":                  front("old panel"),
		"addon/index.php":                      front("addon"),
		"addon/style.css":                      "addon css",
		"addon/.htaccess":                      "RewriteEngine On\nRewriteRule ^old$ /addon/style.css [R=301,L]\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ /addon/index.php [L]\n",
		"plain (addon) [2]/index.html":         "plain addon",
		"plain (addon) [2]/sub/x.txt":          "plain addon text",
		"vpm-stopped.html":                     "<p>the site's own page</p>",
	}
}
