package provision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core"
	"vpm/core/systemd"
)

// TestOpeningWhereNothingIs is no trouble: the gate of a site that was taken away is open.
func TestOpeningWhereNothingIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := Gates{Paths: Paths{Sites: dir, Nginx: WebServer{Fragments: dir}}}
	if err := g.Set(t.Context(), "gone", nil); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestLongLists are cut, and say so once.
func TestLongLists(t *testing.T) {
	t.Parallel()
	for more, warnings := range map[int]int{0: 0, 1: 1, 7: 1} {
		var r Result
		for range maxListed + more {
			r.skip("a", "it is a link")
		}
		if len(r.Skipped) != maxListed || len(r.Warnings) != warnings {
			t.Errorf("of %d are listed %d, with the warnings %q", maxListed+more, len(r.Skipped), r.Warnings)
		}
	}
	if line := cut(strings.Repeat("ü", 201)); line != strings.Repeat("ü", 200)+"…" {
		t.Errorf("a long line is shown as %q", line)
	}
}

// TestWhatProgramsSay is told from its end, where the reason is.
func TestWhatProgramsSay(t *testing.T) {
	t.Parallel()
	err := command(t.Context(), "/bin/sh", "-c", "seq 1 2000; echo the reason; exit 1")
	if said := core.Sentence(err); core.CodeOf(err) != core.CodeNotEffective || !strings.HasSuffix(strings.TrimSuffix(said, "."), "2000 the reason") || len(said) > 1200 {
		t.Errorf("it is told that %s", said)
	}
}

// TestManyUploads: each is a line for every request that the web server answers.
func TestManyUploads(t *testing.T) {
	t.Parallel()
	q := good("many")
	q.Uploads = strings.Fields(strings.Repeat("a ", 32))
	if err := q.check("many"); err != nil {
		t.Error(err)
	}
	q.Uploads = append(q.Uploads, "a")
	if err := q.check("many"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("33 directories: %v", err)
	}
}

// TestHtaccessChangedMeanwhile is noticed, whatever was changed.
func TestHtaccessChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		do   func(path string) error
		want error
	}{
		"nothing":    {"old", func(string) error { return nil }, nil},
		"still none": {"", func(string) error { return nil }, nil},
		"a new one":  {"", func(path string) error { return os.WriteFile(path, nil, 0o600) }, errMoved},
		"a link":     {"", func(path string) error { return os.Symlink("nowhere", path) }, errMoved},
		"gone":       {"old", os.Remove, errMoved},
		"longer":     {"old", func(path string) error { return os.WriteFile(path, []byte("longer"), 0o600) }, errMoved},
		"touched":    {"old", func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) }, errMoved},
		"another file": {"old", func(path string) error {
			return errors.Join(os.Rename(path, path+".was"), os.WriteFile(path, []byte("old"), 0o600))
		}, errMoved},
	} {
		path := filepath.Join(t.TempDir(), ".htaccess")
		if c.text != "" {
			put(t, path, c.text)
		}
		dir := opened(t, filepath.Dir(path))
		was, there, _, err := readHtaccess(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.do(path); err != nil {
			t.Fatal(err)
		}
		if err := unchanged(dir, was, there); err != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwoNames: a name that was a file of its own becomes another name of one that was copied.
func TestTwoNames(t *testing.T) {
	t.Parallel()
	c, source, target := copier(t)
	put(t, source+"/a", "one")
	put(t, source+"/b", "two")
	pass := func() {
		t.Helper()
		c.changed, c.links = 0, map[inode]string{}
		if err := c.dir(opened(t, source), opened(t, target), "", 0); err != nil {
			t.Fatal(err)
		}
	}
	pass()
	if err := errors.Join(os.Remove(source+"/b"), os.Link(source+"/a", source+"/b")); err != nil {
		t.Fatal(err)
	}
	pass()
	var a, b unix.Stat_t
	if err := errors.Join(unix.Lstat(target+"/a", &a), unix.Lstat(target+"/b", &b)); err != nil || a.Ino != b.Ino {
		t.Errorf("%v; the numbers of the files are %d and %d", err, a.Ino, b.Ino)
	}
}

// TestSystemdThatIsNotThere is what is told, and not the result of an older request.
func TestSystemdThatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := Client{Paths{Requests: dir, Results: dir + "/results", Journal: systemd.Journal{Program: "/bin/false"}}, systemd.NewUnits("unix:path=" + dir + "/none")}
	put(t, dir+"/results/none.json", `{"state": "done"}`)
	if _, err := c.Do(t.Context(), "none", good("none")); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("without systemd: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	why := errors.New("it has failed")
	if err := c.Paths.said(ended, "vpm-gate@none.service", time.Now(), why); err != why {
		t.Errorf("without a journal: %v", err)
	}
}

// TestUnknownChange is not taken for one that was taken back.
func TestUnknownChange(t *testing.T) {
	t.Parallel()
	if err := (&run{slug: "none"}).takeBack(t.Context(), undo{Kind: "of a later vpm"}); err == nil {
		t.Error("it was taken back")
	}
}
