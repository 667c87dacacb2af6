package backup_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/backup"
	"vpm/core/store"
)

// FuzzRead: whatever a backup holds between its head and its end, which are made right, is the uploader's fault or rows of
// values that a database takes; what is no backup at all is refused.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", `{"table":"instances","columns":["id"]}` + "\n[1]\n[\"a\"]\n[null]", "[1.5]", "[1e400]", "[[1]]", "[true]", "[99999999999999999999]", "{}\n[1]", `{"table":1}`, "null", "x\r\n", "\n\n",
		`{"table":"instances; DROP TABLE instances","columns":["id) VALUES (1); --"]}` + "\n[1]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := backup.Open(bytes.NewReader(text)); core.CodeOf(err) != core.CodeInvalid && !bytes.HasPrefix(text, []byte("\x1f\x8b")) {
			t.Errorf("%q is taken for a backup: %v", text, err)
		}
		lines := fmt.Sprintf("{\"vpm_backup\":%d,\"schema\":%d}\n", backup.Format, store.SchemaVersion) + string(text)
		lines = strings.ReplaceAll(strings.TrimSuffix(lines, "\n")+"\n", "\r\n", "\n")
		b, err := backup.Open(strings.NewReader(packed(t, lines, 1)))
		if err != nil {
			if core.CodeOf(err) != core.CodeInvalid {
				t.Errorf("%q: %v", lines, err)
			}
			return
		}
		for row, err := range b.Each() {
			if err != nil {
				if core.CodeOf(err) != core.CodeInvalid {
					t.Errorf("%q: %v", lines, err)
				}
				return
			}
			for _, v := range row.Values {
				switch v.(type) {
				case nil, string, int64:
				default:
					t.Errorf("%q has a %T", lines, v)
				}
			}
		}
	})
}

// packed gives a backup of these lines, with the end that belongs to them.
func packed(t *testing.T, lines string, rows int) string {
	sum := sha256.Sum256([]byte(lines))
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	must(t, err)
	_, err = fmt.Fprintf(w, "%s{\"rows\":%d,\"sha256\":%q}\n", lines, rows, hex.EncodeToString(sum[:]))
	must(t, err)
	must(t, w.Close())
	return b.String()
}

// TestHostileRows: names of tables and columns in a backup reach no statement, and what a restore refuses leaves the panel
// as it was.
func TestHostileRows(t *testing.T) {
	t.Parallel()
	panels := map[string]*backup.Keeper{"sqlite": newPanel(t, "sqlite"), "mysql": newPanel(t, "mysql")}
	before := map[string][]string{}
	for driver, k := range panels {
		must(t, k.DB.Load(t.Context(), rows(), false))
		before[driver] = held(t, k)
	}
	for name, text := range map[string]string{
		"a table that is none of ours": `{"table":"sqlite_master","columns":["name"]}` + "\n[\"x\"]",
		"a statement for a table":      `{"table":"instances; DROP TABLE admin_users; --","columns":["id"]}` + "\n[1]",
		"a statement for a column":     `{"table":"instances","columns":["id) VALUES (1); DROP TABLE admin_users; --"]}` + "\n[1]",
		"a column of another table":    `{"table":"instances","columns":["password"]}` + "\n[1]",
		"the version of the tables":    `{"table":"vpm_schema","columns":["version"]}` + "\n[0]",
		"no table":                     "[1]",
		"too few values":               `{"table":"instances","columns":["id","instance_id"]}` + "\n[1]",
		"too many values":              `{"table":"instances","columns":["id"]}` + "\n[1,2]",
		"no columns":                   `{"table":"instances","columns":[]}` + "\n[]",
		"a column twice":               `{"table":"instances","columns":["id","id"]}` + "\n[1,1]",
	} {
		for driver, k := range panels {
			b, err := backup.Open(strings.NewReader(packed(t, fmt.Sprintf("{\"vpm_backup\":%d,\"schema\":%d}\n%s\n", backup.Format, store.SchemaVersion, text), 1)))
			must(t, err)
			if err := k.DB.Load(t.Context(), b.Each(), true); err == nil {
				t.Errorf("%s, %s: it was restored", name, driver)
			}
			if after := held(t, k); !slices.Equal(after, before[driver]) {
				t.Errorf("%s, %s: the panel has %v", name, driver, after)
			}
		}
	}
}
