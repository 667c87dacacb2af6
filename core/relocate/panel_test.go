package relocate

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/store"
)

// TestPanelOfAnyVersion: tables of an older vpm are brought to those of this one, and what is no panel's, or a newer one's, is
// refused before anything is done.
func TestPanelOfAnyVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version int
		code    core.Code
		says    string
	}{
		"none":    {0, core.CodeConflict, "no tables of vpm"},
		"older":   {store.SchemaVersion - 1, "", fmt.Sprintf("from version %d to %d", store.SchemaVersion-1, store.SchemaVersion)},
		"current": {version: store.SchemaVersion},
		"newer":   {store.SchemaVersion + 1, core.CodeConflict, "install a newer vpm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := restored(t, "VPM_DB_DRIVER=sqlite\nVPM_DATA_DIR=/home/you/vpm-data\n")
			db := filepath.Join(home, "vpm-data", "vpm.sqlite")
			panelOf(t, db, c.version)
			a, err := findAccount(t.Context(), Options{From: home})
			must(t, err)
			p := &Plan{account: a, awaited: map[string]bool{}, options: Options{Say: func(string) {}}}
			err = p.panelStep(t.Context())
			said := ""
			if err != nil {
				said = core.Sentence(err)
			} else if len(p.steps) > 0 {
				said = p.steps[0].detail
			}
			if core.CodeOf(err) != c.code || !strings.Contains(said, c.says) || (len(p.steps) > 0) != (name == "older") {
				t.Fatalf("%v, and the steps %+v", err, p.steps)
			}
			if len(p.steps) == 0 {
				return
			}
			_, left, err := p.left(t.Context())
			if err != nil || !left {
				t.Errorf("of older tables it is said that no instance is left: %v", err)
			}
			must(t, p.steps[0].do(t.Context()))
			p.steps = nil
			if err := p.panelStep(t.Context()); err != nil || len(p.steps) > 0 {
				t.Errorf("afterwards: %v, and the steps %+v", err, p.steps)
			}
		})
	}
}

// panelOf makes an embedded database whose tables are said to be of a version; 0 for one without tables.
func panelOf(t *testing.T, path string, version int) {
	t.Helper()
	must(t, os.WriteFile(path, nil, 0o600))
	if version > 0 {
		db, err := store.Open(store.Options{SQLite: path})
		must(t, err)
		_, err = db.Migrate(t.Context())
		must(t, err)
		must(t, db.Close())
	}
	db, err := sql.Open("sqlite", "file:"+path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", version))
	must(t, err)
	must(t, db.Close())
}
