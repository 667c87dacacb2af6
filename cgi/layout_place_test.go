package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestCreateInPlaces: what is there stays as it is and is registered, unless a layout is insisted on; without a core the
// directory is empty; and nothing is made where no site may be.
func TestCreateInPlaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	home, web := s.host.Home, s.host.Docroot
	s.must(os.Symlink(filepath.Dir(home), filepath.Join(web, "away")))
	s.must(os.Symlink("blog", filepath.Join(web, "linked")))
	s.must(os.MkdirAll(filepath.Join(web, "mine"), 0o755))
	s.must(os.WriteFile(filepath.Join(web, "mine", "index.html"), []byte("mine"), 0o644))
	s.must(s.host.Chown(web))

	// There is no core yet.
	a, out := s.laid("early", "wordpress", "/early", nil)
	a.want(201)
	if info, err := os.Stat(filepath.Join(web, "early")); err != nil || info.Mode() != os.ModeDir|0o755 || !out.Layout.Created ||
		!strings.Contains(out.Layout.Next, "Upload your site to "+filepath.Join(web, "early")) || !strings.Contains(out.Layout.Next, "shared-cores/wordpress") {
		t.Errorf("without a core: %v %v %s", info, err, a.body)
	}
	missing, _ := s.laid("missing", "wordpress", "/missing", map[string]any{"layout": true})
	missing.want(409).says("conflict", "wp-load.php")
	native, out := s.laid("native", "native", "/native", map[string]any{"layout": true})
	if native.want(201); !out.Layout.Created || strings.Contains(out.Layout.Next, "core") {
		t.Errorf("a native site: %s", native.body)
	}

	s.coreOf("drupal")
	before := s.fingerprint(filepath.Join(home))
	for _, c := range []struct {
		name, path, status, note string
	}{
		{"a site", filepath.Join(web, "mine"), "conflict", "not empty"},
		{"a link", filepath.Join(web, "linked"), "conflict", "not empty"},
		{"a link that leads away", filepath.Join(web, "away", "x"), "invalid", "not where sites may be"},
		{"elsewhere", "/var/x", "invalid", "not where sites may be"},
		{"elsewhere by dots", home + "/../../x", "invalid", "not where sites may be"},
		{"the panel", filepath.Join(web, "api", "x"), "invalid", "not where sites may be"},
		{"the pages", filepath.Join(web, "vpm", "x"), "invalid", "not where sites may be"},
		{"the data", filepath.Join(home, "vpm-data", "x"), "invalid", "not where sites may be"},
		{"a core", filepath.Join(home, "shared-cores", "x"), "invalid", "not where sites may be"},
		{"no parent", filepath.Join(web, "no", "x"), "not_found", "is not there"},
	} {
		id := strings.ReplaceAll(c.name, " ", "-")
		insisting, _ := s.laid(id, "drupal", "/", map[string]any{"path": c.path, "layout": true})
		insisting.says(c.status, c.note)
		asEver, out := s.laid(id, "drupal", "/", map[string]any{"path": c.path})
		if asEver.want(201); out.Layout.Created || len(out.Layout.Steps) != 1 || !strings.Contains(out.Layout.Steps[0], "registered as it is") {
			t.Errorf("%s: %s", c.name, asEver.body)
		}
	}
	for what, body := range map[string]map[string]any{
		"an id of dots":     {"instance_id": "../x", "path": ""},
		"no name":           {"instance_name": ""},
		"a taken id":        {"instance_id": "early"},
		"a docroot outside": {"docroot": filepath.Join(web, "mine"), "layout": true},
		"a bad layout":      {"layout": "perhaps"},
		"a user":            {"database_user": "u"},
		"a host only":       {"database_host": "h"},
	} {
		if a, _ := s.laid("bad", "drupal", "/bad", body); a.status != 400 && a.status != 409 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	off, out := s.laid("off", "drupal", "/off", map[string]any{"layout": false})
	if off.want(201); out.Layout.Created {
		t.Errorf("layout off: %s", off.body)
	}
	after := s.fingerprint(home)
	for _, m := range []map[string]string{before, after} {
		maps.DeleteFunc(m, func(path, _ string) bool { return strings.HasPrefix(path, filepath.Join(home, "vpm-data")) })
	}
	// The directory of the instances is made when the first site is to be there.
	delete(after, filepath.Join(home, "instances"))
	if !maps.Equal(before, after) {
		for path := range after {
			if before[path] != after[path] {
				t.Errorf("%s is new or changed", path)
			}
		}
	}
}

// TestNoRoomForALayout leaves nothing, and the same call works once there is room.
func TestNoRoomForALayout(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite"})
	core := s.coreOf("joomla")
	s.must(os.WriteFile(filepath.Join(core, "media", "large.bin"), make([]byte, 512<<10), 0o644))
	s.must(s.host.Chown(core))
	small := filepath.Join(s.host.Docroot, "small")
	s.must(os.Mkdir(small, 0o755))
	s.insideHost("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=256k,mode=0755,uid=%d,gid=%d", s.host.UID, s.host.GID), "tmpfs", small)
	a, _ := s.laid("shop", "joomla", "/small/shop", nil)
	a.want(503).says("unavailable", "quota is full")
	s.get("/instances/status.php?instance_id=shop").want(404)
	s.insideHost("sh", "-c", "test -z \"$(ls -A "+small+")\"")
	s.insideHost("mount", "-o", "remount,size=4m", small)
	a, out := s.laid("shop", "joomla", "/small/shop", nil)
	if a.want(201); !out.Layout.Created {
		t.Errorf("with room: %s", a.body)
	}
	s.insideHost("test", "-s", filepath.Join(small, "shop", "media", "large.bin"))
}

// TestCreatedAtOnce has many create one instance in many places: one is made, and nothing is left of the others.
func TestCreatedAtOnce(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"mysql", "sqlite"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, stack{driver: driver})
			s.coreOf("joomla")
			var wg sync.WaitGroup
			answers := make([]*answer, 12)
			for i := range answers {
				wg.Go(func() {
					answers[i], _ = s.laid("forum", "joomla", fmt.Sprintf("/forum-%d", i%6), map[string]any{"layout": true})
				})
			}
			wg.Wait()
			created := 0
			for _, a := range answers {
				if a.status == 201 {
					created++
				} else if a.status != 409 {
					t.Errorf("create answers %d %s", a.status, a.body)
				}
			}
			sites, err := filepath.Glob(filepath.Join(s.host.Docroot, "forum-*"))
			left, _ := filepath.Glob(filepath.Join(s.host.Docroot, ".forum-*"))
			if created != 1 || len(sites) != 1 || len(left) != 0 || err != nil {
				t.Errorf("%d are created, and there are %v and %v", created, sites, left)
			}
		})
	}
}
