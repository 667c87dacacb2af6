package httpapi

import (
	"os"
	"strings"
	"testing"
)

// TestEveryRouteIsDocumented: docs/api.md has a line for each, and scripts/doctest runs them.
func TestEveryRouteIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		name := strings.TrimSuffix(r.name, "*")
		if !strings.Contains(string(text), "$API/"+name) && !strings.Contains(string(text), "`POST "+name+"`") {
			t.Errorf("docs/api.md does not have %s", r.name)
		}
	}
}
