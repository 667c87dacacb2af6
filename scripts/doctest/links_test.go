package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are README.md and all of docs/.
func documents(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(list) < 10 {
		t.Fatalf("the documents are %q, %v", list, err)
	}
	return append(list, "../../README.md")
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// TestLinks: what the documents link to, pages, headings and pictures, is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	links := 0
	for _, from := range documents(t) {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, anchor, _ := strings.Cut(m[1], "#")
			to := from
			if path != "" {
				to = filepath.Join(filepath.Dir(from), path)
			}
			target, err := os.ReadFile(to)
			if err != nil {
				t.Errorf("%s links to %s: %v", from, m[1], err)
			} else if anchor != "" && !hasHeading(string(target), anchor) {
				t.Errorf("%s links to %s: there is no such heading", from, m[1])
			}
		}
	}
	if links < 30 {
		t.Errorf("%d links were found", links)
	}
}

// hasHeading tells whether a document has a heading of that name, as the usual renderers make names.
func hasHeading(text, anchor string) bool {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}
