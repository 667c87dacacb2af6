package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fence is a block of commands: the place it is for, "" its document's, and its lines.
var fence = regexp.MustCompile("(?ms)^```sh *([a-z]*)\n(.*?)^```$")

// commands gives the blocks of a document that are for a place, as one script.
func commands(t *testing.T, document, place string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", document))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		if block[1] == place {
			script.WriteString(block[2])
		}
	}
	if script.Len() == 0 {
		t.Fatalf("%s has no commands for %q", document, place)
	}
	return script.String()
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
