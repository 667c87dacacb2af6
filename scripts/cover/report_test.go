package main

import (
	"strings"
	"testing"
)

// TestReport: what one of several programs ran was run, whatever the others did.
func TestReport(t *testing.T) {
	t.Parallel()
	blocks, err := parse("mode: set\nvpm/core/a.go:3.1,4.2 2 0\nvpm/core/a.go:5.1,5.9 1 1\nvpm/core/b/b.go:1.1,9.2 5 0\nvpm/core/a.go:3.1,4.2 2 1\n")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	report(&text, []string{"vpm/core", "vpm/core/b", "vpm/core/empty"}, blocks)
	const want = `| | statements | run |
|---|---|---|
| core | 3 | 100.0 % |
| core/b | 5 | 0.0 % |
| all | 8 | 37.5 % |

Not run:
core/b/b.go:1-9
`
	if text.String() != want {
		t.Errorf("it reports\n%s\nand not\n%s", text.String(), want)
	}
	if _, err := parse("mode: set\nvpm/core/a.go:3.1\n"); err == nil {
		t.Error("half a line is taken")
	}
}
