package provision

import (
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"testing"

	"vpm/core"
	"vpm/core/systemd"
)

// FuzzRequest: what root takes from the server's user for a request is the uploader's fault or safe to be carried out: nothing
// in it leads out of the directories it is for, and it is read the same again.
func FuzzRequest(f *testing.F) {
	const php = `"php":{"manager":"ondemand","max_children":4,"memory_limit":134217728,"max_execution_time":30},"limits":{"memory":268435456,"cpu":100,"tasks":64}`
	for _, s := range []string{`{"operation":"provision","instance":"shop-1",` + php + `}`, `{"operation":"provision","instance":"shop-1",` + php + `,"serve":true,"path":"/shop","host":"a.test","uploads":["wp-content/uploads"]}`,
		`{"operation":"provision","instance":"shop-1",` + php + `,"serve":true,"path":"/../x","host":"../etc","uploads":["../.."],"copy_from":"/home/../etc"}`,
		`{"operation":"limit","instance":"shop-1",` + php + `,"copy_from":"/home/you/public_html/a","database":true,"delete":true}`, `{"operation":"deprovision","instance":"x"}`, `{"operation":"undo","operation":"finish","instance":"shop-1"}`,
		`{"operation":"provision","instance":"shop-1",` + php + `} {}`, `{"x":1}`, "null", "[]", "", `{"operation":"provision","instance":"shop-1",` + php + `,"serve":true,"path":"/","uploads":["a\nb"]}`} {
		f.Add([]byte(s), "shop1")
	}
	f.Add([]byte(`{"operation":"finish","instance":"shop-1"}`), "../x")
	f.Fuzz(func(t *testing.T, data []byte, slug string) {
		var q Request
		if err := decode(data, &q); err != nil {
			if core.CodeOf(err) != core.CodeInvalid {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		if q.check(slug) != nil {
			return
		}
		if systemd.CheckSlug(slug) != nil || core.CheckID(q.Instance) != nil {
			t.Errorf("%q is taken for %q", data, slug)
		}
		if strings.ContainsAny(q.Host, "/\x00\n ") || strings.Contains(q.Host, "..") && q.Serve || q.Serve && q.Host != "" && path.Join("/d", q.Host) != "/d/"+q.Host {
			t.Errorf("%q has the host %q", data, q.Host)
		}
		if c := q.CopyFrom; c != "" && (q.Operation == Provision || q.Operation == Limit) && (path.Clean(c) != c || c[0] != '/' || strings.ContainsAny(c, "\x00\n") || strings.Contains(c, "..")) {
			t.Errorf("%q copies from %q", data, c)
		}
		for _, dir := range q.Uploads {
			if q.Serve && q.Operation == Provision && (strings.ContainsAny(dir, "\x00\n\"<> ;{}") || path.IsAbs(dir) || path.Join("/d", dir) != "/d/"+dir) {
				t.Errorf("%q keeps PHP out of %q", data, dir)
			}
		}
		text, err := json.Marshal(q)
		var again Request
		if err == nil {
			err = decode(text, &again)
		}
		if err != nil || !reflect.DeepEqual(q, again) && len(q.Uploads) > 0 {
			t.Errorf("%q is read again as %+v, %v", text, again, err)
		}
	})
}
