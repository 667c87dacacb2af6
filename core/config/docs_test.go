package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestEverySettingIsDocumented: docs/settings.md has each, with its default.
func TestEverySettingIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	for field := range reflect.TypeFor[Config]().Fields() {
		name := field.Tag.Get("envconfig")
		if name == "" {
			continue
		}
		_, row, found := strings.Cut(string(text), "| `"+name+"`")
		row, _, _ = strings.Cut(row, "\n")
		if usual := field.Tag.Get("default"); !found || !strings.Contains(row, usual) {
			t.Errorf("docs/settings.md does not have %s, by default %q", name, usual)
		}
	}
}
