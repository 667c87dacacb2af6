package core_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependenciesAreDocumented: docs/dependencies.md has every module that go.mod asks for and no other, and says which
// of them vpm.cgi has.
func TestDependenciesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/dependencies.md")
	must(t, err)
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "vpm/cgi").Output()
	must(t, err)
	linked := strings.Fields(string(out))
	programs, rest, _ := strings.Cut(string(text), "## Packages")
	packages, _, _ := strings.Cut(rest, "## The pages")
	for file, table := range map[string]string{"../go.mod": programs, "../scripts/package/go.mod": packages} {
		rows := map[string][]string{}
		for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$").FindAllStringSubmatch(table, -1) {
			cells := strings.Split(m[2], "|")
			rows[m[1]] = cells
			if slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) == "" }) {
				t.Errorf("something of %s is not said", m[1])
			}
		}
		for _, module := range direct(t, file) {
			cells, ok := rows[module]
			delete(rows, module)
			if !ok {
				t.Errorf("docs/dependencies.md does not have %s of %s", module, file)
			} else if in := strings.HasPrefix(strings.TrimSpace(cells[1]), "yes"); table == programs && in != slices.Contains(linked, module) {
				t.Errorf("docs/dependencies.md says that vpm.cgi has %s: %v", module, in)
			}
		}
		for module := range rows {
			t.Errorf("docs/dependencies.md has %s, which %s does not ask for", module, file)
		}
	}
}

// direct are the modules that a go.mod asks for itself.
func direct(t *testing.T, file string) (modules []string) {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json", file).Output()
	must(t, err)
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	must(t, json.Unmarshal(out, &mod))
	for _, r := range mod.Require {
		if !r.Indirect {
			modules = append(modules, r.Path)
		}
	}
	return modules
}
