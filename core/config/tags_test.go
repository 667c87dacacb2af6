package config

import (
	"reflect"
	"strings"
	"testing"
)

// TestEverySettingHasItsName: without a tag a setting would be read from a variable that is named like its field.
func TestEverySettingHasItsName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for field := range reflect.TypeFor[Config]().Fields() {
		name := field.Tag.Get("envconfig")
		if field.Tag.Get("ignored") == "true" && name == "" {
			continue
		}
		letters := strings.ReplaceAll(strings.TrimPrefix(name, "VPM_"), "_", "")
		if !strings.HasPrefix(name, "VPM_") || letters != strings.ToUpper(field.Name) || seen[name] {
			t.Errorf("the setting %s is named %q", field.Name, name)
		}
		seen[name] = true
	}
}
