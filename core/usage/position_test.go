package usage

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tree makes 5 files of 10 bytes in each of 10 directories; 61 entries with the root.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 50 {
		file(t, 10, dir, strconv.Itoa(i/5), strconv.Itoa(i))
	}
	return dir
}

// position is one half way through a tree.
func position(t *testing.T, tree Tree) []byte {
	t.Helper()
	tree.MaxEntries = 30
	d, err := Walk(t.Context(), tree)
	if err != nil || d.Position == nil {
		t.Fatalf("%+v, %v", d, err)
	}
	return d.Position
}

func TestWalkGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	first, err := Walk(t.Context(), Tree{Root: dir, MaxEntries: 30})
	if err != nil || first.Complete || first.Bytes == 0 || first.Bytes > 300 {
		t.Fatalf("%+v, %v", first, err)
	}
	// What was counted is not counted again: what it has become does not matter.
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if e.Type().IsRegular() {
			return os.Truncate(path, 1000)
		}
		return err
	}))
	d, err := Walk(t.Context(), Tree{Root: dir, From: first.Position})
	if want := first.Bytes + (500-first.Bytes)*100; err != nil || !d.Complete || d.Bytes != want || d.Files != 61 {
		t.Errorf("%+v, %v; want %d bytes in 61 entries", d, err, want)
	}
}

func TestPositionThatCannotBeUsedIsTheBeginning(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	good := position(t, Tree{Root: dir})
	other := tree(t)
	file(t, 1000, other, "another")
	cases := map[string][]byte{
		"empty": {}, "cut": good[:len(good)-1], "text": []byte("anything"),
		"of another tree":         position(t, Tree{Root: other}),
		"with another skipped":    position(t, Tree{Root: dir, Skip: []string{filepath.Join(dir, "7")}}),
		"longer than any that is": make([]byte, maxPosition+1),
	}
	for i := range good {
		damaged := bytes.Clone(good)
		damaged[i]++
		cases["damaged at "+strconv.Itoa(i)] = damaged
	}
	for name, from := range cases {
		if d, err := Walk(t.Context(), Tree{Root: dir, From: from}); err != nil || !d.Complete || d.Bytes != 500 || d.Files != 61 {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// What was to be read next may be gone, or be something else.
func TestTreeThatChangesBetweenPasses(t *testing.T) {
	t.Parallel()
	dir, outside := tree(t), t.TempDir()
	file(t, 5000, outside, "b")
	from := position(t, Tree{Root: dir})
	for i := range 10 {
		name := filepath.Join(dir, strconv.Itoa(i))
		must(t, os.RemoveAll(name))
		switch i % 3 {
		case 0:
			must(t, os.Symlink(outside, name))
		case 1:
			must(t, os.WriteFile(name, nil, 0o600))
		}
	}
	if d, err := Walk(t.Context(), Tree{Root: dir, From: from}); err != nil || !d.Complete || d.Unreadable != 0 || d.Bytes > 500 {
		t.Errorf("%+v, %v", d, err)
	}
}

// No tree makes a position larger than it may be, or is too large to be walked with one that is kept.
func TestPositionIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("n", 200)
	below := dir
	linked := file(t, 1, dir, "linked")
	for level := range 12 {
		for i := range 120 {
			must(t, os.MkdirAll(filepath.Join(below, long+strconv.Itoa(i)), 0o755))
		}
		below = filepath.Join(below, long+strconv.Itoa(level))
	}
	for i := range maxLinks + 10 {
		name := file(t, 1, dir, "files", strconv.Itoa(i))
		must(t, os.Link(name, name+" again"))
	}
	must(t, os.Link(linked, linked+" again"))
	d, passes := walked(t, Tree{Root: dir, MaxEntries: 40}) // which looks at the size of each position
	if d.Bytes != maxLinks+11 || d.Unreadable != 0 || passes < 100 {
		t.Errorf("%d passes: %+v", passes, d)
	}
}
