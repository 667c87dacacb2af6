package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// plainSite puts a site into a directory of the docroot and registers it by that name.
func (s *site) plainSite(id string) (dir string) {
	s.t.Helper()
	dir = filepath.Join(s.host.Docroot, id)
	s.must(os.MkdirAll(dir, 0o755))
	s.must(os.WriteFile(filepath.Join(dir, "index.html"), []byte("this is "+id), 0o644))
	s.must(s.host.Chown(dir))
	s.register(id, "native", "/"+id+"/")
	return dir
}

// TestBulk closes what it can: one whose .htaccess is read-only keeps none of the others open.
func TestBulk(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite"}, {driver: "mysql", fcgid: true}, {driver: "mysql"}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			for _, id := range []string{"left", "middle", "right"} {
				s.plainSite(id)
			}
			file := filepath.Join(s.host.Docroot, "middle", ".htaccess")
			s.must(os.WriteFile(file, []byte("# theirs\n"), 0o444))
			s.must(s.host.Chown(file))
			type item struct {
				ID      string `json:"instance_id"`
				Success bool
				Message string
				Code    string
				Result  struct{ Observed string }
			}
			var out struct {
				Success bool
				Failed  int
				Results []item
			}
			s.post("/instances/bulk.php", map[string]any{"action": "stop", "instance_ids": []string{"right", "middle", "left", "right"}}).want(200).decode(&out)
			if out.Success || out.Failed != 1 || len(out.Results) != 3 || out.Results[1].ID != "middle" || out.Results[1].Code != "not_effective" ||
				out.Results[0].Result.Observed != "stopped" || !out.Results[2].Success {
				t.Errorf("the answer is %+v", out)
			}
			s.wantClosed("/left/", "/right/index.html")
			s.wantOpen("/middle/", "/api/setup.php")
			if text, err := os.ReadFile(file); err != nil || string(text) != "# theirs\n" {
				t.Errorf("the file that could not be written is %q, %v", text, err)
			}
			// As an HTML form sends it.
			s.do("POST", "/instances/bulk", []byte("action=start&instance_ids=left&instance_ids=middle&instance_ids=right"),
				http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}).want(200).decode(&out)
			if !out.Success || out.Failed != 0 {
				t.Errorf("the start is answered %+v", out)
			}
			s.wantOpen("/left/", "/middle/", "/right/")
			s.must(os.Chmod(file, 0o644))
			s.post("/instances/bulk.php", map[string]any{"action": "stop", "instance_ids": []string{"right", "middle", "left"}}).want(200).decode(&out)
			if !out.Success {
				t.Errorf("with the file writable it is %+v", out)
			}
			s.wantClosed("/left/", "/middle/", "/right/")
		})
	}
}
