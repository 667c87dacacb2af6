package core_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
)

// updated is a fixture with the instance one, which others have filled as spoil says.
func updated(t *testing.T, spoil func(in *core.Instance)) *fixture {
	t.Helper()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	must(t, m.Store.ChangeInstance(t.Context(), "one", func(r core.Record) (core.Change, error) {
		spoil(&r.Instance)
		return core.Change{Kind: core.ChangeUpdate, Instance: r.Instance, Event: core.Event{At: m.now, InstanceID: "one", Action: "php", Result: core.ResultOK}}, nil
	}))
	_, err = m.Status(t.Context(), "one") // carries it out
	must(t, err)
	return m
}

func number(n int) *int { return &n }

// TestUpdateKeepsWhatItDoesNotKnow of the columns that other programs write too.
func TestUpdateKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config    *string
		update    core.InstanceUpdate
		want      string // of the config
		told      string
		resources string // before and after, where that is asked for
	}{
		{nil, core.InstanceUpdate{HealthPath: text("/status/")}, `{"health_path":"/status/"}`, "health_path", ""},
		{text("null"), core.InstanceUpdate{HealthPath: text("/status/")}, `{"health_path":"/status/"}`, "health_path", ""},
		{text("[1]"), core.InstanceUpdate{HealthPath: text("/status/")}, `{"health_path":"/status/"}`, "health_path", ""},
		{text(`{"a":1`), core.InstanceUpdate{HealthPath: text("/status/")}, `{"health_path":"/status/"}`, "health_path", ""},
		{text(""), core.InstanceUpdate{HealthPath: text("/status/")}, `{"health_path":"/status/"}`, "health_path", ""},
		{text(`{"z":{"b":1,"a":[1,null,"ü"]},"n":12345678901234567890,"path":"/p"}`), core.InstanceUpdate{Path: text("/q"), DiskAlert: text("20G")},
			`{"disk_alert":"20G","n":12345678901234567890,"path":"/q","z":{"b":1,"a":[1,null,"ü"]}}`, "disk_alert, path", ""},
		{text(`{"path":"/p","url":"http://a.example/","memory_limit":"1G","max_children":7,"x":1}`),
			core.InstanceUpdate{Path: text(""), URL: text(""), MemoryLimit: text(""), MaxChildren: number(0), HealthExpect: text("")},
			`{"x":1}`, "max_children, memory_limit, path, url", `{"memory_limit":256}`},
		{text(`{"x":1}`), core.InstanceUpdate{MemoryLimit: text("1G"), MaxExecutionTime: number(90)},
			`{"max_execution_time":90,"memory_limit":"1G","x":1}`, "max_execution_time, memory_limit", `{"cpu":[2],"memory_limit":1024}`},
		{text(`{"path":7}`), core.InstanceUpdate{Name: text("Neu"), Domain: text("b.example:81"), PathPrefix: text("/x/"), DatabaseName: text("d2"), DatabasePrefix: text("")},
			`{"path":7}`, "database_name, domain, name, path_prefix", ""},
	} {
		m := updated(t, func(in *core.Instance) {
			in.Config, in.Resources = c.config, text(`{"cpu":[2],"memory_limit":1}`)
			if c.resources == `{"memory_limit":256}` {
				in.Resources = text("null")
			}
		})
		r, err := m.Update(t.Context(), by, "one", c.update)
		must(t, err)
		if r.Instance.Config == nil || *r.Instance.Config != c.want {
			t.Errorf("the config is %v, want %s", r.Instance.Config, c.want)
		}
		if c.resources != "" && *r.Instance.Resources != c.resources {
			t.Errorf("the resources are %s, want %s", *r.Instance.Resources, c.resources)
		}
		events, err := m.Watch.Events(t.Context(), "one", 0, 1)
		must(t, err)
		if e := events[0]; e.Action != core.ActionUpdate || e.Reason != "changed "+c.told || e.Actor != by {
			t.Errorf("the history has %+v, want %q", e, c.told)
		}
		if r.Gate.Pending() || !r.Running() {
			t.Errorf("stored is %+v", r)
		}
	}
}

// TestUpdateOfNothing leaves no trace.
func TestUpdateOfNothing(t *testing.T) {
	t.Parallel()
	m := updated(t, func(in *core.Instance) { in.Config = text(`{"path":"/p","memory_limit":"1G"}`) })
	before, err := m.Record(t.Context(), "one")
	must(t, err)
	for _, u := range []core.InstanceUpdate{{}, {Name: text("Site"), Path: text("/p"), MemoryLimit: text("1G"), HealthPath: text(""), MaxChildren: number(0), Domain: text("")}} {
		r, err := m.Update(t.Context(), by, "one", u)
		must(t, err)
		if r.Gate.Generation != before.Gate.Generation || r.Instance.UpdatedAt != before.Instance.UpdatedAt {
			t.Errorf("it was %+v and is %+v", before, r)
		}
	}
	if events, err := m.Watch.Events(t.Context(), "one", 0, 5); err != nil || events[0].Action != "php" {
		t.Errorf("the history has %+v, %v", events, err)
	}
	_, err = m.Update(t.Context(), by, "none", core.InstanceUpdate{})
	wantCode(t, err, core.CodeNotFound)
	_, err = m.Update(t.Context(), by, "../one", core.InstanceUpdate{})
	wantCode(t, err, core.CodeInvalid)
}

func TestUpdatesAreChecked(t *testing.T) {
	t.Parallel()
	// What other programs wrote before is no reason to refuse something else.
	m := updated(t, func(in *core.Instance) {
		in.DatabaseName, in.Domain, in.PathPrefix, in.Config = "", text("http://odd/"), text("../x"), text(`{"path":"relative","url":"nonsense"}`)
	})
	_, err := m.Update(t.Context(), by, "one", core.InstanceUpdate{HealthPath: text("/ok"), HealthExpect: text(strings.Repeat("ü", 200))})
	must(t, err)
	before, err := m.Record(t.Context(), "one")
	must(t, err)
	long := text(strings.Repeat("ä", 1001))
	for i, u := range []core.InstanceUpdate{
		{Name: text("")}, {Name: text(" ")}, {Name: text("a\nb")}, {Name: long}, {DatabaseName: text("")}, {DatabaseName: long}, {DatabasePrefix: long},
		{Domain: text("a/b")}, {Domain: text("u@a")}, {Domain: text("a b")}, {Domain: text("a\x00")}, {Domain: long},
		{PathPrefix: text("/../x")}, {PathPrefix: text("/a b")}, {PathPrefix: text("/?x")}, {PathPrefix: text(`/"`)}, {PathPrefix: long},
		{Path: text("relative")}, {Path: text("/a\nb")}, {Path: long}, {Docroot: text("../x")}, {Docroot: text("/a\xff")},
		{URL: text("ftp://a.example/")}, {URL: text("javascript:alert(1)")}, {URL: text("http://")}, {URL: text("http://u:p@a.example/")}, {URL: text("//a.example/")},
		{HealthPath: text("status")}, {HealthPath: text("/a b")}, {HealthPath: text("/a#b")}, {HealthPath: text("http://evil.example/")}, {HealthPath: text("/\n")}, {HealthPath: long},
		{HealthExpect: text(strings.Repeat("ü", 201))}, {HealthExpect: text("a\x00")},
		{DiskAlert: text("much")}, {DiskAlert: text("-1G")}, {MemoryLimit: text("0")}, {MemoryLimit: text("1T")},
		{MaxChildren: number(-1)}, {MaxChildren: number(1001)}, {MaxExecutionTime: number(-1)}, {MaxExecutionTime: number(86401)},
		{CPULimit: number(-1)}, {CPULimit: number(12801)}, {TasksLimit: number(3)}, {TasksLimit: number(4097)},
		{HealthPath: text("/fine"), DiskAlert: text("much")}, // one of two
	} {
		if _, err := m.Update(t.Context(), by, "one", u); core.CodeOf(err) != core.CodeInvalid {
			encoded, _ := json.Marshal(u)
			t.Errorf("%d: %s: the error is %v; want invalid", i, encoded, err)
		}
	}
	after, err := m.Record(t.Context(), "one")
	must(t, err)
	if *after.Instance.Config != *before.Instance.Config || after.Gate.Generation != before.Gate.Generation {
		t.Errorf("what was refused has changed %+v to %+v", before, after)
	}
}

const ownRules = "# the site's own\nOptions -Indexes\n"

// TestGateMovesWithTheDocroot: a stopped site is closed where visitors enter from now on, and the old directory is as it
// was before.
func TestGateMovesWithTheDocroot(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	file := func(dir string) string { return filepath.Join(m.base, dir, ".htaccess") }
	for _, dir := range []string{"one", "two", "three"} {
		must(t, os.MkdirAll(filepath.Join(m.base, dir), 0o755))
		must(t, os.WriteFile(file(dir), []byte(ownRules), 0o644))
	}
	wantGateIn := func(state, closed string) {
		t.Helper()
		for _, dir := range []string{"one", "two", "three"} {
			data, err := os.ReadFile(file(dir))
			must(t, err)
			if dir == closed && (!strings.Contains(string(data), "# BEGIN vpm ") || !strings.HasSuffix(string(data), ownRules)) || dir != closed && string(data) != ownRules {
				t.Errorf("%s: the file of %s is %q", state, dir, data)
			}
		}
	}
	_, err = m.stop(t.Context(), by, "one", "moving")
	must(t, err)
	wantGateIn("stopped", "one")
	docroot := text(filepath.Join(m.base, "two"))
	r, err := m.Update(t.Context(), by, "one", core.InstanceUpdate{Docroot: docroot})
	must(t, err)
	wantGateIn("moved", "two")
	if r.Gate.Reason != "moving" || !r.Stopped() || r.Gate.Pending() || r.Gate.Entry != *docroot {
		t.Errorf("stored is %+v", r.Gate)
	}

	// Cut off after the commit, the next look moves it.
	m.spy.settleErr = core.Errorf(core.CodeNotEffective, "cannot write it")
	_, err = m.Update(t.Context(), by, "one", core.InstanceUpdate{Docroot: text(""), Path: text(filepath.Join(m.base, "three"))})
	wantCode(t, err, core.CodeNotEffective)
	wantGateIn("cut off", "two")
	m.spy.settleErr = nil
	if r, err = m.Status(t.Context(), "one"); err != nil || r.Gate.Pending() || r.Gate.Evidence.Observed != core.ObservedStopped {
		t.Errorf("the next look gives %+v, %v", r.Gate, err)
	}
	wantGateIn("completed", "three")

	// A directory that is not there, or not ours, moves nothing; the gate stays, and so does what is wanted.
	for _, elsewhere := range []string{filepath.Join(m.base, "none"), t.TempDir()} {
		_, err = m.Update(t.Context(), by, "one", core.InstanceUpdate{Path: &elsewhere})
		wantCode(t, err, core.CodeNotEffective)
		wantGateIn("to "+elsewhere, "three")
	}
	_, err = m.Update(t.Context(), by, "one", core.InstanceUpdate{Path: text("")})
	must(t, err)
	wantGateIn("back", "one")
	_, err = m.Start(t.Context(), by, "one", "")
	must(t, err)
	wantGateIn("started", "")
	_, err = m.Update(t.Context(), by, "one", core.InstanceUpdate{Docroot: docroot})
	must(t, err)
	wantGateIn("moved while it runs", "")
}

// TestUpdateOfAStopThatHasEnded writes the end down first.
func TestUpdateOfAStopThatHasEnded(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	_, err := m.Create(t.Context(), by, site("one"))
	must(t, err)
	_, err = m.Stop(context.Background(), by, "one", core.Stop{Until: m.now.Add(60e9)})
	must(t, err)
	m.now = m.now.Add(120e9)
	r, err := m.Update(t.Context(), by, "one", core.InstanceUpdate{Name: text("Renamed")})
	if err != nil || !r.Running() || r.Instance.Name != "Renamed" || m.htaccess() != "" {
		t.Errorf("it is %+v, %v, and the file %q", r, err, m.htaccess())
	}
}
