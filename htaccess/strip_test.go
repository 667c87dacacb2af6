package htaccess

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const mine = "# mine\r\nRewriteEngine On\n  RewriteCond %{HTTPS} off\n</IfModule>\nno end"

// wantMended wants that the site's own text is all that opening leaves, and that closing puts the damage right.
func wantMended(t *testing.T, what, file, want, block string) {
	t.Helper()
	if found := Inspect([]byte(file), block); found != Damaged {
		t.Errorf("%s: found %d, want Damaged", what, found)
	}
	if rest, _ := Open([]byte(file)); string(rest) != want {
		t.Errorf("%s: opening left\n%q\nwant\n%q", what, rest, want)
	}
	closed := Close([]byte(file), true, block)
	if rest, _ := Open(closed); Inspect(closed, block) != Intact || string(rest) != want {
		t.Errorf("%s: closing gives %q", what, closed)
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	block := testBlock(t, "site")
	lines := strings.SplitAfter(block, "\n")
	lines = lines[:len(lines)-1]
	last := len(lines) - 1
	edit := func(old, fresh string) string {
		if !strings.Contains(block, old) {
			t.Fatalf("no %q in the block", old)
		}
		return strings.Replace(block, old, fresh, 1)
	}
	other := testBlock(t, "other")
	for what, c := range map[string][2]string{
		"not at the top":         {"# above\n" + block + mine, "# above\n" + mine},
		"twice":                  {block + block + mine, mine},
		"twice, apart":           {block + "# between\n" + block + mine, "# between\n" + mine},
		"another's":              {other + mine, mine},
		"another's above":        {other + block + mine, mine},
		"line changed":           {edit("RedirectMatch 503 ^", "RedirectMatch 404 ^") + mine, mine},
		"condition changed":      {edit(`m#^(/\.well-known`, `m#^(/shop|/\.well-known`) + mine, mine},
		"line deleted":           {edit("     RedirectMatch 503 ^\n", "") + mine, mine},
		"line commented":         {edit("     RedirectMatch", "#     RedirectMatch") + mine, mine},
		"lines inserted":         {edit(" <Else>\n", "RewriteRule ^a$ /b\r\n# mine too\n <Else>\n") + mine, "RewriteRule ^a$ /b\r\n# mine too\n" + mine},
		"changed and inserted":   {edit("     RedirectMatch 503 ^\n", "RedirectMatch 404 ^\n# mine too\n") + mine, "# mine too\n" + mine},
		"another order":          {lines[0] + lines[2] + lines[1] + strings.Join(lines[3:], "") + mine, mine},
		"CRLF":                   {strings.ReplaceAll(block, "\n", "\r\n") + mine, mine},
		"spaces at the end":      {strings.ReplaceAll(block, "\n", " \t\n") + mine, mine},
		"begin gone":             {strings.Join(lines[1:], "") + mine, mine},
		"begin and lines gone":   {"# above\n" + strings.Join(lines[9:], "") + mine, "# above\n" + mine},
		"begin changed":          {edit("vpm gate 1 site", "vpm gate 1 site2") + mine, mine},
		"end gone":               {strings.Join(lines[:last], "") + mine, mine},
		"end and lines gone":     {strings.Join(lines[:9], "") + mine, mine},
		"end and line gone":      {strings.Join(lines[:9], "") + strings.Join(lines[10:last], "") + mine, mine},
		"end changed":            {strings.Join(lines[:last], "") + lines[last][:40] + "\n" + mine, mine},
		"only begin":             {lines[0] + mine, mine},
		"only end":               {"# above\n" + lines[last] + mine, "# above\n" + mine},
		"half, then whole":       {strings.Join(lines[:12], "") + block + mine, mine},
		"half, mine, then whole": {strings.Join(lines[:12], "") + "# between\n" + block + mine, "# between\n" + mine},
		"whole, then half":       {block + strings.Join(lines[20:], "") + mine, mine},
		"one in another":         {strings.Join(lines[:12], "") + other + strings.Join(lines[12:], "") + mine, mine},
	} {
		wantMended(t, what, c[0], c[1], block)
	}
	wantMended(t, "two markers of UTF-8", "\xef\xbb\xbf# x\n"+block+mine, "\xef\xbb\xbf# x\n"+mine, block)
	// Lines that lost both markers cannot be told from the site's.
	if rest, exists := Open([]byte(strings.Join(lines[1:last], ""))); !exists || string(rest) != strings.Join(lines[1:last], "") {
		t.Errorf("without markers: %q, %t", rest, exists)
	}
}

// A file that was cut off anywhere in the block is opened and closed as if nothing of the block was there.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for i, block := range testBlocks(t)[1:3] {
		t.Run(fmt.Sprint("gate ", i), func(t *testing.T) {
			t.Parallel()
			checkCutOff(t, block)
		})
	}
}

func checkCutOff(t *testing.T, block string) {
	t.Helper()
	first := strings.Index(block, "\n")
	whole := Close(nil, false, block)
	for cut := first + 1; cut < len(block)-1; cut++ {
		if column := cut - strings.LastIndex(block[:cut], "\n"); column > 40 && column%37 > 0 {
			continue // a line is known by its beginning
		}
		closed := whole[:cut-1] // "new" is a letter shorter than "file"
		if rest, exists := Open(closed); exists || len(rest) > 0 {
			t.Fatalf("cut at %d, %q: %q, %t", cut, closed[max(0, len(closed)-30):], rest, exists)
		}
		again := Close(closed, true, block)
		if _, exists := Open(again); exists || Inspect(again, block) != Intact {
			t.Fatalf("cut at %d: closing again does not mend it", cut)
		}
	}
	// In the marker itself, it is a comment like any other.
	if rest, exists := Open([]byte(block[:first-1])); !exists || string(rest) != block[:first-1] {
		t.Errorf("cut in the marker: %q, %t", rest, exists)
	}
}

// Whatever is deleted from a closed file, no line of the site is.
func TestDamageSparesTheSite(t *testing.T) {
	t.Parallel()
	block := testBlock(t, "site")
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		own := strings.SplitAfter("Header set X-A 1\nRewriteEngine On\n<IfModule mod_rewrite.c>\nRewriteRule ^ - [L]\n</IfModule>\n</Else>\n", "\n")
		var file, want []byte
		for _, line := range strings.SplitAfter(block, "\n") {
			if r.IntN(8) == 0 && line != "" {
				continue // lost
			}
			if r.IntN(12) == 0 {
				line = own[r.IntN(len(own)-1)] + line
			}
			file = append(file, line...)
		}
		for range r.IntN(6) {
			line := own[r.IntN(len(own)-1)]
			file, want = append(file, line...), append(want, line...)
		}
		if rest, _ := Open(file); !bytes.HasSuffix(rest, want) {
			t.Fatalf("seed %d: opening\n%s\nleft\n%s\nwant at its end\n%s", seed, file, rest, want)
		}
	}
}
