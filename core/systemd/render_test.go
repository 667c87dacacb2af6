package systemd

import (
	"strings"
	"testing"
)

// pool is a good one.
func pool(slug string) Pool {
	return Pool{Slug: slug, Docroot: "htdocs", Listen: []string{"www-data", "vpmd"}, Manager: "ondemand", MaxChildren: 4,
		MemoryLimit: 64 * Megabyte, MaxExecutionTime: 30}
}

// harmless tells whether what was rendered from values has only the lines that it has for good ones, and every value
// within one of them.
func harmless(t *testing.T, text, model string) {
	t.Helper()
	got, want := strings.Split(text, "\n"), strings.Split(model, "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines, not %d:\n%s", len(got), len(want), text)
	}
	for i := range got {
		if directive(got[i]) != directive(want[i]) || strings.Count(got[i], ";") != strings.Count(want[i], ";") ||
			strings.Count(got[i], "{") != strings.Count(want[i], "{") || strings.Count(got[i], `"`) != strings.Count(want[i], `"`) ||
			strings.Count(got[i], "<") != strings.Count(want[i], "<") || strings.Count(got[i], " ") != strings.Count(want[i], " ") {
			t.Errorf("line %d is %q, not like %q", i, got[i], want[i])
		}
	}
}

func directive(line string) string {
	if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") { // the name of a pool
		return "["
	}
	word, _, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
	word, _, _ = strings.Cut(word, "=")
	return word
}

func FuzzPool(f *testing.F) {
	f.Add("shop1", "htdocs", "www-data", "ondemand", int64(4), int64(64*Megabyte), int64(30))
	f.Add("a\n[b]", "x\nuser = root", "root,\nx", "static\n", int64(-1), int64(0), int64(1<<62))
	f.Add("a", "../../etc", "w;w", "dynamic", int64(1), int64(4096*Megabyte), int64(3600))
	f.Add("a", "x/./y", "", "x", int64(1), int64(4096*Megabyte), int64(3600))
	f.Fuzz(func(t *testing.T, slug, docroot, user, manager string, children, memory, seconds int64) {
		p := Pool{Slug: slug, Docroot: docroot, Listen: []string{user, "vpmd"}, Manager: manager, MaxChildren: children, MemoryLimit: memory, MaxExecutionTime: seconds}
		text, err := p.Render()
		if err != nil {
			return
		}
		like := pool("model")
		like.Manager = manager
		model, err := like.Render()
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, text, model)
		if strings.Contains(text, "..") {
			t.Errorf("a path leads upwards:\n%s", text)
		}
	})
}

func FuzzFragment(f *testing.F) {
	f.Add("shop1", "/shop1", "htdocs", "wp-content/uploads", int64(60))
	f.Add("shop1", "/shop1", "web/htdocs", "wp-content/uploads", int64(60))
	f.Add("a", "/", "htdocs", "x", int64(60))
	f.Add("a", "/a b", "htdocs>\n<Directory />", "x\"", int64(0))
	f.Add("a", "/a.b", "h;t", "x{", int64(1))
	f.Add("a", "/a/../b", "..", "$x", int64(1))
	f.Fuzz(func(t *testing.T, slug, path, docroot, uploads string, timeout int64) {
		fragment := Fragment{Slug: slug, Path: path, Docroot: docroot, Uploads: []string{uploads}, Timeout: timeout}
		apache, err := fragment.Apache()
		nginx, nerr := fragment.Nginx()
		if (err == nil) != (nerr == nil) {
			t.Fatalf("Apache %v, nginx %v", err, nerr)
		}
		if err != nil {
			return
		}
		like := "htdocs"
		if strings.Contains(docroot, "/") {
			like = "web/htdocs"
		}
		at := "/model"
		if path == "/" { // all of a host, which has a form of its own
			at = "/"
		}
		good := Fragment{Slug: "model", Path: at, Docroot: like, Uploads: []string{"uploads"}, Timeout: 60}
		model, err := good.Apache()
		nmodel, nerr := good.Nginx()
		if err != nil || nerr != nil {
			t.Fatal(err, nerr)
		}
		harmless(t, apache, model)
		harmless(t, nginx, nmodel)
	})
}

func TestRefusedValues(t *testing.T) {
	t.Parallel()
	good := pool("a")
	if _, err := good.Render(); err != nil {
		t.Fatal(err)
	}
	for manager, want := range map[string]string{"ondemand": "pm.process_idle_timeout = 10s\n", "dynamic": "pm.max_spare_servers = 2\n", "static": "pm.max_children = "} {
		p := good
		p.Manager = manager
		text, err := p.Render()
		if err != nil || !strings.Contains(text, want) || strings.Contains(text, "spare") != (manager == "dynamic") {
			t.Errorf("%s: %v\n%s", manager, err, text)
		}
	}
	for name, spoil := range map[string]func(*Pool){
		"slug": func(p *Pool) { p.Slug = "A" }, "docroot": func(p *Pool) { p.Docroot = "/etc" }, "hidden": func(p *Pool) { p.Docroot = ".git" },
		"nobody": func(p *Pool) { p.Listen = nil }, "user": func(p *Pool) { p.Listen = []string{"a,root"} }, "pm": func(p *Pool) { p.Manager = "" },
		"children": func(p *Pool) { p.MaxChildren = 201 }, "memory": func(p *Pool) { p.MemoryLimit = 0 }, "time": func(p *Pool) { p.MaxExecutionTime = 0 },
	} {
		p := good
		spoil(&p)
		if text, err := p.Render(); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	for _, l := range []Limits{{0, 100, 64}, {256 * Megabyte, 0, 64}, {256 * Megabyte, 100, 3}, {-1, -1, -1}} {
		if text, err := l.Render(); err == nil {
			t.Errorf("%+v: %s", l, text)
		}
	}
	for _, fpm := range []string{"", "php-fpm8.2", "/usr/sbin/php-fpm8.2\nUser=root", "/usr/../sbin/x", "/usr/sbin/php fpm", "/a/%i"} {
		if _, err := Files(fpm); err == nil {
			t.Errorf("PHP-FPM may be %q", fpm)
		}
	}
	files, err := Files("/usr/sbin/php-fpm8.2")
	if err != nil || strings.Contains(files["/etc/systemd/system/vpm-php@.service"], "@PHP_FPM@") ||
		files["/etc/sysusers.d/vpm.conf"] == "" || files["/etc/tmpfiles.d/vpm.conf"] == "" {
		t.Errorf("%v, %v", files, err)
	}
}
