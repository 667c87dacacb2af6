package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tickAnswer is what a tick says that it did.
type tickAnswer struct {
	Ran                                      bool
	Seen                                     int
	Completed, Repaired, Disputed, Unhealthy []string
	Failed                                   []struct{ Message string }
}

// tick runs one by a token of its own, as cron does.
func (s *site) tick() tickAnswer {
	s.t.Helper()
	made := s.post("/tokens/create.php", map[string]any{"name": "cron", "scope": "tick"}).want(201)
	token, _ := made.field("token").(string)
	admin := s.token
	s.token = ""
	defer func() { s.token = admin }()
	var out tickAnswer
	s.get("/tick.php?token=" + token).want(200).decode(&out)
	s.get("/instances/list.php?token=" + token).want(401)
	s.token = token
	s.get("/instances/list.php").want(403)
	return out
}

// checks gives the results of the checks by their names.
func (a *answer) checks() map[string]string {
	a.t.Helper()
	var h struct {
		Checks []struct{ Name, Result, Reason string }
	}
	a.decode(&h)
	results := map[string]string{}
	for _, c := range h.Checks {
		results[c.Name] = c.Result
		if c.Result == "failed" {
			results[c.Name] += ": " + c.Reason
		}
	}
	return results
}

// TestTick: what it found is in the answers that pages poll, and in the history.
func TestTick(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "sqlite", php: true}, {driver: "mysql", php: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			dir := s.blog()
			s.get("/tick.php?token=vpm_" + strings.Repeat("0", 64)).want(200) // the session counts first
			s.post("/instances/update.php", map[string]any{"instance_id": "blog", "health_path": "/blog/index.php", "health_expect": "post /blog/"}).want(200)
			if out := s.tick(); !out.Ran || out.Seen != 1 || len(out.Failed) > 0 {
				t.Errorf("the tick says %+v", out)
			}
			m := s.get("/instances/monitor.php?instance_id=blog").want(200)
			var body struct {
				Resources struct {
					Disk      int64 `json:"disk_usage"`
					Allocated int64 `json:"disk_allocated"`
					Evidence  map[string]string
				}
				Health json.RawMessage
			}
			m.decode(&body)
			if want := apparentSize(t, dir); body.Resources.Disk != want || body.Resources.Evidence["disk_usage"] != "measured" {
				t.Errorf("the disk usage is %+v, want %d", body.Resources, want)
			}
			checks := (&answer{t: t, name: "health", body: body.Health}).checks()
			if checks["directory"] != "ok" || checks["http"] != "ok" || checks["gate"] != "ok" || checks["certificate"] != "skipped" {
				t.Errorf("the checks are %v", checks)
			}
			history := s.get("/instances/history.php?instance_id=blog").want(200)
			var samples struct {
				Samples []struct {
					Disk  int64    `json:"disk_usage"`
					Probe *float64 `json:"probe_ms"`
				}
			}
			history.decode(&samples)
			if len(samples.Samples) == 0 || samples.Samples[0].Disk != body.Resources.Disk || samples.Samples[0].Probe == nil || *samples.Samples[0].Probe <= 0 {
				t.Errorf("the history is %s", history.body)
			}
			s.get("/instances/history.php?instance_id=blog&from=yesterday").want(400)
			s.get("/instances/history.php?instance_id=none").want(404)
			s.tickRepairs(dir)
		})
	}
}

// tickRepairs: a gate that somebody took out is put back by the tick, once, with an event.
func (s *site) tickRepairs(dir string) {
	s.t.Helper()
	s.post("/instances/stop.php", map[string]any{"instance_id": "blog"}).want(200)
	rules, err := os.ReadFile(filepath.Join(dir, ".htaccess"))
	s.must(err)
	for i, want := range []string{"[blog] []", "[] [blog]"} {
		s.must(os.WriteFile(filepath.Join(dir, ".htaccess"), []byte(outside(s.t, string(rules))), 0o644))
		s.wantOpen("/blog/style.css")
		if out := s.tick(); fmt.Sprint(out.Repaired, " ", out.Disputed) != want {
			s.t.Errorf("tick %d after the gate was taken out says %+v, want %s", i, out, want)
		}
		if i == 0 {
			s.wantClosed(blogPages...)
		}
	}
	events := s.get("/instances/events.php?instance_id=blog&limit=2").want(200)
	if !strings.Contains(string(events.body), `"action":"repair"`) || !strings.Contains(string(events.body), "no gate is in") {
		s.t.Errorf("the history says %s", events.body)
	}
	s.post("/instances/stop.php", map[string]any{"instance_id": "blog"}).want(200) // a person decides
	s.wantClosed(blogPages...)
	s.tick()
	h := s.get("/instances/health.php?instance_id=blog").want(200)
	if h.field("healthy") != true || h.checks()["http"] != "ok" {
		s.t.Errorf("a closed site is not healthy as stopped: %s", h.body)
	}
	if l := s.get("/instances/list.php").want(200); !strings.Contains(string(l.body), `"how":"probe"`) {
		s.t.Errorf("the list does not have what the tick saw: %s", l.body)
	}
}

// apparentSize adds up what regular files hold, hard links once.
func apparentSize(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// measurements is what monitor says of a WordPress.
type measurements struct {
	CMS       struct{ Type, Version string }
	Resources struct {
		Disk      int64             `json:"disk_usage"`
		Allocated int64             `json:"disk_allocated"`
		Database  int64             `json:"database_size"`
		Tables    int64             `json:"database_tables"`
		Evidence  map[string]string `json:"evidence"`
	}
}

// measured gives what vpm measures while WordPress sees the same before and after: InnoDB renews its own figures some
// seconds after the rows were changed, so a single look may fall on either side.
func (w *wordPress) measured() (m measurements) {
	w.t.Helper()
	for range 20 {
		before := w.tables()
		w.get("/instances/resources.php?instance_id=blog&fresh=1").want(200)
		w.get("/instances/monitor.php?instance_id=blog").want(200).decode(&m)
		if after := w.tables(); after != before {
			continue
		}
		if seen := fmt.Sprint(m.Resources.Database, " ", m.Resources.Tables); seen != before || m.Resources.Tables < 12 {
			w.t.Errorf("the database is %+v; WordPress sees %q", m.Resources, before)
		}
		return m
	}
	w.t.Errorf("WordPress's tables never kept still: %q", w.tables())
	return m
}

// tables is the size of WordPress's tables and how many there are, asked with its own connection.
func (w *wordPress) tables() string {
	w.t.Helper()
	return w.run(`global $wpdb; $r = $wpdb->get_row("SELECT COALESCE(SUM(data_length + index_length), 0) s, COUNT(*) n FROM information_schema.tables
		WHERE table_schema = DATABASE() AND LEFT(table_name, " . strlen($wpdb->prefix) . ") = '" . $wpdb->prefix . "'"); echo $r->s, ' ', $r->n;`)
}

// wantMeasured compares what vpm reports of a real WordPress with du, the database server and its own files.
func (w *wordPress) wantMeasured() {
	w.t.Helper()
	w.tick()
	h := w.get("/instances/health.php?instance_id=blog&fresh=1").want(200)
	for _, name := range []string{"directory", "configuration", "database", "gate", "http"} {
		if got := h.checks()[name]; got != "ok" {
			w.t.Errorf("the check %s of a WordPress that runs is %q: %s", name, got, h.body)
		}
	}
	if h.field("healthy") != true {
		w.t.Errorf("a WordPress that runs is not healthy: %s", h.body)
	}
	body := w.measured()
	version := strings.TrimSpace(w.run(`global $wp_version; echo $wp_version;`))
	if body.CMS.Type != "wordpress" || body.CMS.Version != version {
		w.t.Errorf("the CMS is %+v; WordPress says %s", body.CMS, version)
	}
	if !strings.HasPrefix(body.Resources.Evidence["database_size"], "estimated") {
		w.t.Errorf("the evidence is %v", body.Resources.Evidence)
	}
	du, err := exec.Command("du", "-s", "--block-size=1", w.dir).Output()
	w.must(err)
	text, _, _ := strings.Cut(string(du), "\t")
	allocated, err := strconv.ParseInt(text, 10, 64)
	w.must(err)
	// Other sites lie below that count for themselves; PHP's cache and logs are elsewhere.
	if body.Resources.Disk <= 0 || body.Resources.Allocated > allocated || body.Resources.Disk > apparentSize(w.t, w.dir) {
		w.t.Errorf("the disk usage is %+v; du says %d", body.Resources, allocated)
	}
}
