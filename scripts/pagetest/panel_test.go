package pagetest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// register makes an instance of a directory in the docroot with one page in it.
func (s *site) register(id, name string) {
	s.t.Helper()
	dir := filepath.Join(s.Docroot, id)
	must(s.t, os.MkdirAll(dir, 0o755))
	must(s.t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("<!doctype html><title>A site</title>"), 0o644))
	must(s.t, s.Chown(dir))
	s.call("POST", "/instances/create.php", map[string]any{"instance_id": id, "instance_name": name, "cms_type": "native", "database_name": "x",
		"path": dir, "url": s.URL + "/" + id + "/"}, 201, nil)
}

func TestPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{})
	for _, role := range []string{"manager", "viewer"} {
		s.call("POST", "/users/create.php", map[string]any{"username": role, "password": password, "role": role}, 201, nil)
	}
	s.register("shop", "Shop")
	play(t, "people.mjs", map[string]any{"url": s.URL, "program": s.program(), "username": admin, "password": password})
}

// Texts that run where they are taken for markup, whatever quotes are around them; names may be 50 characters long.
const (
	hostile     = `'"><img src=x onerror="window.ran=1;alert(1)"><script>window.ran=1</script>`
	hostileName = `'"><img src=x onerror=window.ran=1>`
)

func TestPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{})
	s.register("hostile", hostile)
	s.register("plain", "A plain site")
	s.call("POST", "/instances/stop.php", map[string]any{"instance_id": "hostile", "reason": hostile}, 200, nil)
	s.call("POST", "/users/create.php", map[string]any{"username": hostileName, "full_name": hostile, "password": password, "role": "viewer"}, 201, nil)
	s.call("POST", "/tokens/create.php", map[string]any{"name": hostileName, "scope": "view"}, 201, nil)
	type page struct {
		Name    string `json:"name"`
		Hash    string `json:"hash"`
		Heading string `json:"heading"`
	}
	pages := []page{{"list", "instances", "Instances"}, {"new", "new", "Add instance"}, {"find", "find", "Find my sites"}, {"activity", "activity", "Activity"},
		{"users", "users", "Users"}, {"tokens", "tokens", "API tokens"}, {"account", "account", "My account"}}
	for _, tab := range []string{"overview", "usage", "health", "events", "settings"} {
		pages = append(pages, page{"instance-" + tab, "instances/hostile/" + tab, hostile})
	}
	play(t, "pages.mjs", map[string]any{"url": s.URL, "username": admin, "password": password, "hostile": hostile, "pages": pages})
}

func TestWalk(t *testing.T) {
	t.Parallel()
	s := upload(t, lab.Options{PHP: true})
	db := s.installWordPress("blog")
	play(t, "walk.mjs", map[string]any{"url": s.URL, "codeFile": s.codeFile("setup-code.txt"), "password": password,
		"site": s.URL + "/blog/", "directory": filepath.Join(s.Docroot, "blog"), "database": db})
}

// TestNewSite makes a WordPress from a shared core, up to its own installer.
func TestNewSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{PHP: true})
	core := filepath.Join(s.Home, "shared-cores", "wordpress")
	must(t, s.CopyWordPress(core))
	must(t, s.Chown(filepath.Dir(core)))
	play(t, "newsite.mjs", map[string]any{"url": s.URL, "username": admin, "password": password, "database": given(database(t)),
		"site": s.URL + "/fresh/", "directory": filepath.Join(s.Docroot, "fresh")})
}

// TestMoves shows what administrators see of a server in ways that TestServer cannot bring about: there the API's answers
// are the scenario's own, on top of the real ones.
func TestMoves(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{})
	s.register("shop", "Shop")
	play(t, "moves.mjs", map[string]any{"url": s.URL, "username": admin, "password": password})
}

func TestFeel(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{})
	s.register("shop", "Shop")
	s.register("broken", "Broken")
	play(t, "feel.mjs", map[string]any{"url": s.URL, "username": admin, "password": password, "broken": filepath.Join(s.Docroot, "broken")})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{})
	s.register("shop", "Shop")
	play(t, "keys.mjs", map[string]any{"url": s.URL, "username": admin, "password": password})
}

// BenchmarkUsableList tells how long people wait for a list of 200 instances under CGI, from the navigation until
// its first button is drawn.
func BenchmarkUsableList(b *testing.B) {
	s := newSite(b, lab.Options{})
	for i := range 200 {
		s.call("POST", "/instances/create.php", map[string]any{"instance_id": fmt.Sprintf("site-%03d", i), "instance_name": fmt.Sprint("Site ", i),
			"cms_type": "wordpress", "database_name": "x", "domain": fmt.Sprintf("site-%d.example", i)}, 201, nil)
	}
	for b.Loop() {
		out := play(b, "speed.mjs", map[string]any{"url": s.URL, "username": admin, "password": password, "rounds": 9})
		var figures []int
		for line := range bytes.Lines(out) {
			n, err := strconv.Atoi(strings.TrimSpace(string(line)))
			must(b, err)
			figures = append(figures, n)
		}
		slices.Sort(figures)
		b.ReportMetric(float64(figures[len(figures)/2]), "ms/list")
		b.ReportMetric(s.callTime(9), "ms/call") // what a call alone takes on this machine now
		b.ReportMetric(0, "ns/op")
	}
}

// callTime is the middle time of calls that list the instances, in milliseconds.
func (s *site) callTime(calls int) float64 {
	times := make([]time.Duration, calls)
	for i := range times {
		began := time.Now()
		s.call("GET", "/instances/list.php", nil, 200, nil)
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return float64(times[calls/2].Microseconds()) / 1000
}
