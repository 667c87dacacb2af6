package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// bulkAnswer is the answer to a bulk request.
type bulkAnswer struct {
	Success bool
	Message string
	Failed  int
	Results []struct {
		ID        string `json:"instance_id"`
		Success   bool
		Message   string
		Code      string
		RequestID string `json:"request_id"`
		Result    map[string]any
	}
}

func (p *panel) bulk(body any) bulkAnswer {
	p.t.Helper()
	var out bulkAnswer
	a := p.post("instances/bulk", body).want(200)
	must(p.t, json.Unmarshal(a.Body.Bytes(), &out))
	if a.Header().Get("Retry-After") != "" || a.Header().Get("WWW-Authenticate") != "" {
		p.t.Errorf("the headers are those of one item: %v", a.Header())
	}
	return out
}

// told is what became of each: its code, or ok.
func (b bulkAnswer) told() string {
	var list []string
	for _, r := range b.Results {
		word := r.Code
		if r.Success {
			word = "ok"
		}
		list = append(list, r.ID+" "+word)
	}
	return strings.Join(list, ", ")
}

// TestBulk: each has its own result, and what fails in one is no matter of the others.
func TestBulk(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one", "two", "three", "panics", "readonly")
	file := filepath.Join(p.base, "readonly", ".htaccess")
	must(t, os.WriteFile(file, []byte("# theirs\n"), 0o444))
	out := p.bulk(map[string]any{"action": "stop", "reason": "works",
		"instance_ids": []string{"three", "readonly", "one", "none", "../x", "one", "panics", "", "three"}})
	if got, want := out.told(), " invalid, ../x invalid, none not_found, one ok, panics internal, readonly not_effective, three ok"; got != want {
		t.Errorf("it became\n%s\nwant\n%s", got, want)
	}
	if out.Success || out.Failed != 5 || out.Message != "2 of 7 done" {
		t.Errorf("the answer is %+v", out)
	}
	for _, r := range out.Results {
		switch r.ID {
		case "panics":
			if r.Message != "Internal error" || r.RequestID == "" || !strings.Contains(p.log.String(), r.RequestID) || !strings.Contains(p.log.String(), "a bug with a secret") {
				t.Errorf("of a bug is told %+v, and logged %s", r, p.log.String())
			}
		case "one":
			var single map[string]any
			p.post("instances/start", map[string]any{"instance_id": "one"}).want(200)
			must(t, json.Unmarshal(p.post("instances/stop", map[string]any{"instance_id": "one", "reason": "works"}).want(200).Body.Bytes(), &single))
			delete(single, "evidence")
			delete(r.Result, "evidence")
			if !reflect.DeepEqual(r.Result, single) || r.Message != single["message"] {
				t.Errorf("the result is %v; alone it is %v", r.Result, single)
			}
		case "readonly":
			if !strings.Contains(r.Message, "read-only") || r.RequestID != "" {
				t.Errorf("of a file that cannot be written is told %+v", r)
			}
		}
	}
	for id, want := range map[string]string{"one": "stopped", "two": "running", "three": "stopped", "readonly": "stopped"} {
		if got := p.wanted(id); got != want {
			t.Errorf("%s is wanted %s, want %s", id, got, want)
		}
	}
	p.get("instances/events?instance_id=three&limit=1").want(200).says(`"reason":"works"`)
	if text, err := os.ReadFile(file); err != nil || string(text) != "# theirs\n" {
		t.Errorf("the file is %q, %v", text, err)
	}
}

func TestBulkForms(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one", "two")
	if out := p.bulk(url.Values{"action": {"stop"}, "instance_ids": {"two", "one", "two"}, "duration": {"90m"}}); out.told() != "one ok, two ok" || out.Message != "All 2 done" || !out.Success {
		t.Errorf("a form is answered %+v", out)
	}
	p.get("instances/status?instance_id=two").says(`"wanted":"stopped"`)
	p.mu.Lock()
	p.now = p.now.Add(91 * time.Minute)
	p.mu.Unlock()
	if got := p.wanted("one"); got != "running" {
		t.Errorf("after its time one is wanted %s", got)
	}
	if out := p.bulk(map[string]any{"action": "start", "instance_ids": []string{"one"}}); out.Results[0].Message != "Instance is already running" {
		t.Errorf("what runs is answered %+v", out)
	}
	if out := p.bulk(map[string]any{"action": "restart", "instance_ids": []string{"one", "two"}}); out.told() != "one ok, two ok" || out.Results[0].Result["virtual_pid"] == out.Results[1].Result["virtual_pid"] {
		t.Errorf("a restart is answered %+v", out)
	}
	if out := p.bulk(map[string]any{"action": "start", "instance_ids": []string{"a-1", "a-2"}}); out.Message != "None of 2 done" || out.Success || out.Failed != 2 {
		t.Errorf("of unknown ones is told %+v", out)
	}
}

// TestBulkIsBounded, and what is refused as a whole changes nothing.
func TestBulkIsBounded(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	ids := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("site-%03d", i))
		}
		return list
	}
	for i, c := range []struct {
		body  any
		words string
	}{
		{nil, "'action'"},
		{map[string]any{"instance_ids": []string{"one"}}, "'action'"},
		{map[string]any{"action": "delete", "instance_ids": []string{"one"}}, "start, stop or restart"},
		{map[string]any{"action": "Stop", "instance_ids": []string{"one"}}, "'action'"},
		{map[string]any{"action": "stop"}, "1 to 100"},
		{map[string]any{"action": "stop", "instance_ids": []string{}}, "1 to 100"},
		{map[string]any{"action": "stop", "instance_ids": nil, "instance_id": "one"}, "1 to 100"},
		{map[string]any{"action": "stop", "instance_ids": append(ids(100), "one")}, "1 to 100"},
		{map[string]any{"action": "stop", "instance_ids": "one"}, "'instance_ids'"},
		{map[string]any{"action": "stop", "instance_ids": []any{"one", 5}}, "'instance_ids'"},
		{map[string]any{"action": []string{"stop"}, "instance_ids": []string{"one"}}, "'action'"},
		{map[string]any{"action": "stop", "instance_ids": []string{"one"}, "until": "tomorrow"}, "'until'"},
		{map[string]any{"action": "stop", "instance_ids": []string{"one"}, "duration": "1ns"}, "'duration'"},
		{map[string]any{"action": "stop", "instance_ids": []string{"one"}, "duration": "1h", "until": "2040-01-01T00:00:00Z"}, "both"},
		{`{"action":"stop","instance_ids":["one"]`, "line 1"},
		{url.Values{"action": {"stop"}, "instance_ids[]": {"one"}}, "1 to 100"},
	} {
		if a := p.post("instances/bulk", c.body); a.Code != 400 || !strings.Contains(a.Body.String(), c.words) {
			t.Errorf("%d: answered %d %s; want 400 with %q", i, a.Code, a.Body, c.words)
		}
	}
	if got := p.wanted("one"); got != "running" {
		t.Errorf("what was refused left one wanted %s", got)
	}
	if out := p.bulk(map[string]any{"action": "stop", "instance_ids": append(ids(99), "one", "one", "site-000")}); out.Failed != 99 || len(out.Results) != 100 {
		t.Errorf("of 100 is told %d, %d", out.Failed, len(out.Results))
	}
	// What fails of each: a reason that is too long, a time that is over.
	for _, body := range []map[string]any{{"reason": strings.Repeat("x", 501)}, {"until": "2020-01-01T00:00:00Z"}} {
		body["action"], body["instance_ids"] = "stop", []string{"one"}
		if out := p.bulk(body); out.told() != "one invalid" {
			t.Errorf("%v is answered %+v", body, out)
		}
	}
}
