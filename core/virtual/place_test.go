package virtual

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vpm/core"
)

// besideTheDocroot is an instance in the original's layout: its own directory is not below the panel's docroot.
func besideTheDocroot(t *testing.T) (rt *Runtime, r core.Record, own string) {
	t.Helper()
	base := realDir(t)
	own = filepath.Join(base, "site")
	for _, dir := range []string{own, filepath.Join(base, "public_html")} {
		must(t, os.Mkdir(dir, 0o755))
	}
	r = stopped(1, "site", `{"url": "http://site.example/"}`)
	rt = runtimeFor(base, r)
	rt.Docroot = filepath.Join(base, "public_html")
	return rt, r, own
}

// TestBothPlacesAreTried: the one that was found out once is not the only one ever after.
func TestBothPlacesAreTried(t *testing.T) {
	t.Parallel()
	rt, r, own := besideTheDocroot(t)
	for _, c := range []struct{ entry, place, alternative string }{
		{"", own, rt.Docroot},
		{own, own, rt.Docroot},
		{rt.Docroot, rt.Docroot, own},
	} {
		r.Gate.Entry = c.entry
		s, err := rt.Settle(t.Context(), r)
		if err != nil || s.Entry != c.place || s.Alternative != c.alternative {
			t.Errorf("with the entry %q the gate is in %s, or else in %q, %v; want %s and %s", c.entry, s.Entry, s.Alternative, err, c.place, c.alternative)
		}
	}
	// What people say counts for more than what was found out before they did.
	config := fmt.Sprintf(`{"url": "http://site.example/", "docroot": %q}`, own)
	r.Instance.Config, r.Gate.Entry = &config, rt.Docroot
	s, err := rt.Settle(t.Context(), r)
	if err != nil || s.Entry != own || s.Alternative != "" {
		t.Errorf("with a docroot the gate is in %s, or else in %q, %v", s.Entry, s.Alternative, err)
	}
	if left, err := os.ReadFile(filepath.Join(rt.Docroot, htaccessFile)); err == nil {
		t.Errorf("left in the docroot: %s", left)
	}
}

// TestOneTurnWhereverTheGateStands: a stop moves the gate in its turn, and a start that has read of that waits for it.
func TestOneTurnWhereverTheGateStands(t *testing.T) {
	t.Parallel()
	rt, r, own := besideTheDocroot(t)
	turn, unlock, err := rt.Lock(t.Context(), r)
	must(t, err)
	moved := r
	moved.Gate.Entry = rt.Docroot
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, unlock, err := rt.Lock(ended, moved); err == nil {
		unlock()
		t.Error("two have their turn at once")
	}
	if s, err := rt.Settle(turn, moved); err != nil || s.Entry != rt.Docroot {
		t.Errorf("in its turn the gate goes to %q, %v", s.Entry, err)
	}
	must(t, unlock())
	_, unlock, err = rt.Lock(t.Context(), moved)
	must(t, err)
	must(t, unlock())

	must(t, os.Remove(own)) // then the docroot is all there is
	_, unlock, err = rt.Lock(t.Context(), moved)
	must(t, err)
	defer unlock()
	if _, unlock, err := rt.Lock(ended, r); err == nil {
		unlock()
		t.Error("two have their turn at once in the docroot")
	}
}

// TestEachFileIsKept as it was before it was first touched.
func TestEachFileIsKept(t *testing.T) {
	t.Parallel()
	rt, r, own := besideTheDocroot(t)
	rt.Backups = filepath.Join(realDir(t), "backups")
	for dir, text := range map[string]string{own: "# the site's\n", rt.Docroot: "# the docroot's\n"} {
		must(t, os.WriteFile(filepath.Join(dir, htaccessFile), []byte(text), 0o644))
	}
	for range 2 {
		for _, r.Gate.Entry = range []string{own, rt.Docroot} {
			_, err := rt.Settle(t.Context(), r)
			must(t, err)
		}
	}
	kept := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(rt.Backups, "site-*"+htaccessFile))
	must(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(t, err)
		kept[string(text)] = true
	}
	if len(files) != 2 || !kept["# the site's\n"] || !kept["# the docroot's\n"] {
		t.Errorf("kept are %v, %v", files, kept)
	}
}
