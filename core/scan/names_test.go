package scan

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"vpm/core"
)

func TestGuess(t *testing.T) {
	t.Parallel()
	f := &Finder{Docroot: "/home/acct/public_html"}
	for _, c := range []struct{ dir, host, want string }{
		{"/home/acct/public_html", "a.example", "http://a.example/"},
		{"/home/acct/public_html/b/c", "a.example:81", "http://a.example:81/b/c/"},
		{"/home/acct/public_html/shop.example.org", "a.example", "http://a.example/shop.example.org/"},
		{"/home/acct/public_html/ä b%", "a.example", "http://a.example/%C3%A4%20b%25/"},
		{"/home/acct/public_html/b", "", ""},
		{"/home/acct/public_html2/b", "a.example", ""},
		{"/home/acct/example.org", "a.example", "http://example.org/"},
		{"/home/acct/example.org/public_html", "a.example", "http://example.org/"},
		{"/home/acct/example.org/httpdocs/blog", "", "http://example.org/blog/"},
		{"/home/acct/Example.ORG/www", "a.example", "http://Example.ORG/"},
		{"/home/acct/domains/sub.example.org/public_html/x", "a.example", "http://sub.example.org/x/"},
		{"/home/example.com/sites/b.example.org/htdocs", "a.example", "http://b.example.org/"},
		{"/home/acct/old.v2", "a.example", ""},
		{"/home/acct/backup.2024", "a.example", ""},
		{"/home/acct/.example", "a.example", ""},
		{"/home/acct/a..example", "a.example", ""},
		{"/home/acct/exa mple.org", "a.example", ""},
		{"/srv/site", "a.example", ""},
		{"/", "a.example", ""},
	} {
		if got := f.guess(c.dir, c.host); got != c.want {
			t.Errorf("%s at %q is guessed as %q; want %q", c.dir, c.host, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ address, dir, want string }{
		{"https://www.Example.org/", "/x", "example-org"},
		{"http://example.org:8080/blog/", "/x", "example-org-blog"},
		{"http://example.org/a/../b_c/", "/x", "example-org-a-b-c"},
		{"http://größe.example/", "/x", "gr-e-example"},
		{"", "/home/acct/My Site", "my-site"},
		{"not an address", "/home/acct/site", "site"},
		{"", "/home/acct/x", "site-x"},
		{"", "/home/acct/日本", "site"},
		{"", "/", "site"},
		{"http://x/", "/y", "site-x"},
		{"http://" + strings.Repeat("a", 44) + ".b.example/", "/x", strings.Repeat("a", 44)},
		{"", "/" + strings.Repeat("z", 300), strings.Repeat("z", 45)},
	} {
		if got := suggest(c.address, c.dir, map[string]bool{}); got != c.want {
			t.Errorf("for %q, %q is suggested %q; want %q", c.address, c.dir, got, c.want)
		}
	}
}

// TestSuggestionsAreFree: of what is registered, in whatever case, and of each other.
func TestSuggestionsAreFree(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	for _, below := range []string{"blog", "a/blog", "b/blog", "c/blog"} {
		a.wordPress(below)
	}
	a.register("blog-2", core.NewInstance{})
	// As another program has written it: the database takes it for the same as blog.
	a.register("renamed", core.NewInstance{})
	records, _, err := a.Manager.Store.Records(t.Context(), core.Query{})
	must(t, err)
	for i := range records {
		if records[i].Instance.InstanceID == "renamed" {
			records[i].Instance.InstanceID = "BLOG"
		}
	}
	sites := []core.FoundSite{{Dir: a.home + "/a/blog"}, {Dir: a.home + "/b/blog"}, {Dir: a.home + "/blog"}}
	a.compare(sites, records)
	if sites[0].Suggested != "blog-3" || sites[1].Suggested != "blog-4" || sites[2].Suggested != "blog-5" {
		t.Errorf("suggested are %+v", sites)
	}
	seen := map[string]bool{}
	for below, s := range a.scan() {
		if seen[s.Suggested] {
			t.Errorf("%s is suggested twice, for %s", s.Suggested, below)
		}
		seen[s.Suggested] = true
	}
	for _, o := range a.adopt(Adoption{Dir: "blog"}, Adoption{Dir: "a/blog"}, Adoption{Dir: "b/blog"}, Adoption{Dir: "c/blog"}) {
		must(t, o.Err)
	}
}

var contractID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$`)

// FuzzNames: whatever a directory is called and a CMS has stored, the suggestion is an id of the contract that is free,
// and the guess an address.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"", "/", "blog", "https://www.example.org/a b", "http://[::1]:80/x", "İ.example", "\xff\xfe", "a--b", "-", "K", "http://www./", "a.b.c/public_html/ü"} {
		f.Add(seed, seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, address, dir string, n uint8) {
		taken := map[string]bool{}
		for range int(n) + 1 {
			id := suggest(address, dir, taken)
			if !contractID.MatchString(id) || taken[id] {
				t.Fatalf("suggested for %q, %q is %q", address, dir, id)
			}
			taken[id] = true
		}
		finder := &Finder{Docroot: "/home/acct/public_html"}
		for _, at := range []string{dir, "/home/acct/public_html/" + dir, "/home/" + dir} {
			guess := finder.guess(at, "a.example")
			if u, err := url.Parse(guess); guess != "" && (err != nil || u.Host == "" || !strings.HasPrefix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "") {
				t.Fatalf("%q is guessed as %q", at, guess)
			}
		}
	})
}
