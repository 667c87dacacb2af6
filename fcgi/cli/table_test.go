package cli

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

func drawn(width int, b block) string {
	var out bytes.Buffer
	b.write(&out, &screen{width: width})
	return out.String()
}

// TestTable: what is cut, what is left out, and what stays whole, in terminals of all widths.
func TestTable(t *testing.T) {
	t.Parallel()
	long := instance{ID: "an-instance-with-a-long-id", Name: "Ein langer Name für eine Bäckerei 日本語", CMS: "wordpress", Process: process{PID: "v179543317546891", Status: "running", Healthy: true}}
	domain, path := "a.very.long.host.name.of.some.bakery.example", "/shop"
	long.Domain, long.Path = &domain, &path
	for width := 40; width < 200; width++ {
		out := drawn(width, listTable([]instance{long, {ID: "b", Process: process{Status: "stopped"}}}))
		for l := range strings.Lines(out) {
			if w := runewidth.StringWidth(strings.TrimSuffix(l, "\n")); w > width && width >= 65 {
				t.Errorf("in %d columns a line has %d: %s", width, w, l)
			}
		}
		if !strings.Contains(out, long.ID) || !strings.Contains(out, "running") {
			t.Errorf("in %d columns an id or a state is cut:\n%s", width, out)
		}
	}
	if out := drawn(0, listTable([]instance{long})); !strings.Contains(out, long.Name) || !strings.Contains(out, domain+path) || !strings.Contains(out, "v179543317546891") {
		t.Errorf("where there is no terminal something is cut:\n%s", out)
	}
	if out := drawn(80, listTable(nil)); !strings.HasPrefix(out, "There are no instances.") {
		t.Errorf("no instances: %s", out)
	}
}

// TestHostileText: a terminal obeys nothing that others wrote.
func TestHostileText(t *testing.T) {
	t.Parallel()
	evil := instance{ID: "x", Name: "\x1b]0;owned\x07\x9b31m\nINSTANCE\r\u202e\tz", Process: process{Status: "running"}}
	out := drawn(0, listTable([]instance{evil}))
	if strings.ContainsAny(out, "\x1b\x07\u009b\r\t\u202e") || strings.Count(out, "\n") != 2 {
		t.Errorf("it is printed as %q", out)
	}
	for _, b := range []block{line{text: evil.Name}, fields{{"name", text(evil.Name)}}} {
		if out := drawn(0, b); strings.ContainsAny(out, "\x1b\x07\r\u202e") || strings.Count(out, "\n") != 1 {
			t.Errorf("it is printed as %q", out)
		}
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := writeYAML(&out, json.RawMessage(`{"z":1,"a":["yes","12",12,1.5,null,true,"a: b","\ud83d\ude00"],"big":9007199254740993,"none":[],"empty":{},"lines":"one\ntwo"}`))
	want := "z: 1\na:\n  - \"yes\"\n  - \"12\"\n  - 12\n  - 1.5\n  - null\n  - true\n  - 'a: b'\n  - \"\\U0001F600\"\nbig: 9007199254740993\nnone: []\nempty: {}\nlines: |-\n  one\n  two\n"
	if got := out.String(); err != nil || got != want && got != strings.Replace(want, `"\U0001F600"`, "😀", 1) {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestAdded: which lines of a log are new.
func TestAdded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ was, now, want string }{
		{"", "a b", "a b"}, {"a b", "a b", ""}, {"a b", "a b c", "c"}, {"a b c", "b c d e", "d e"}, {"a a", "a a a", "a"}, {"a b", "x", "x"}, {"a b c", "a", "a"}, {"a", "", ""},
	} {
		if got := added(strings.Fields(c.was), strings.Fields(c.now)); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("after %q, %q adds %q; want %q", c.was, c.now, got, c.want)
		}
	}
}
