package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vpm/core"
)

// benchInstances is the length of the longest list that is to come in one piece.
const benchInstances = 1000

// BenchmarkRecords reads all instances, and one, as list.php and status.php do.
func BenchmarkRecords(b *testing.B) {
	for kind, empty := range map[string]func(testing.TB) Options{"mariadb": emptyMariaDB, "sqlite": emptySQLite} {
		db := ready(b, empty(b))
		fillForBench(b, db)
		b.Run(kind+"/one", func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Record(b.Context(), "site-500"); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/all", func(b *testing.B) {
			for b.Loop() {
				if r, _, err := db.Records(b.Context(), core.Query{}); err != nil || len(r) != benchInstances {
					b.Fatal(len(r), err)
				}
			}
		})
	}
}

// fillForBench stores instances with all that can be known of them.
func fillForBench(b *testing.B, db *DB) {
	b.Helper()
	text, err := json.Marshal(slices.Repeat([]core.Check{{Name: "certificate", Result: core.CheckOK, Duration: 1e6,
		Reason: "valid for 60 more days", Details: map[string]any{"days": 60}}}, 10))
	must(b, err)
	checks := string(text)
	must(b, db.inTx(b.Context(), func(tx execer) error {
		for i := range benchInstances {
			id := fmt.Sprint("site-", i)
			for _, s := range []string{
				`INSERT INTO instances (id, instance_id, instance_name, cms_type, domain, path_prefix, database_name, config, resources, activated_at)
					VALUES (?, '` + id + `', 'A site of the bench', 'wordpress', 'example.com', '/', 'wp', '{"memory_limit":"256M"}', '{"memory_limit":256}', CURRENT_TIMESTAMP)`,
				`INSERT INTO virtual_processes (id, instance_id, virtual_pid, status, started_at) VALUES (?, '` + id + `', 'v17954035109345', 'running', CURRENT_TIMESTAMP)`,
				`INSERT INTO vpm_watch (instance_row, seen_at, healthy, checked_at, failures, checks) VALUES (?, 1, 1, 1, 0, '` + checks + `')`,
				`INSERT INTO vpm_gates (instance_row, generation, applied, entry, observed, how, seen, observed_at) VALUES (?, 3, 3, '/home/account/sites/one', 'running', 'gate', 'no gate', 1)`,
			} {
				if _, err := tx.ExecContext(b.Context(), s, i+1); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	for i := range benchInstances {
		in := core.Instance{ID: int64(i + 1), InstanceID: fmt.Sprint("site-", i)}
		must(b, db.SaveUsage(b.Context(), in.InstanceID, core.Usage{Memory: 1, DiskUsage: 1 << 30, DatabaseSize: 1 << 20, Queries: 20, MeasuredAt: at,
			Evidence: core.UsageEvidence{Disk: "measured", Database: "measured", Memory: "estimated: " + strings.Repeat("x", 60), Queries: "estimated: " + strings.Repeat("x", 60)}}))
	}
}
