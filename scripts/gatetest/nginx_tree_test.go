package gatetest

// nginxTree is a site of files in the docroot, with the panel and other sites below it.
var nginxTree = map[string]string{
	"index.html":                       siteText,
	"404.html":                         siteText,
	"50x.html":                         siteText,
	"about.html":                       siteText,
	"photo.jpg":                        siteText,
	"with space/page.html":             siteText,
	"sub/index.html":                   siteText,
	"apiX/page.html":                   siteText,
	"x/api/page.html":                  siteText,
	"addon-not/page.html":              siteText,
	"vpm-stopped.html":                 "<p>the site's own page</p>",
	".well-known/acme-challenge/token": "acme token",
	"vpm/index.html":                   "panel pages",
	"addon/index.html":                 "addon",
	"addon/photo.jpg":                  "addon jpg",
	"plain (addon) [2]/index.html":     "plain addon",
}

var nginxURLs = []struct {
	target string
	open   bool
}{
	{"/", false}, {"/?a=/api/", false}, {"/about.html", false}, {"/%61bout.html", false}, {"//about.html", false},
	{"/api/../about.html", false}, {"/api/%2e%2e/about.html", false}, {"/photo.jpg", false}, {"/photo.jpg?x", false},
	{"/with%20space/page.html", false}, {"/sub", false}, {"/sub/", false}, {"/missing", false}, {"/missing.jpg", false},
	{"/old-page", false}, {"/apiX/page.html", false}, {"/x/api/page.html", false}, {"/addon-not/page.html", false},
	{"/vpm-stopped.html", false}, {"/50x.html", false}, {"/404.html", false}, {"/.vpm-gate/site", false}, {"/.vpm-gate/site/own", false},
	{"/.well-known/acme-challenge/token", true}, {"/vpm/", true}, {"/vpm", true}, {"/api/x", true}, {"//api/x", true}, {"/x/../api/x", true},
	{"/addon/", true}, {"/addon/photo.jpg", true}, {"/addon", true}, {"/plain%20(addon)%20%5B2%5D/", true},
}
