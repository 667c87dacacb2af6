package usage

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

func noTables(context.Context, core.Instance) (int64, int64, string, error) {
	return 0, 0, "", core.Errorf(core.CodeNotFound, "nothing is seen")
}

func TestWhatCannotBeSeenIsUnknown(t *testing.T) {
	t.Parallel()
	m := Meter{Base: t.TempDir(), Tables: noTables}
	u, position := m.Measure(t.Context(), core.Instance{InstanceID: "none"}, []byte("anything"))
	want := core.Usage{Evidence: core.UsageEvidence{Disk: "unknown: the directory of the instance does not exist",
		Database: "unknown: nothing is seen", Memory: "unknown: nothing is seen", Queries: "unknown: nothing is seen"}}
	if u != want || position != nil {
		t.Errorf("the measurement is %+v, %q; want %+v", u, position, want)
	}
	m.Tables = func(context.Context, core.Instance) (int64, int64, string, error) {
		return 0, 0, "", errors.New("the password is s3cret")
	}
	if u, _ = m.Measure(t.Context(), core.Instance{InstanceID: "none"}, nil); u.Evidence.Database != "unknown: the measurement failed" {
		t.Errorf("the evidence is %+v", u.Evidence)
	}
	file(t, 10, m.Base, "afile")
	if u, _ = m.Measure(t.Context(), core.Instance{InstanceID: "afile"}, nil); u.Files != 0 || u.Evidence.Disk != "unknown: the directory of the instance cannot be read" {
		t.Errorf("of a file: %+v", u)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if u, position = m.Measure(ended, core.Instance{InstanceID: "afile"}, []byte("kept")); u.Evidence.Disk != "unknown: the time for it was over" || string(position) != "kept" {
		t.Errorf("without time: %+v, %q", u, position)
	}
	if _, position = m.Measure(ended, core.Instance{InstanceID: "afile"}, nil); position == nil || len(position) > 0 {
		t.Errorf("without time and at its beginning the walk stopped at %q", position)
	}
}

func TestMeasurement(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file(t, 42, dir, "elsewhere", "a")
	file(t, 1000, dir, "elsewhere", "nested", "b")
	config := `{"path":"` + filepath.Join(dir, "elsewhere") + `","docroot":"` + filepath.Join(dir, "web") + `"}`
	in := core.Instance{InstanceID: "one", DatabaseName: "cms", Config: &config}
	isOne := func(got core.Instance) {
		if got != in {
			t.Errorf("asked about %+v", got)
		}
	}
	m := Meter{Base: "/none", Tables: func(_ context.Context, in core.Instance) (int64, int64, string, error) {
		isOne(in)
		return 1000, 12, "estimated by InnoDB, read by a test", nil
	}, Nested: func(_ context.Context, in core.Instance) []string {
		isOne(in)
		return []string{filepath.Join(dir, "elsewhere", "nested")}
	}, CMS: func(docroot string) core.CMS { return core.CMS{Type: filepath.Base(docroot), Version: "1"} }}
	u, position := m.Measure(t.Context(), in, nil)
	if u.ChangedAt.IsZero() || u.DiskAllocated == 0 || position != nil {
		t.Errorf("changed at %v, %d bytes allocated, the position is %q", u.ChangedAt, u.DiskAllocated, position)
	}
	want := core.Usage{Memory: 2000, DiskUsage: 42, DiskAllocated: u.DiskAllocated, Files: 2, DatabaseSize: 1000, DatabaseTables: 12, Queries: 120,
		CMS: core.CMS{Type: "web", Version: "1"}, ChangedAt: u.ChangedAt, Evidence: core.UsageEvidence{Disk: "measured",
			Database: "estimated: by InnoDB, read by a test", Memory: "estimated: twice the size of the database", Queries: "estimated: ten for each table"}}
	if u != want {
		t.Errorf("the measurement is %+v; want %+v", u, want)
	}
}

func TestMeasurementGoesOn(t *testing.T) {
	t.Parallel()
	dir := tree(t)
	m := Meter{Base: filepath.Dir(dir), Tables: noTables, MaxEntries: 59}
	in := core.Instance{InstanceID: filepath.Base(dir)}
	u, position := m.Measure(t.Context(), in, nil)
	if !strings.HasPrefix(u.Evidence.Disk, "partial: the walk goes on at the next pass; ") || u.DiskUsage == 0 || u.DiskUsage == 500 || position == nil {
		t.Errorf("the first measurement is %+v", u)
	}
	if u, position = m.Measure(t.Context(), in, position); u.Evidence.Disk != "measured" || u.DiskUsage != 500 || position != nil {
		t.Errorf("the second measurement is %+v", u)
	}
}

func TestEvidenceSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]Disk{
		"measured":                               {Complete: true},
		"partial: 1 directory could not be read": {Complete: true, Unreadable: 1},
		"partial: the walk goes on at the next pass; 7 entries so far; 2 directories could not be read": {Files: 7, Unreadable: 2},
	} {
		if got := evidence(d); got != want {
			t.Errorf("%+v: %q; want %q", d, got, want)
		}
	}
}

// The files may lie on a server that does not answer.
func TestMeasurementEndsWithItsTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	m := Meter{Base: t.TempDir(), Tables: noTables, CMS: func(string) core.CMS {
		cancel()
		<-t.Context().Done()
		return core.CMS{Type: "late"}
	}}
	if u, _ := m.Measure(ctx, core.Instance{InstanceID: "."}, nil); u.CMS != (core.CMS{}) {
		t.Errorf("the measurement is %+v", u)
	}
}
