package main

import (
	"os"
	"strings"
	"testing"
)

// TestPackagesAreDocumented: docs/dependencies.md has every package that the pages bring, and no other.
func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## The pages")
	for _, p := range packages {
		if !strings.Contains(table, "| `"+p.name+"` |") {
			t.Errorf("docs/dependencies.md does not have %s", p.name)
		}
	}
	if n := strings.Count(table, "\n| `"); n != len(packages) {
		t.Errorf("docs/dependencies.md has %d packages; want %d", n, len(packages))
	}
}
