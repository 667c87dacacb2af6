package store

import (
	"slices"
	"strings"
	"testing"

	"vpm/core"
)

// TestRelocate stores the new directories of those instances that were in the old ones, and nothing else of them.
func TestRelocate(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		for _, id := range []string{"inside", "outside", "plain", "odd"} {
			create(t, db, id)
		}
		execute(t, db, `UPDATE instances SET config = ? WHERE instance_id = 'inside'`, `{"path":"/old/blog","docroot":"/old/blog/web","mine":[1,{"path":"/old"}],"url":"http://old/"}`)
		execute(t, db, `UPDATE instances SET config = ? WHERE instance_id = 'outside'`, `{"path":"/older/blog"}`)
		execute(t, db, `UPDATE instances SET config = ? WHERE instance_id = 'odd'`, `{"path":7}`)
		must(t, db.ChangeInstance(t.Context(), "plain", stop))
		execute(t, db, `UPDATE vpm_gates SET entry = '/old/plain' WHERE instance_row = (SELECT id FROM instances WHERE instance_id = 'plain')`)
		before := map[string]core.Record{}
		for _, id := range []string{"inside", "outside", "plain", "odd"} {
			r, err := db.Record(t.Context(), id)
			must(t, err)
			before[id] = r
		}
		moved := func(dir string) string {
			if dir == "/old" || strings.HasPrefix(dir, "/old/") {
				return "/new" + dir[len("/old"):]
			}
			return dir
		}
		for try, want := range [][]string{{"inside", "plain"}, nil} {
			ids, err := db.Relocate(t.Context(), core.Event{At: at, Action: core.ActionUpdate, Result: core.ResultOK, Reason: "moved"}, moved)
			slices.Sort(ids)
			if err != nil || !slices.Equal(ids, want) {
				t.Errorf("try %d: %v, %v; want %v", try, ids, err, want)
			}
		}
		for id, was := range before {
			r, err := db.Record(t.Context(), id)
			must(t, err)
			if r.Gate.Stop != was.Gate.Stop || r.Gate.Generation != was.Gate.Generation || r.Instance.Status != was.Instance.Status || r.Run != was.Run {
				t.Errorf("%s was %+v and is %+v", id, was, r)
			}
			events, err := db.Events(t.Context(), id, 0, 10)
			must(t, err)
			if told := events[0].Reason == "moved"; told != (id == "inside" || id == "plain") {
				t.Errorf("%s has the events %+v", id, events)
			}
		}
		r, err := db.Record(t.Context(), "inside")
		must(t, err)
		if r.Instance.Path("") != "/new/blog" || r.Instance.Docroot("") != "/new/blog/web" || !strings.Contains(strings.ReplaceAll(*r.Instance.Config, " ", ""), `"mine":[1,{"path":"/old"}]`) {
			t.Errorf("the config is %s", *r.Instance.Config)
		}
		if r, err = db.Record(t.Context(), "plain"); err != nil || r.Gate.Entry != "/new/plain" {
			t.Errorf("the gate is in %q, %v", r.Gate.Entry, err)
		}
	})
}
