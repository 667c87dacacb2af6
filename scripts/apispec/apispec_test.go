package apispec

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDescriptionIsOpenAPI holds the file against the specification of its format.
func TestDescriptionIsOpenAPI(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root(), "core", "httpapi", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := newValidator(text)
	if err != nil {
		t.Fatal(err)
	}
	if ok, found := v.ValidateDocument(); !ok {
		t.Error(problems(found))
	}
}

const (
	status  = `{"success":true,"instance_id":"a","pid":7,"status":"running","mode":"real","socket":null,"started_at":null,"wanted":"running","observed":"running","evidence":{"how":"","at":null,"seen":""},"drift":false}`
	changed = `{"success":true,"instance_id":"a","status":"stopped","mode":"virtual","message":"x","changed":true,"wanted":"stopped","observed":"stopped","evidence":{"how":"","at":null,"seen":""},"drift":false}`
	failed  = `{"success":false,"message":"x","error":"x","code":"not_found"}`
)

// TestCheckFindsWhatDiffers: what is too much, too little, of another type or not described at all.
func TestCheckFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, sent string
		status             int
		body, words        string // no words: it is right
	}{
		{"GET", "/api/instances/status.php?instance_id=a", "", 200, status, ""},
		{"GET", "/sub/api//instances/./status/?instance_id=a", "", 200, status, ""},
		{"GET", "/api/instances/status.php", "", 200, strings.Replace(status, `"drift":false`, `"drift":false,"new":1`, 1), "new"},
		{"GET", "/api/instances/status.php", "", 200, strings.Replace(status, `"seen":""`, `"seen":"","new":1`, 1), "new"},
		{"GET", "/api/instances/status.php", "", 200, strings.Replace(status, `"pid":7,`, ``, 1), "pid"},
		{"GET", "/api/instances/status.php", "", 200, strings.Replace(status, `"pid":7,`, `"pid":7.5,`, 1), "pid"},
		{"GET", "/api/instances/status.php", "", 200, strings.Replace(status, `"at":null`, `"at":"yesterday"`, 1), "at"},
		{"GET", "/api/instances/status.php", "", 201, status, "201"},
		{"GET", "/api/instances/status.php", "", 404, status, "404"},
		{"GET", "/api/instances/status.php", "", 404, failed, ""},
		{"GET", "/api/instances/status.php", "", 404, strings.Replace(failed, "not_found", "lost", 1), "code"},
		{"GET", "/api/no/such.php", "", 404, failed, ""},
		{"GET", "/api/no/such.php", "", 200, status, "there is no such call"},
		{"PUT", "/api/instances/status.php", "", 405, strings.Replace(failed, "not_found", "method_not_allowed", 1), ""},
		{"PUT", "/api/instances/status.php", "", 200, status, "there is no such call"},
		{"POST", "/api/v1/instances/stop", `{"instance_id":"a","until":"2026-11-24T10:00:00Z"}`, 200, changed, ""},
		{"POST", "/api/instances/stop", `{"instance_id":"a","until":5}`, 200, changed, "until"},
		{"GET", "/site/instances/status.php", "", 200, "a page", ""},
	} {
		r, err := http.NewRequest(c.method, "http://host"+c.path, strings.NewReader(c.sent))
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}}
		err = Check(r, c.status, header, []byte(c.body))
		switch {
		case c.words == "" && err != nil:
			t.Error(err)
		case c.words != "" && (err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), c.body, ""), c.words)):
			t.Errorf("%s %s %d %s: %v does not say %q", c.method, c.path, c.status, c.body, err, c.words)
		}
	}
}
