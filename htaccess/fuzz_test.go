package htaccess

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

// FuzzGate: whatever a gate is asked to say, hide and keep open, its text has the directives that it has for tame values
// and no other, in Apache's form and in nginx's.
func FuzzGate(f *testing.F) {
	f.Add("site", "moving house", "example.org", "/blog", "/api/", "/srv/www/addon", "vpm-stopped.html", "/vpm-stopped.html")
	f.Add("site", "\"\n</Else>\nRequire all granted\n%{ENV:x} $x \\ <script>", "h", "/a\nb", "/x\"y", "/srv/#d", "p", "/p\"q")
	f.Add("a\nb", "\x00\xff\u2028", "a\"b", "/%2e%2e/", "/a b", "/srv/ä", "x", "/$x")
	f.Add("a", "", "", "", "/{2}", "/;}", "", "")
	f.Fuzz(func(t *testing.T, instance, reason, host, path, open, dir, page, pagePath string) {
		g := Gate{Instance: instance, Reason: reason, Host: host, Path: path, OpenPaths: []string{open}, OpenDirs: []string{dir}, Page: page, PagePath: pagePath,
			Bypass: strings.Repeat("0a", 32), Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		tame := g
		tame.Instance, tame.Reason, tame.OpenPaths, tame.OpenDirs = "model", "words", []string{"/open"}, []string{"/srv/dir"}
		if host != "" {
			tame.Host = "example.org"
		}
		if strings.Trim(path, "/") != "" {
			tame.Path = "/model"
		}
		if page != "" {
			tame.Page, tame.PagePath = "page.html", tame.Path+"/page.html"
			tame.PagePath = strings.ReplaceAll(tame.PagePath, "//", "/")
		}
		if strings.TrimSpace(reason) == "" {
			tame.Reason = ""
		}
		for form, render := range map[string]func(Gate) (string, error){"apache": Gate.Render, "nginx": Gate.RenderNginx} {
			text, err := render(g)
			if err != nil {
				continue
			}
			model, err := render(tame)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := skeleton(text), skeleton(model); got != want {
				t.Errorf("%s: %+v is written as\n%s\nwhose directives are\n%s\nand not\n%s", form, g, text, got, want)
			}
			if form == "apache" {
				checkGate(t, text)
			}
		}
	})
}

// value is what stands in a line for a value: a quoted string, or a word behind the directive.
var value = regexp.MustCompile(`"[^"]*"|[^\s"{};<>]+`)

// skeleton is what a web server sees of a text beside values: the directives, the sections and the braces.
func skeleton(text string) string {
	var b strings.Builder
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		if word == "#" {
			rest = ""
		}
		this := word + value.ReplaceAllString(rest, "v") + "\n"
		if this != last || !strings.HasPrefix(word, "set") { // nginx's page comes in as many pieces as it needs
			b.WriteString(this)
		}
		last = this
	}
	return b.String()
}

// checkGate: the block is found whole, and taking it out leaves nothing of it.
func checkGate(t *testing.T, block string) {
	t.Helper()
	file := []byte("Options -Indexes\n")
	closed := Close(file, true, block)
	rest, exists := Open(closed)
	if Inspect(closed, block) != Intact || !exists || !bytes.Equal(rest, file) {
		t.Errorf("of %q is left %q", closed, rest)
	}
}

// FuzzOpenFiles: opening takes only our own lines away, keeps the order of the rest, and is done at once.
func FuzzOpenFiles(f *testing.F) {
	block := testBlock(f, "site")
	f.Add([]byte("x\n" + block + "y"))
	f.Add([]byte(block[:len(block)/2] + block))
	f.Add([]byte(strings.ReplaceAll(block, "\n", "\r\n")))
	f.Fuzz(func(t *testing.T, file []byte) {
		rest, _ := Open(file)
		again, _ := Open(rest)
		if len(rest) > len(file) || !isWithin(rest, file) {
			t.Errorf("%q opened is %q", file, rest)
		}
		if bytes.Contains(rest, []byte(block)) && !bytes.Equal(again, rest) {
			t.Errorf("%q opened still has the gate: %q", file, rest)
		}
	})
}

// isWithin tells whether a is b with lines taken out.
func isWithin(a, b []byte) bool {
	lines := bytes.SplitAfter(b, []byte("\n"))
	for _, line := range bytes.SplitAfter(a, []byte("\n")) {
		for len(lines) > 0 && !bytes.Equal(lines[0], line) {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			return len(line) == 0
		}
		lines = lines[1:]
	}
	return true
}
