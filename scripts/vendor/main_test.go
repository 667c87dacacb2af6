package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var pages = filepath.Join("..", "..", "public_html", "vpm")

func TestVendoredFiles(t *testing.T) {
	t.Parallel()
	names := []string{"LICENSES.txt"}
	for _, p := range packages {
		for _, f := range p.files {
			names = append(names, f.name)
			if sum := sha256.Sum256(read(t, "vendor/"+f.name)); hex.EncodeToString(sum[:]) != f.sha256 {
				t.Errorf("vendor/%s is not that of %s %s: it has the SHA-256 %x", f.name, p.name, p.version, sum)
			}
		}
		if !bytes.Contains(read(t, "vendor/LICENSES.txt"), []byte(p.name+" "+p.version+"\n")) {
			t.Errorf("vendor/LICENSES.txt has not the licence of %s %s", p.name, p.version)
		}
	}
	entries, err := os.ReadDir(filepath.Join(pages, "vendor"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			t.Errorf("vendor/%s is of no package", e.Name())
		}
	}
}

func TestAdapting(t *testing.T) {
	t.Parallel()
	if got := string(besidePreact([]byte("import{a}from\"preact\";x\n//# sourceMappingURL=x.map\n"))); got != "import{a}from\"./preact.js\";x\n" {
		t.Errorf("hooks become %q", got)
	}
	if got := string(asModule([]byte("{l.linear=Ft,l.stepped=x,l.spline=y}return en}();"))); got != "{l.linear=Ft}return en}();\nexport default uPlot;\n" {
		t.Errorf("uPlot's paths become %q", got)
	}
	if got := string(withoutLegend([]byte(".u-over {a: b;}.u-legend th {c: d;}.u-series > * {e: f;}.u-select {g: h;}"))); got != ".u-over {a: b;}.u-select {g: h;}" {
		t.Errorf("uPlot's style becomes %q", got)
	}
	if got := string(asModule([]byte("var uPlot=1;"))); !strings.HasSuffix(got, "\nexport default uPlot;\n") {
		t.Errorf("uPlot becomes %q", got)
	}
}

var static = regexp.MustCompile(`(?m)^(?:import|export)[^'"]*['"](\.[^'"]+)['"]|[};]from"(\./[^"]+)"|^import{[^}]*}from"(\./[^"]+)"`)

// Modules that are not named in the page are found one after the other, each a round trip later.
func TestEveryModuleIsPreloaded(t *testing.T) {
	t.Parallel()
	var want []string
	for todo := []string{"app.js"}; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		for _, m := range static.FindAllStringSubmatch(string(read(t, name)), -1) {
			to := path.Join(path.Dir(name), m[1]+m[2]+m[3])
			if !slices.Contains(want, to) && to != "app.js" {
				want, todo = append(want, to), append(todo, to)
			}
		}
	}
	var got []string
	for _, m := range regexp.MustCompile(`rel="modulepreload" href="([^"]+)"`).FindAllSubmatch(read(t, "index.html"), -1) {
		got = append(got, string(m[1]))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("index.html preloads\n%s\nand the modules are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var key = regexp.MustCompile(`(?m)\bt\('([^']+)'`)

func TestEveryTextIsThere(t *testing.T) {
	t.Parallel()
	text := string(read(t, "text.js"))
	each(t, func(name string, data []byte) {
		if path.Ext(name) != ".js" || strings.HasPrefix(name, "vendor/") {
			return
		}
		for _, m := range key.FindAllSubmatch(data, -1) {
			if k := string(m[1]); !strings.Contains(text, "\n\t'"+k+"':") && !strings.Contains(text, "\n\t'"+k+".other':") {
				t.Errorf("%s shows %q, which text.js has not", name, k)
			}
		}
	})
}

// The policy in the page and that in .htaccess both count for a browser, so they must not drift apart.
func TestPolicies(t *testing.T) {
	t.Parallel()
	policy := func(name, pattern string) string {
		m := regexp.MustCompile(pattern).FindSubmatch(read(t, name))
		if m == nil {
			t.Fatalf("%s has no policy", name)
		}
		return string(m[1])
	}
	page := policy("index.html", `http-equiv="Content-Security-Policy" content="([^"]+)"`)
	header := policy(".htaccess", `Header set Content-Security-Policy "([^"]+)"`)
	if page+"; frame-ancestors 'none'" != header {
		t.Errorf("the page says\n%s\nand .htaccess\n%s", page, header)
	}
	if strings.Contains(page, "unsafe") || regexp.MustCompile(`https?:|\*|data:`).MatchString(page) {
		t.Errorf("the policy %q lets more than the panel's own files in", page)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	const most = 120_000 // bytes, compressed as a web server does
	total := 0
	each(t, func(name string, data []byte) {
		if path.Base(name) == "LICENSES.txt" || path.Base(name) == ".htaccess" {
			return // no browser asks for them
		}
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(data)
		z.Close()
		total += out.Len()
	})
	if total > most {
		t.Errorf("the pages have %d bytes, more than %d", total, most)
	}
	t.Logf("%d bytes", total)
}

func each(t *testing.T, see func(name string, data []byte)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(pages), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			see(name, read(t, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(pages, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
