package config

import (
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzSettingsFile: whatever stands in a settings file, an error tells no value, and each value that is read can be
// written and read again.
func FuzzSettingsFile(f *testing.F) {
	for _, text := range []string{"", "VPM_DB_PASSWORD=secret", "export A='b c' # d\r\nB=\"x\\\"y\\\\\\$\\n\"\n", "\uFEFFA=1\n=2\nA", "A=\"open\nB='open", "A=b #c\nA=b#c\nA=#", "A=\x00\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		loose, err := parseFile("file", text, false)
		if err != nil {
			t.Fatalf("a foreign file is refused: %v", err)
		}
		strict, err := parseFile("file", text, true)
		if err == nil && len(strict) != len(loose) {
			t.Fatalf("strictly it has %d settings, otherwise %d", len(strict), len(loose))
		}
		names := ""
		for line := range strings.SplitSeq(text, "\n") { // an error may tell these
			name, _, _ := strings.Cut(line, "=")
			names += name + "\n"
		}
		for _, p := range loose {
			if err != nil && len(p.value) > 8 && strings.Contains(err.Error(), p.value) && !strings.Contains(names, p.value) {
				t.Errorf("the error shows a value: %v", err)
			}
			if p.line < 1 || p.line > strings.Count(text, "\n")+1 {
				t.Errorf("%s stands in line %d", p.name, p.line)
			}
			again, err := parseFile("file", p.name+"="+quote(p.value)+"\n", true)
			if err != nil || len(again) != 1 || again[0].value != p.value {
				t.Errorf("%q is written as %s and read as %+v, %v", p.value, quote(p.value), again, err)
			}
		}
	})
}

// FuzzSave: no value breaks out of its line, whatever a form sends to set-up.
func FuzzSave(f *testing.F) {
	for _, v := range []string{"", "x\nVPM_DB_HOST=evil", `\`, `\\"`, "$HOME", "'", "\"\r\n#", "a\x00b", "\u2028", " x "} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		pairs, err := parseFile("file", "A="+quote(value)+"\nB=\"1\"\n", true)
		if err != nil || len(pairs) != 2 || pairs[0].value != value || pairs[1].value != "1" {
			t.Errorf("%q is written as %s and read as %+v, %v", value, quote(value), pairs, err)
		}
	})
}

// FuzzEdit: editing changes the settings it is asked to, and nothing else.
func FuzzEdit(f *testing.F) {
	f.Add("# mine\nA=1\nexport B='2'\nA=3", "new\nB=9")
	f.Add("A=\"x\"\r\n", "")
	f.Add("\uFEFFA=1\n", "2")
	f.Fuzz(func(t *testing.T, text, value string) {
		before, err := parseFile("", text, true)
		if err != nil || !utf8.ValidString(text) {
			return
		}
		if same := Edit(text, func(_, is string) (string, bool) { return is, true }); same != text {
			t.Fatalf("%q without a change is %q", text, same)
		}
		edited := Edit(text, func(name, is string) (string, bool) {
			if name == "A" {
				return value, true
			}
			return is, true
		})
		after, err := parseFile("", edited, true)
		if err != nil || len(after) != len(before) {
			t.Fatalf("%q with A as %q is %q: %v", text, value, edited, err)
		}
		for i, p := range before {
			want := p.value
			if p.name == "A" {
				want = value
			}
			if after[i].name != p.name || after[i].value != want {
				t.Errorf("%q with A as %q: %+v became %+v", text, value, p, after[i])
			}
		}
	})
}

// FuzzLists: what is taken for an origin, a path that stays open or a trusted proxy is one and no more, and no error shows a
// value.
func FuzzLists(f *testing.F) {
	f.Add("https://admin.example", "/old-admin/", "10.0.0.0/8")
	f.Add("https://user:password@admin.example", "/../", "::ffff:10.0.0.0/104")
	f.Add("http://a/", "/a//b", "10.0.0.1")
	f.Add("HTTPS://A:1?", "/a\nb", "0.0.0.0/0")
	f.Add("https://a\r\nX: y", "//", "fe80::1%eth0")
	f.Add("https://a#b", "/a/../..", " ::1 ")
	f.Fuzz(func(t *testing.T, origin, open, network string) {
		base := Config{Mode: "auto", AutoInstall: "auto", InstancesDir: "/i", SharedCores: "/c", SessionTTL: time.Hour, RequestTimeout: time.Minute, TickBudget: time.Minute, LogLevel: "info"}
		c := base
		c.TrustedOrigins = []string{origin}
		if err := c.check(); err != nil {
			if len(origin) > 8 && strings.Contains(err.Error(), origin) && !strings.Contains("https://admin.example", origin) {
				t.Errorf("the error shows the value: %v", err)
			}
		} else if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil || strings.ContainsAny(origin, "\r\n \"'@") {
			t.Errorf("%q is taken for an origin: %v", origin, err)
		}
		c = base
		c.OpenPaths = []string{open}
		if c.check() == nil && (open[0] != '/' || strings.Trim(path.Clean(open), "/") == "" || strings.ContainsFunc(open, func(r rune) bool { return r <= ' ' || r == 0x7f })) {
			t.Errorf("%q stays open", open)
		}
		var n Network
		if n.UnmarshalText([]byte(network)) == nil && (!n.IsValid() || n.Masked() != n.Prefix || !n.Contains(n.Addr())) {
			t.Errorf("%q is taken for the network %v", network, n)
		}
	})
}
