package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/layout"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored is a store that has one instance, or a reason to say nothing of it.
type stored struct {
	core.Store
	in  core.Instance
	err error
}

func (s *stored) Record(context.Context, string) (core.Record, error) {
	return core.Record{Instance: s.in}, s.err
}

// TestUndoOfACreation takes away what no instance has, and nothing else: neither what another request has registered by now
// nor what may be one's where the database does not say.
func TestUndoOfACreation(t *testing.T) {
	t.Parallel()
	path := func(p string) *string { c := `{"path":"` + p + `"}`; return &c }
	for name, c := range map[string]struct {
		err  error
		path string // of the instance below the base
		gone bool
	}{
		"of nobody":    {err: core.Errorf(core.CodeNotFound, "cannot find it"), gone: true},
		"not known":    {err: core.Errorf(core.CodeUnavailable, "the database is away")},
		"another's":    {path: "new"},
		"elsewhere":    {path: "other", gone: true},
		"unknown kind": {err: errors.New("cut off")},
	} {
		for _, laidOut := range []bool{false, true} {
			base, err := filepath.EvalSymlinks(t.TempDir())
			must(t, err)
			dir := filepath.Join(base, "new")
			must(t, os.Mkdir(filepath.Join(base, "other"), 0o755))
			db := &stored{in: core.Instance{InstanceID: "new", Config: path(filepath.Join(base, c.path))}, err: c.err}
			made := &creation{sites: &sites{config: &config.Config{InstancesDir: base}}, store: db, plan: plan{dir: dir}}
			if laidOut {
				made.laid, err = layout.Lay(t.Context(), layout.Site{Dir: dir, Core: joomla(t)})
			} else {
				made.made, err = makeEmpty(dir)
			}
			must(t, err)
			if err := made.undo(t.Context(), "new"); err != nil {
				t.Errorf("%s, laid out %t: %v", name, laidOut, err)
			}
			if _, err := os.Stat(dir); os.IsNotExist(err) != c.gone {
				t.Errorf("%s, laid out %t: the directory is gone: %v; want %t", name, laidOut, err, c.gone)
			}
		}
	}
}

// TestUndoKeepsWhatWasPutThere: a directory that somebody has filled meanwhile is no empty one any more.
func TestUndoKeepsWhatWasPutThere(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	made, err := makeEmpty(dir)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "index.php"), []byte("<?php"), 0o644))
	c := &creation{store: &stored{err: core.Errorf(core.CodeNotFound, "cannot find it")}, plan: plan{dir: dir}, made: made}
	if err := c.undo(t.Context(), "new"); err == nil {
		t.Error("it does not say that the directory stays")
	}
	if _, err := os.Stat(filepath.Join(dir, "index.php")); err != nil {
		t.Error(err)
	}
}

// joomla is a shared core of one, as small as one can be.
func joomla(t *testing.T) layout.Core {
	t.Helper()
	cores := t.TempDir()
	for name, text := range map[string]string{"index.php": "<?php", "configuration.php-dist": "<?php", "administrator/index.php": "<?php",
		"installation/index.php": "<?php", "includes/app.php": "<?php", "libraries/src/Version.php": "<?php class Version { const MAJOR_VERSION = 5; const MINOR_VERSION = 1; const PATCH_VERSION = 0; }"} {
		path := filepath.Join(cores, "joomla", name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	found, err := layout.FindCore(cores, "joomla")
	must(t, err)
	return found
}

// TestStartThatCannotLookTwice: where the database does not say whether the name is free, nothing is laid out.
func TestStartThatCannotLookTwice(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	away := core.Errorf(core.CodeUnavailable, "the database is away")
	c := &creation{store: &stored{err: away}, plan: plan{kind: emptyDirectory, dir: dir}}
	if _, err := c.Start(t.Context(), core.Instance{InstanceID: "new"}); !errors.Is(err, away) {
		t.Errorf("it begins with %v", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) || c.made {
		t.Errorf("a directory was made: %v", err)
	}
}
