package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fence is a block of commands, or of a program: its language with the place it is for, as "sh vps", and its lines.
var fence = regexp.MustCompile("(?ms)^```((?:sh|php)(?: [a-z]+)?)\n(.*?)^```$")

// tried says which kinds of blocks of a document are run; see the tests of this package.
var tried = map[string][]string{
	"upload.md":          {"sh"},
	"api.md":             {"sh"},
	"php.md":             {"sh", "php"},
	"command-line.md":    {"sh", "sh vps"},
	"troubleshooting.md": {"sh vps"},
	"vps.md":             {"sh", "sh upload", "sh sudo", "sh account"},
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are those of a document that are of a kind.
func blocks(t *testing.T, name, kind string) (list []string) {
	t.Helper()
	for _, block := range fence.FindAllStringSubmatch(document(t, name), -1) {
		if block[1] == kind {
			list = append(list, block[2])
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no blocks that are %q", name, kind)
	}
	return list
}

// commands gives the blocks of a document that are of a kind, as one script.
func commands(t *testing.T, name, kind string) string {
	t.Helper()
	return strings.Join(blocks(t, name, kind), "")
}

// block is the first one of a document that has a text.
func block(t *testing.T, name, with string) string {
	t.Helper()
	list := blocks(t, name, "sh")
	i := slices.IndexFunc(list, func(text string) bool { return strings.Contains(text, with) })
	if i < 0 {
		t.Fatalf("%s has no commands with %q", name, with)
	}
	return list[i]
}

// placed puts what is true here in the place of a document's examples.
func placed(t *testing.T, script string, examples map[string]string) string {
	t.Helper()
	var pairs []string
	for example, here := range examples {
		if !strings.Contains(script, example) {
			t.Errorf("the commands do not speak of %q any more", example)
		}
		pairs = append(pairs, example, here)
	}
	return strings.NewReplacer(pairs...).Replace(script)
}

// TestEveryBlockIsTried: no document has commands that no test runs.
func TestEveryBlockIsTried(t *testing.T) {
	t.Parallel()
	for _, path := range documents(t) {
		name := filepath.Base(path)
		if name == "README.md" { // of the sources: scripts/run tries that
			continue
		}
		for _, block := range fence.FindAllStringSubmatch(document(t, name), -1) {
			if !slices.Contains(tried[name], block[1]) {
				t.Errorf("nothing runs what %s has as %q:\n%s", name, block[1], block[2])
			}
		}
	}
}
