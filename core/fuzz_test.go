package core_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

// FuzzID: an id that is let through is a name of one part in a path, a URL, a unit and an .htaccess.
func FuzzID(f *testing.F) {
	for _, id := range []string{"wp-test-001", "", ".", "..", "a/b", "a\\b", "a\x00", "A_b", "ä", "a%2f", strings.Repeat("x", 65), "-", "@"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if core.CheckID(id) != nil {
			return
		}
		if p := filepath.Join("/base", id); filepath.Dir(p) != "/base" || filepath.Base(p) != id || url.PathEscape(id) != id || len(id) > 64 || strings.ContainsAny(id, ". \t\r\n@\\'\"$;") {
			t.Errorf("%q is let through", id)
		}
	})
}

// FuzzStoredInstance: whatever other programs have put into the columns of an instance, its directory is an absolute
// clean path, and its address is one line.
func FuzzStoredInstance(f *testing.F) {
	f.Add("one", `{"path":"/srv/x/../y","docroot":"/srv/y/web","url":"https://a.example"}`, "a.example", "/blog")
	f.Add("..", `{"path":"../../etc"}`, "a", "//evil.example")
	f.Add("a", `{"path":7}`, "", "")
	f.Add("a", `{"path":"/../..","docroot":"/\u0000","url":"javascript:alert(1)"}`, "\r\nX: y", "\n")
	f.Fuzz(func(t *testing.T, id, config, domain, prefix string) {
		in := core.Instance{InstanceID: id, Config: &config, Domain: &domain, PathPrefix: &prefix}
		for _, p := range []string{in.Path("/base"), in.Docroot("/base")} {
			if !filepath.IsAbs(p) || filepath.Clean(p) != p {
				t.Errorf("the directory is %q", p)
			}
		}
		if core.CheckID(id) == nil && !strings.Contains(config, `"`) && !core.Within(in.Path("/base"), "/base") {
			t.Errorf("the directory %q lies outside of the base", in.Path("/base"))
		}
		if n := in.DiskAlert(7); n < 0 {
			t.Errorf("the disk alert is at %d bytes", n)
		}
	})
}

// FuzzSize: a size that is read is no negative number of bytes.
func FuzzSize(f *testing.F) {
	for _, s := range []string{"256M", "1G", "-1", "9999999999G", "0", "1.5M", "١M", "+1K", "0x1F"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := core.ParseSize(s); err == nil && n < 0 {
			t.Errorf("%q is %d bytes", s, n)
		}
	})
}
