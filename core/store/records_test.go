package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func seeded(t *testing.T, o Options) *DB {
	t.Helper()
	db := ready(t, o)
	for _, in := range []core.Instance{
		{InstanceID: "alpha", Name: "100% cotton", CMSType: "wordpress", Domain: text("z.example"), Status: core.StatusActive},
		{InstanceID: "beta", Name: "snake_case", CMSType: "drupal", Domain: text("y.example"), Status: core.StatusInactive},
		{InstanceID: "gamma", Name: "snakeXcase!", CMSType: "joomla", Status: core.StatusMaintenance},
		{InstanceID: "delta", Name: `back\slash 'quote'`, CMSType: "native", Domain: text("w.example"), Status: core.StatusActive},
	} {
		must(t, db.CreateInstance(t.Context(), in, core.Run{VirtualPID: "v"}, event(in.InstanceID, core.ActionCreate, "v")))
	}
	return db
}

func TestRecordsAreFoundPagedAndSorted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := seeded(t, o)
		for _, c := range []struct {
			name  string
			q     core.Query
			ids   string
			total int
		}{
			{"all", core.Query{}, "alpha beta gamma delta", 4},
			{"offset without limit", core.Query{Offset: 2}, "alpha beta gamma delta", 4},
			{"status", core.Query{Status: core.StatusActive}, "alpha delta", 2},
			{"part of an id, any case", core.Query{Search: "ALPH"}, "alpha", 1},
			{"part of a domain", core.Query{Search: "example"}, "alpha beta delta", 3},
			{"percent", core.Query{Search: "0%"}, "alpha", 1},
			{"percent alone", core.Query{Search: "%"}, "alpha", 1},
			{"underscore", core.Query{Search: "e_c"}, "beta", 1},
			{"exclamation mark", core.Query{Search: "e!"}, "gamma", 1},
			{"backslash", core.Query{Search: `k\s`}, "delta", 1},
			{"quote", core.Query{Search: `'quote'`}, "delta", 1},
			{"injection in search", core.Query{Search: `' OR '1'='1`}, "", 0},
			{"search and status", core.Query{Search: "example", Status: core.StatusInactive}, "beta", 1},
			{"injection in status", core.Query{Status: "active' OR '1'='1"}, "", 0},
			{"first page", core.Query{Limit: 3}, "alpha beta gamma", 4},
			{"last page", core.Query{Limit: 3, Offset: 3}, "delta", 4},
			{"past the end", core.Query{Limit: 3, Offset: 30}, "", 4},
			{"a page of some", core.Query{Limit: 1, Offset: 1, Search: "example"}, "beta", 3},
			{"sorted", core.Query{Sort: "instance_id"}, "alpha beta delta gamma", 4},
			{"sorted backwards", core.Query{Sort: "instance_id", Reverse: true}, "gamma delta beta alpha", 4},
			{"ties by creation", core.Query{Sort: "created_at", Limit: 4}, "alpha beta gamma delta", 4},
			{"nulls first", core.Query{Sort: "domain"}, "gamma delta beta alpha", 4},
			{"unknown column", core.Query{Sort: "config", Reverse: true}, "delta gamma beta alpha", 4},
			{"injection in sort", core.Query{Sort: "id; DROP TABLE instances"}, "alpha beta gamma delta", 4},
			{"expression in sort", core.Query{Sort: "(SELECT password FROM admin_users)"}, "alpha beta gamma delta", 4},
		} {
			records, total, err := db.Records(t.Context(), c.q)
			must(t, err)
			ids := []string{}
			for _, r := range records {
				ids = append(ids, r.Instance.InstanceID)
			}
			want := strings.Fields(c.ids)
			if c.q.Sort == "created_at" { // of this second or the next
				slices.Sort(ids)
				slices.Sort(want)
			}
			if !slices.Equal(ids, want) || total != c.total {
				t.Errorf("%s: found %q of %d; want %q of %d", c.name, ids, total, want, c.total)
			}
		}
		for _, field := range core.SortFields {
			if _, _, err := db.Records(t.Context(), core.Query{Sort: field, Limit: 1}); err != nil {
				t.Errorf("sorting by %s: %v", field, err)
			}
		}
	})
}

func TestRecordHoldsTheLastMeasurement(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := seeded(t, o)
		want := core.Usage{Memory: 1 << 40, DiskUsage: 2, DiskAllocated: 5, Files: 6, DatabaseSize: 3, DatabaseTables: 7, Queries: 4, MeasuredAt: at,
			CMS: core.CMS{Type: "joomla", Version: "5.2.1"}, ChangedAt: time.UnixMicro(at.UnixMicro() - 1),
			Evidence: core.UsageEvidence{Disk: "measured", Database: `unknown: "é"`}}
		must(t, db.SaveUsage(t.Context(), "beta", core.Usage{Memory: 9, MeasuredAt: at.AddDate(-1, 0, 0)}))
		must(t, db.SaveUsage(t.Context(), "beta", want))
		r, err := db.Record(t.Context(), "beta")
		must(t, err)
		if !r.Usage.MeasuredAt.Equal(at) {
			t.Errorf("measured at %s; want %s", r.Usage.MeasuredAt, at)
		}
		r.Usage.MeasuredAt = at
		if r.Usage != want {
			t.Errorf("the measurement is %+v; want %+v", r.Usage, want)
		}
		all, _, err := db.Records(t.Context(), core.Query{})
		all[1].Usage.MeasuredAt = at
		if err != nil || all[1].Usage != want || !all[0].Usage.MeasuredAt.IsZero() {
			t.Errorf("the list has %+v, %v", all, err)
		}
	})
}

func TestRecordGivesWhatWasStored(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		in := core.Instance{InstanceID: "one", Name: "Größe 😀", CMSType: "wordpress", Domain: text("a.example"), PathPrefix: text("/x"),
			DatabaseName: "wp", DatabasePrefix: text("wp_"), Status: core.StatusActive, Config: text(`{"memory_limit":"256M"}`), Resources: text(`{}`)}
		must(t, db.CreateInstance(t.Context(), in, core.Run{VirtualPID: "v12345678901234567890"[:20]}, event("one", core.ActionCreate, "v")))
		r, err := db.Record(t.Context(), "one")
		must(t, err)
		got := r.Instance
		if got.Name != in.Name || *got.Domain != "a.example" || *got.PathPrefix != "/x" || *got.DatabasePrefix != "wp_" ||
			got.CMSVersion != nil || *got.Config != *in.Config || *got.Resources != "{}" || got.ID == 0 {
			t.Errorf("stored is %+v", got)
		}
		if !r.Running() || r.Run.StartedAt < got.ActivatedAt || r.Run.StoppedAt != "" || r.Run.VirtualPID != "v1234567890123456789" {
			t.Errorf("the run is %+v", r.Run)
		}
		_, err = db.Record(t.Context(), "' OR 1=1 -- ")
		wantCode(t, err, core.CodeNotFound)
	})
}
