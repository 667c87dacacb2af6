package htaccess

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func testGate(instance string) Gate {
	return Gate{
		Instance: instance, Reason: "Moving", Until: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), Bypass: strings.Repeat("0f", 16),
		OpenPaths: []string{"/api/"}, OpenDirs: []string{"/home/acct/public_html/addon"}, Page: "vpm-stopped.html", PagePath: "/vpm-stopped.html",
	}
}

func testBlock(t testing.TB, instance string) string {
	t.Helper()
	text, err := testGate(instance).Render()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// testBlocks are gates of every kind.
func testBlocks(t testing.TB) (blocks []string) {
	t.Helper()
	for _, change := range []func(*Gate){
		func(*Gate) {},
		func(g *Gate) { g.BypassUntil = g.Until.Add(-time.Hour) },
		func(g *Gate) { g.Bypass, g.OpenDirs, g.OpenPaths = "", nil, nil },
		func(g *Gate) {
			g.Host, g.Path, g.Page, g.PagePath, g.Until = "site.example", "/blog", "", "", time.Time{}
			g.OpenPaths, g.Bypass, g.BypassUntil = nil, strings.Repeat("AB", 64), time.Date(2031, 1, 2, 3, 4, 5, 6, time.UTC)
		},
	} {
		g := testGate("site")
		change(&g)
		block, err := g.Render()
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// pieces are what generated files are made of: what sites write, and what looks like ours.
func pieces(block string) []string {
	lines := strings.SplitAfter(block, "\n")
	all := []string{
		"", "\n", "\r\n", " ", "\t", "\x00", "\xff\xfe", "\xef\xbb\xbf", "RewriteEngine On\n", " RewriteEngine On", "RewriteRule ^old$ /new [R=301,L]\r\n",
		"# BEGIN WordPress\n<IfModule mod_rewrite.c>\nRewriteRule . /index.php [L]\n</IfModule>\n# END WordPress\n", "ErrorDocument 503 \"x\" \\\n",
		"# BEGIN vpm gate \n", "# END vpm gate 1 site file 00000000 0123456789abcdef\n", "# BEGIN vpm gate 1 a b c d e\r\n", "</If>\n", "</Else>",
		strings.Replace(lines[0], " file ", " new ", 1), strings.Replace(lines[0], "site", "sitf", 1), strings.ToLower(lines[0]), "x" + lines[0],
		lines[0][:len(lines[0])-2] + "\n", // a marker that lost a digit is no marker
	}
	return append(all, lines[1:len(lines)-2]...) // our lines without their markers are the site's
}

func generate(r *rand.Rand, from []string) []byte {
	var file []byte
	for range r.IntN(30) {
		file = append(file, from[r.IntN(len(from))]...)
	}
	return file
}

func checkRoundTrip(t *testing.T, file []byte, block string) {
	t.Helper()
	kept := slices.Clone(file)
	for _, exists := range []bool{true, false} {
		if !exists && len(file) > 0 {
			continue
		}
		if found := Inspect(file, block); found != None {
			t.Fatalf("%q: found %d before closing", file, found)
		}
		closed := Close(file, exists, block)
		if found := Inspect(closed, block); found != Intact {
			t.Fatalf("%q: found %d in %q", file, found, closed)
		}
		if again := Close(closed, true, block); !bytes.Equal(again, closed) {
			t.Fatalf("%q: closing twice gives %q", file, again)
		}
		if rest, there := Open(closed); !bytes.Equal(rest, file) || there != exists {
			t.Fatalf("%q, %t: opening gives %q, %t", file, exists, rest, there)
		}
		if !bytes.Equal(file, kept) {
			t.Fatalf("the file itself was changed: %q", file)
		}
	}
}

func TestOpenGivesWhatCloseGot(t *testing.T) {
	t.Parallel()
	block := testBlock(t, "site")
	from := pieces(block)
	checkRoundTrip(t, nil, block)
	for _, p := range from {
		checkRoundTrip(t, []byte(p), block)
	}
	for _, block := range testBlocks(t) {
		from := pieces(block)
		for seed := range uint64(700) {
			checkRoundTrip(t, generate(rand.New(rand.NewPCG(seed, 1)), from), block)
		}
	}
	big := bytes.Repeat([]byte("RewriteRule ^a$ /b [L]\r\n# BEGIN vpm gate 1\n\x00"), 1<<20/45)
	checkRoundTrip(t, big, block)
	checkRoundTrip(t, bytes.Repeat([]byte{'x'}, 1<<20), block)
}

func FuzzOpenClose(f *testing.F) {
	block := testBlock(f, "site")
	for _, p := range pieces(block) {
		f.Add([]byte(p))
	}
	f.Add([]byte(block))
	f.Add([]byte(block[:len(block)/2]))
	f.Fuzz(func(t *testing.T, file []byte) {
		if Inspect(file, block) == None {
			checkRoundTrip(t, file, block)
			return
		}
		rest, _ := Open(file) // the file has a gate: closing it again must keep what opening it would
		closed := Close(file, true, block)
		if opened, _ := Open(closed); !bytes.Equal(opened, rest) || Inspect(closed, block) != Intact {
			t.Fatalf("%q: %q, opened %q", file, closed, opened)
		}
	})
}

// A thousand stops and starts leave the file as it was, whatever stood in it in between.
func TestManyTimes(t *testing.T) {
	t.Parallel()
	file := []byte("# mine\r\nRewriteEngine On")
	now, exists := slices.Clone(file), true
	for i := range 1000 {
		g := testGate("site")
		g.Reason, g.Page, g.PagePath = fmt.Sprint("reason ", i), "", ""
		block, err := g.Render()
		if err != nil {
			t.Fatal(err)
		}
		now = Close(Close(now, exists, block), true, testBlock(t, "site"))
		if Inspect(now, block) != Damaged || Inspect(now, testBlock(t, "site")) != Intact {
			t.Fatal("another text of the gate is not noticed")
		}
		now, exists = Open(now)
	}
	if !bytes.Equal(now, file) || !exists {
		t.Errorf("left %q, %t", now, exists)
	}
}

func TestFileMadeForTheGate(t *testing.T) {
	t.Parallel()
	block, other := testBlock(t, "site"), testBlock(t, "other")
	closed := Close(nil, false, block)
	if _, exists := Open(Close(closed, true, block)); exists {
		t.Error("a second closing forgets that there was no file")
	}
	if rest, exists := Open(append(slices.Clone(closed), "# BEGIN WordPress\n"...)); !exists || string(rest) != "# BEGIN WordPress\n" {
		t.Errorf("what was added since is lost: %q, %t", rest, exists)
	}
	both := CloseShared(closed, true, other)
	if InspectShared(both, block) != Intact || InspectShared(both, other) != Intact || Inspect(both, block) != Damaged {
		t.Error("two gates in a file are not told apart")
	}
	for _, order := range [][2]string{{"site", "other"}, {"other", "site"}} {
		rest, exists := OpenShared(both, order[0])
		if !exists {
			t.Error("the file of the second gate would be removed")
		}
		if rest, exists = OpenShared(rest, order[1]); exists || len(rest) > 0 {
			t.Errorf("after both: %q, %t", rest, exists)
		}
	}
}
