package scan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

func TestAdoptRegistersWhatTheSiteSays(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	for _, below := range []string{"public_html/blog", "public_html/my blog's", "example.org", "public_html/a..b", "public_html/secure", "public_html/named", "lost"} {
		a.wordPress(below)
	}
	a.files("public_html/native", map[string]string{"index.html": "x"})
	a.details["public_html/blog"] = Details{Database: "db", Prefix: "wp_"}
	a.details["public_html/secure"] = Details{URL: "https://secure.example/x/"}
	for _, c := range []struct {
		adoption                       Adoption
		id, name, cms, domain, at, url string
		database, prefix               string
	}{
		{Adoption{Dir: "public_html/blog"}, "a-example-blog", "a.example:8080/blog", "wordpress", "a.example:8080", "/blog/", "http://a.example:8080/blog/", "db", "wp_"},
		{Adoption{Dir: "public_html/my blog's"}, "a-example-my-blog-s", "a.example:8080/my blog's", "wordpress", "a.example:8080", "/my%20blog%27s/", "http://a.example:8080/my%20blog%27s/", "-", ""},
		{Adoption{Dir: "example.org"}, "example-org", "example.org", "wordpress", "example.org", "/", "http://example.org/", "-", ""},
		{Adoption{Dir: "public_html/a..b"}, "a-example-a-b", "a.example:8080/a..b", "wordpress", "a.example:8080", "/", "http://a.example:8080/a..b/", "-", ""},
		{Adoption{Dir: "public_html/secure"}, "secure-example-x", "secure.example/x", "wordpress", "secure.example", "/", "https://secure.example/x/", "-", ""},
		{Adoption{Dir: "public_html/named", InstanceID: "chosen", Name: "A name", URL: "http://n.example/n"}, "chosen", "A name", "wordpress", "n.example", "/n", "http://n.example/n", "-", ""},
		{Adoption{Dir: "lost"}, "lost", "lost", "wordpress", "", "/", "", "-", ""},
		{Adoption{Dir: "public_html/native", CMSType: "native"}, "a-example-native", "a.example:8080/native", "native", "a.example:8080", "/native/", "http://a.example:8080/native/", "-", ""},
	} {
		out := a.adopt(c.adoption)[0]
		if out.Err != nil || out.InstanceID != c.id || out.Repaired {
			t.Errorf("%s is answered %+v", c.adoption.Dir, out)
			continue
		}
		in := a.instance(c.id)
		got := fmt.Sprintln(in.Name, in.CMSType, text(in.Domain), text(in.PathPrefix), in.URL(), in.DatabaseName, text(in.DatabasePrefix), text(in.CMSVersion), in.Path("/base"))
		version := "6.4.2"
		if c.cms == "native" {
			version = ""
		}
		if want := fmt.Sprintln(c.name, c.cms, c.domain, c.at, c.url, c.database, c.prefix, version, filepath.Join(a.home, c.adoption.Dir)); got != want {
			t.Errorf("registered is %swant %s", got, want)
		}
	}
}

// TestAdoptRefuses what does not lie in the account, by whatever name, or is no site; the others are registered.
func TestAdoptRefuses(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	elsewhere := t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "wp-load.php"), nil, 0o644))
	must(t, os.MkdirAll(filepath.Join(elsewhere, "wp-includes"), 0o755))
	must(t, os.WriteFile(filepath.Join(elsewhere, "wp-includes/version.php"), nil, 0o644))
	a.files("public_html/empty", map[string]string{"index.html": "x", "file.php": "<?php"})
	must(t, os.Symlink(elsewhere, filepath.Join(a.home, "out")))
	must(t, os.Symlink("/", filepath.Join(a.home, "root")))
	a.wordPress("public_html/fine")
	a.wordPress("public_html/also")
	a.wordPress("public_html/bad")
	before := a.listing()
	list := []Adoption{
		{Dir: elsewhere}, {Dir: "out"}, {Dir: a.home + "/../" + filepath.Base(filepath.Dir(a.home))}, {Dir: "root/etc", CMSType: "native"},
		{Dir: "out/none", CMSType: "native"}, {Dir: "none"}, {Dir: "none", CMSType: "native"}, {Dir: "public_html/empty/file.php", CMSType: "native"},
		{Dir: "public_html/empty"}, {Dir: "public_html/empty", CMSType: "wordpress"},
		{Dir: "public_html/bad", InstanceID: "../bad"}, {Dir: "public_html/bad", InstanceID: "Bad"}, {Dir: "public_html/bad", URL: "javascript:alert(1)"},
		{Dir: "public_html/bad", URL: "ftp://a.example/"}, {Dir: "public_html/bad", Name: "a\nb"},
		{Dir: "public_html/fine", InstanceID: "fine"}, {Dir: "public_html/fine"}, {Dir: "public_html/also", InstanceID: "fine"}, {Dir: "public_html/also"},
	}
	codes := []core.Code{"invalid", "invalid", "invalid", "invalid", "not_found", "not_found", "not_found", "not_found", "not_found", "not_found",
		"invalid", "invalid", "invalid", "invalid", "invalid", "", "conflict", "conflict", ""}
	out := a.adopt(list...)
	for i, o := range out {
		if core.CodeOf(o.Err) != codes[i] || o.Dir != list[i].Dir {
			t.Errorf("%d: %+v is answered %+v, %v; want %q", i, list[i], o, o.Err, codes[i])
		}
	}
	relative, err := a.Adopt(t.Context(), by, host, []Adoption{{Dir: "public_html/fine"}, {Dir: ""}})
	must(t, err)
	for _, o := range relative {
		wantCode(t, o.Err, core.CodeInvalid)
	}
	if got, _, err := a.Manager.Store.Records(t.Context(), core.Query{}); err != nil || len(got) != 2 {
		t.Errorf("registered are %+v, %v", got, err)
	}
	if after := a.listing(); after != before {
		t.Errorf("on disk was\n%s\nand is\n%s", before, after)
	}
}

// listing is everything below the home, with its times.
func (a *account) listing() string {
	a.t.Helper()
	var b strings.Builder
	must(a.t, filepath.WalkDir(a.home, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		return err
	}))
	return b.String()
}
