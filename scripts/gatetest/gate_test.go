package gatetest

import (
	"html"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

// Apache evaluates what stands in an ErrorDocument, and reads lines of limited length.
func TestReasons(t *testing.T) {
	t.Parallel()
	host := startHost(t, lab.Options{PHP: true}, siteTree())
	paragraph := regexp.MustCompile(`</h1><p>(.*?)</p>`)
	for _, reason := range []string{
		"plain",
		"%{HTTP_USER_AGENT} %{oops %{ %} %% %1 $1 ${x} $0",
		`"quoted" 'single' \back \" \\ \n`,
		"<script>alert(1)</script> & <!-- --> </p>",
		"#not a comment",
		"tabs\tand\x00control\x1b\x7f\u0085characters",
		strings.Repeat("😀", 500),
		strings.Repeat("\U0010ffff", 500),
		strings.Repeat("\\\"%{", 125),
		"bad \xff utf-8",
	} {
		closeSite(t, host, siteRules, render(t, htaccess.Gate{Reason: reason}))
		a := get(t, host.URL, "/about.html")
		a.wantClosed(t, "3600", htaccess.DefaultPage(reason, time.Time{}))
		m := paragraph.FindStringSubmatch(a.body)
		if m == nil {
			t.Errorf("%q: no reason in %s", reason, a.body)
			continue
		}
		want := strings.ToValidUTF8(reason, "\ufffd")
		want = regexp.MustCompile(`[\x00-\x1f\x7f-\x{9f}]`).ReplaceAllString(want, " ")
		if got := html.UnescapeString(m[1]); got != want {
			t.Errorf("visitors read %q, want %q", got, want)
		}
		if strings.Contains(a.body, "<b>agent") || strings.Contains(a.body, "<script") {
			t.Errorf("%q became markup: %s", reason, a.body)
		}
	}
	closeSite(t, host, siteRules, render(t, htaccess.Gate{Reason: "one\ntwo\r\nthree"}))
	if a := get(t, host.URL, "/"); !strings.Contains(a.body, "<p>one<br>two<br>three</p>") {
		t.Errorf("lines are lost: %s", a.body)
	}
}

// The own page is the body of every 503, never a page by itself, whatever the visitor sends along.
func TestOwnPage(t *testing.T) {
	t.Parallel()
	tree := siteTree()
	tree[`odd $1 %{x} "q" 'page' #.html`] = "odd page"
	tree["big.html"] = strings.Repeat("<p>big</p>", 100_000)
	host := startHost(t, lab.Options{PHP: true}, tree)
	for page, body := range map[string]string{"vpm-stopped.html": "<p>the site's own page</p>", `odd $1 %{x} "q" 'page' #.html`: "odd page", "big.html": tree["big.html"]} {
		closeSite(t, host, siteRules+"RewriteRule ^ /other [R=301]\n", render(t, htaccess.Gate{Page: page, PagePath: "/" + page}))
		for _, header := range [][]string{nil, {"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"}, {"If-None-Match: *"}, {"Range: bytes=0-3"}, {"Redirect-Status: 503", "REDIRECT_STATUS: 503"}} {
			for _, target := range []string{"/", "/about.html", "/tool/go", "/vpm-stopped.html", "/vpm-stopped.html?x=1", "/vpm-stopped%2ehtml", "/missing/x"} {
				for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "DELETE", "PROPFIND", "INVENTED"} {
					ask(t, host.URL, request{method: method, target: target, header: header}).wantClosed(t, "3600", body)
				}
			}
		}
	}
	// Where the page is gone, Apache says so below the 503.
	closeSite(t, host, siteRules, render(t, htaccess.Gate{Page: "gone.html", PagePath: "/gone.html"}))
	if a := get(t, host.URL, "/about.html"); a.status != 503 || strings.Contains(a.body, siteText) || a.header.Get("Retry-After") == "" {
		t.Errorf("without its page: %d %v %s", a.status, a.header, head(a.body))
	}
}

// Sites beside the docroot of the panel are closed by host name and path from there, each with its own block.
func TestSharedDocroot(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		"index.html": "docroot", "api/x.html": "panel", "blog/vpm-stopped.html": "blog's own page",
		"blog/page.html": siteText, "blog/.htaccess": "RewriteEngine On\nRewriteRule ^go$ /index.html [R=301]\n",
		"blogX/page.html": "beside", "a b/c.d+(e)/page.html": siteText, "a b/cxd+(e)/page.html": "beside",
	}
	host := startHost(t, lab.Options{PHP: true}, tree)
	gates := []htaccess.Gate{
		{Instance: "blog", Host: "Blog.example", Path: "/blog", Page: "vpm-stopped.html", PagePath: "/blog/vpm-stopped.html"},
		{Instance: "odd", Path: "/a b/c.d+(e)/", Reason: "odd"},
	}
	const rules = "RewriteEngine On\nRewriteRule ^old$ /index.html [R=301]\n"
	file := []byte(rules)
	for _, g := range gates {
		file = htaccess.CloseShared(file, true, render(t, g))
	}
	write(t, filepath.Join(host.Docroot, ".htaccess"), string(file))
	odd := htaccess.DefaultPage("odd", time.Time{})
	for _, c := range []struct{ host, target, body string }{
		{"blog.example", "/blog/page.html", "blog's own page"},
		{"BLOG.example:8080", "/blog/page.html?x", "blog's own page"},
		{"blog.example.", "/blog/", "blog's own page"},
		{"blog.example", "/blog", "blog's own page"},
		{"blog.example", "//blog//go", "blog's own page"},
		{"blog.example", "/x/../blog/go", "blog's own page"},
		{"blog.example", "/%62log/missing", "blog's own page"},
		{"blog.example", "/blog/vpm-stopped.html", "blog's own page"},
		{"other.example", "http://blog.example/blog/page.html", "blog's own page"}, // the host of an absolute form counts
		{"blog.example", "/a%20b/c.d+(e)/page.html", odd},
		{"", "/a%20b/c.d+(e)/page.html", odd},
	} {
		ask(t, host.URL, request{method: "GET", target: c.target, host: c.host}).wantClosed(t, "3600", c.body)
	}
	for _, c := range []struct {
		host, target string
		status       int
	}{
		{"blog.example", "/", 200}, {"blog.example", "/old", 301}, {"blog.example", "/api/x.html", 200}, {"blog.example", "/blogX/page.html", 200},
		{"blog.example", "/a%20b/cxd+(e)/page.html", 200}, {"blogXexample", "/blog/page.html", 200}, {"x.blog.example", "/blog/page.html", 200},
		{"blog.example.org", "/blog/page.html", 200}, {"other.example", "/blog/go", 301}, {"", "/blog/vpm-stopped.html", 200},
	} {
		if a := ask(t, host.URL, request{method: "GET", target: c.target, host: c.host}); a.status != c.status || a.header.Get("Retry-After") != "" {
			t.Errorf("%s: %d %v, want %d", a.name, a.status, a.header, c.status)
		}
	}
	rest, _ := htaccess.OpenShared(file, "blog")
	if htaccess.InspectShared(rest, render(t, gates[1])) != htaccess.Intact {
		t.Error("opening one of two hurt the other")
	}
	if rest, _ = htaccess.Open(file); string(rest) != rules {
		t.Errorf("opening left %q", rest)
	}
}
