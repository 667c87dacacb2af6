package htaccess

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestGateRefusesWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("é", 4000)
	for what, change := range map[string]func(*Gate){
		"no instance":            func(g *Gate) { g.Instance = "" },
		"instance with a space":  func(g *Gate) { g.Instance = "a b" },
		"instance with a line":   func(g *Gate) { g.Instance = "a\nb" },
		"long reason":            func(g *Gate) { g.Reason = strings.Repeat("é", 501) },
		"short secret":           func(g *Gate) { g.Bypass = "abc" },
		"secret that is a regex": func(g *Gate) { g.Bypass = strings.Repeat(".", 32) },
		"host with a port":       func(g *Gate) { g.Host = "example.com:80" },
		"host with a quote":      func(g *Gate) { g.Host = `a"b` },
		"host with a line":       func(g *Gate) { g.Host = "a\nb" },
		"relative path":          func(g *Gate) { g.Path = "blog" },
		"path with ..":           func(g *Gate) { g.Path = "/blog/../x" },
		"path that stays open":   func(g *Gate) { g.Path = "/api/blog" },
		"everything open":        func(g *Gate) { g.OpenPaths = []string{"/"} },
		"open nothing":           func(g *Gate) { g.OpenPaths = []string{""} },
		"open above":             func(g *Gate) { g.OpenPaths = []string{"/api/.."} },
		"open twice":             func(g *Gate) { g.OpenPaths = []string{"/api//x"} },
		"relative directory":     func(g *Gate) { g.OpenDirs = []string{"addon"} },
		"root directory":         func(g *Gate) { g.OpenDirs = []string{"/"} },
		"directory with a NUL":   func(g *Gate) { g.OpenDirs = []string{"/a\x00b"} },
		"directory too long":     func(g *Gate) { g.OpenDirs = []string{long} },
		"page without a path":    func(g *Gate) { g.PagePath = "" },
		"page without a name":    func(g *Gate) { g.Page = "" },
		"page of another site":   func(g *Gate) { g.PagePath = "http://elsewhere.example/" },
		"page that stays open":   func(g *Gate) { g.PagePath = "/api/vpm-stopped.html" },
		"page beside the path":   func(g *Gate) { g.Path = "/blog" },
		"negative delay":         func(g *Gate) { g.RetryAfter = -1 },
		"year 12026":             func(g *Gate) { g.Until = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
		"bypass until year 1":    func(g *Gate) { g.BypassUntil = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC) },
	} {
		g := testGate("site")
		change(&g)
		for _, render := range []func() (string, error){g.Render, g.RenderNginx} {
			if text, err := render(); err == nil || text != "" || !strings.HasPrefix(err.Error(), "cannot ") {
				t.Errorf("%s: %q, %v", what, text, err)
			}
		}
	}
	g := testGate("site")
	for i := range 20_000 {
		g.OpenDirs = append(g.OpenDirs, fmt.Sprintf("/home/acct/public_html/%0200d", i))
	}
	if _, err := g.Render(); err == nil {
		t.Error("a marker of any length is written")
	}
	g.PagePath = "/$x.html"
	if _, err := g.RenderNginx(); err == nil {
		t.Error("nginx would evaluate the page's name")
	}
}

func TestLinesAreShortEnough(t *testing.T) {
	t.Parallel()
	g := testGate("site")
	g.Page, g.PagePath, g.Reason = "", "", strings.Repeat("\U0010ffff", 500)
	for i := range 300 {
		g.OpenDirs = append(g.OpenDirs, fmt.Sprintf("/home/acct/public_html/addon number %d.example", i))
		g.OpenPaths = append(g.OpenPaths, fmt.Sprintf("/old panel %d/", i))
	}
	text, err := g.Render()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if len(line) > 8000 {
			t.Errorf("%d bytes: %.60s…", len(line), line)
		}
	}
	if text, err = g.RenderNginx(); err != nil {
		t.Fatal(err)
	}
	for _, word := range regexp.MustCompile(`"[^"]*"`).FindAllString(text, -1) {
		if len(word) > 4000 {
			t.Errorf("%d bytes: %.60s…", len(word), word)
		}
	}
}

// The patterns mean to Go's regular expressions what they mean to PCRE.
func TestLiteralMatchesItselfOnly(t *testing.T) {
	t.Parallel()
	safe := regexp.MustCompile(`^(?:[A-Za-z0-9/_-]|\\\.|\\x[0-9a-f]{2})*$`)
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 3))
		text := make([]byte, r.IntN(12))
		for i := range text {
			text[i] = byte(r.IntN(128)) // of larger ones Go makes characters, PCRE bytes
		}
		pattern := literal(string(text))
		if !safe.MatchString(pattern) {
			t.Fatalf("%q is written as %s", text, pattern)
		}
		re := regexp.MustCompile(`\A` + pattern + `\z`)
		if !re.Match(text) {
			t.Errorf("%s does not match %q", pattern, text)
		}
		if len(text) > 0 {
			text[r.IntN(len(text))]++
			if re.Match(text) {
				t.Errorf("%s matches %q", pattern, text)
			}
		}
	}
}

func TestFromMatchesLaterTimesOnly(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 4))
	for range 500 {
		at := r.Int64N(4_000_000_000) + 1_000_000_000
		re := regexp.MustCompile(from(time.Unix(at, 0)))
		for _, now := range []int64{at - 1, at, at + 1, at - 10, at + 10, at - at%1000, at + 99_999, r.Int64N(8_000_000_000) + 1_000_000_000} {
			if got := re.MatchString(fmt.Sprintf("%d.123", now)); got != (now >= at) {
				t.Errorf("from %d: %d matches: %t", at, now, got)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]Gate{
		"3600":                          {},
		"2":                             {RetryAfter: 1500 * time.Millisecond},
		"Tue, 24 Nov 2026 10:00:00 GMT": {RetryAfter: time.Minute, Until: time.Date(2026, 11, 24, 11, 0, 0, 0, time.FixedZone("", 3600))},
	} {
		if got := g.retryAfter(); got != want {
			t.Errorf("Retry-After %q, want %q", got, want)
		}
	}
}
