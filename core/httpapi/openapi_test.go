package httpapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestDescriptionHasEveryRoute, with its methods and who may call it, and no other.
func TestDescriptionHasEveryRoute(t *testing.T) {
	var file struct {
		Paths map[string]map[string]struct {
			Access    string `json:"x-vpm-access"`
			Responses map[string]any
		}
	}
	must(t, json.Unmarshal([]byte(description), &file))
	described := map[string]string{}
	for path, calls := range file.Paths {
		name := strings.NewReplacer(".php", "", "{instance_id}", "*").Replace(strings.TrimPrefix(path, "/"))
		methods := slices.Sorted(maps.Keys(calls))
		described[name] = strings.ToUpper(strings.Join(methods, ", "))
		for method, call := range calls {
			if r, _, ok := find(strings.ToUpper(method), "/api"+path); !ok || call.Access != describedAccess(r.access) {
				t.Errorf("%s %s is described for %q, and %q may call it", method, path, call.Access, r.access)
			}
			if call.Responses["4XX"] == nil || call.Responses["5XX"] == nil {
				t.Errorf("%s %s has no failures", method, path)
			}
		}
	}
	for _, r := range routes {
		if described[r.name] != r.methods {
			t.Errorf("%s is described with the methods %q, and takes %q", r.name, described[r.name], r.methods)
		}
		delete(described, r.name)
	}
	if len(described) > 0 {
		t.Errorf("described and not there: %v", described)
	}
}

func describedAccess(a access) string {
	if a == public {
		return "public"
	}
	return string(a)
}

// TestDescriptionIsServed to whoever may look.
func TestDescriptionIsServed(t *testing.T) {
	p := newPanel(t)
	if got := p.get("openapi").want(200).field("openapi"); got != "3.1.0" {
		t.Errorf("openapi is %v", got)
	}
	p.token = ""
	p.get("openapi").want(401)
}
