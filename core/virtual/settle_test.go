package virtual

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stopped is an instance that people want stopped; config is that of its row.
func stopped(id int64, name, config string) core.Record {
	in := core.Instance{ID: id, InstanceID: name, Status: core.StatusInactive, Config: &config}
	return core.Record{Instance: in, Gate: core.Gate{Generation: 1}}
}

// runtimeFor serves the sites below base.
func runtimeFor(base string, instances ...core.Record) *Runtime {
	return &Runtime{Now: time.Now, Base: base, Allowed: []string{base}, Instances: func(context.Context) ([]core.Instance, error) {
		var list []core.Instance
		for _, r := range instances {
			list = append(list, r.Instance)
		}
		return list, nil
	}}
}

// realDir is a new directory by its name with links resolved.
func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	return dir
}

// memoryDir is a new directory in memory where there is such a place: each change waits for the disk several times.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "vpm-virtual-")
	if err != nil {
		return realDir(t)
	}
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// A thousand stops and starts leave the file as it was: its bytes, its permissions and its owner, or that there was none.
func TestStopAndStartManyTimes(t *testing.T) {
	t.Parallel()
	other, err := htaccess.Gate{Instance: "other", Reason: "closed too"}.Render()
	must(t, err)
	const rules = "# BEGIN WordPress\n<IfModule mod_rewrite.c>\nRewriteRule . /index.php [L]\n</IfModule>\n# END WordPress\n"
	for name, file := range map[string]struct {
		text string
		none bool
		mode fs.FileMode
	}{
		"none":                  {none: true},
		"empty":                 {mode: 0o644},
		"WordPress":             {text: rules, mode: 0o604},
		"CRLF":                  {text: strings.ReplaceAll(rules, "\n", "\r\n"), mode: 0o600},
		"mark of UTF-8":         {text: "\xef\xbb\xbf" + rules, mode: 0o640},
		"no end of line":        {text: rules + "Options -Indexes", mode: 0o664},
		"another's gate":        {text: string(htaccess.CloseShared([]byte(rules), true, other)), mode: 0o644},
		"another's and no more": {text: string(htaccess.CloseShared(nil, false, other)), mode: 0o644},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := memoryDir(t)
			r := stopped(1, "site", "{}")
			dir := filepath.Join(base, "site")
			path := filepath.Join(dir, htaccessFile)
			must(t, os.Mkdir(dir, 0o755))
			if !file.none {
				must(t, os.WriteFile(path, []byte(file.text), 0o600))
				must(t, os.Chown(path, os.Geteuid(), os.Getegid()))
				must(t, os.Chmod(path, file.mode))
			}
			rt := runtimeFor(base, r)
			for i := range 1000 {
				r.Instance.Status, r.Gate.Reason, r.Gate.Bypass = core.StatusInactive, fmt.Sprint("reason ", i), strings.Repeat("0f", 16+i%2)
				if s, err := rt.Settle(t.Context(), r); err != nil || s.Evidence.Observed != core.ObservedStopped {
					t.Fatalf("stop %d: %+v, %v", i, s.Evidence, err)
				}
				r.Instance.Status = core.StatusActive
				if s, err := rt.Settle(t.Context(), r); err != nil || s.Evidence.Observed != core.ObservedRunning {
					t.Fatalf("start %d: %+v, %v", i, s.Evidence, err)
				}
				text, err := os.ReadFile(path)
				if file.none != (err != nil) || !bytes.Equal(text, []byte(file.text)) {
					t.Fatalf("after start %d the file is %q, %v", i, text, err)
				}
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != map[bool]int{true: 0, false: 1}[file.none] {
				t.Errorf("left in the directory: %v, %v", entries, err)
			}
			if file.none {
				return
			}
			info, err := os.Stat(path)
			must(t, err)
			if s := info.Sys().(*syscall.Stat_t); info.Mode() != file.mode || int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid() {
				t.Errorf("the file has the mode %v and the owner %d:%d", info.Mode(), s.Uid, s.Gid)
			}
		})
	}
}

// An instance whose site cannot be opened is not forgotten: nobody could open it any more.
func TestReleaseOfAReadOnlyFile(t *testing.T) {
	t.Parallel()
	base := realDir(t)
	path := filepath.Join(base, "site", htaccessFile)
	must(t, os.Mkdir(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("# mine\n"), 0o644))
	r := stopped(1, "site", "{}")
	rt := runtimeFor(base, r)
	_, err := rt.Settle(t.Context(), r)
	must(t, err)
	must(t, os.Chmod(path, 0o444))
	closed, err := os.ReadFile(path)
	must(t, err)
	info, err := os.Stat(path)
	must(t, err)

	err = rt.Release(t.Context(), r)
	e, ok := err.(*core.Error)
	if !ok || e.Code != core.CodeConflict || !strings.Contains(e.Message, "read-only") || !strings.HasPrefix(e.Message, "cannot ") {
		t.Errorf("releasing a closed site whose file is read-only: %v", err)
	}
	text, err := os.ReadFile(path)
	now, err2 := os.Stat(path)
	if err != nil || err2 != nil || !bytes.Equal(text, closed) || !os.SameFile(info, now) || !now.ModTime().Equal(info.ModTime()) || now.Mode() != 0o444 {
		t.Errorf("the file was changed: %q, %v %v", text, now.Mode(), err)
	}
	must(t, os.Chmod(path, 0o644))
	must(t, rt.Release(t.Context(), r))
	if text, err := os.ReadFile(path); err != nil || string(text) != "# mine\n" {
		t.Errorf("released, the file is %q, %v", text, err)
	}
}

// What stays open is named as Apache may name it, whichever link leads there.
func TestOpenDirsUnderAllTheirNames(t *testing.T) {
	t.Parallel()
	base := realDir(t)
	mk := func(paths ...string) {
		for _, p := range paths {
			must(t, os.MkdirAll(filepath.Join(base, p), 0o755))
		}
	}
	mk("home2/u/public_html/blog/nested", "home2/u/public_html/blog/other", "home2/u/public_html/blog/api", "home2/u/apps/far", "home2/u/public_html/beside",
		"home2/u/apps/deep", "home2/u/public_html/blog/sub", "etc")
	must(t, os.WriteFile(filepath.Join(base, "home2/u/public_html/blog/nested/wp-config.php"), nil, 0o644))
	for name, target := range map[string]string{
		"home": "home2", "home2/u/private_html": "public_html", "home2/u/public_html/blog/near": "../../apps/far", "home2/u/public_html/loop": ".",
		"vhost": "home/u/private_html", "home2/u/public_html/blog/sub/deep": "../../../apps/deep",
		"etc/www": filepath.Join(base, "home2/u/public_html"), // where nobody would look for it
	} {
		must(t, os.Symlink(target, filepath.Join(base, name)))
	}
	site := stopped(1, "blog", fmt.Sprintf(`{"docroot": %q}`, filepath.Join(base, "vhost/blog")))
	site.Gate.Bypass, site.Gate.BypassUntil = strings.Repeat("0f", 16), time.Now().Add(time.Hour)
	rt := runtimeFor(filepath.Join(base, "home/u/public_html"), site,
		stopped(2, "other", fmt.Sprintf(`{"docroot": %q}`, filepath.Join(base, "home2/u/public_html/blog/other"))),
		stopped(3, "far", fmt.Sprintf(`{"docroot": %q}`, filepath.Join(base, "home2/u/apps/far"))),
		stopped(5, "deep", fmt.Sprintf(`{"docroot": %q}`, filepath.Join(base, "home2/u/public_html/blog/sub/deep"))),
		stopped(4, "beside", fmt.Sprintf(`{"docroot": %q}`, filepath.Join(base, "home2/u/public_html/beside"))))
	rt.Allowed = []string{base}
	rt.Panel = []string{filepath.Join(base, "home2/u/public_html/blog/api"), filepath.Join(base, "elsewhere")}
	rt.Roots = []string{filepath.Join(base, "etc/www")}
	p, err := rt.choose(site)
	must(t, err)
	g, spared, complete, err := rt.gate(t.Context(), site, p)
	must(t, err)
	if want := filepath.Join(base, "home2/u/public_html/blog/nested"); !complete || !slices.Equal(spared, []string{want}) {
		t.Errorf("spared: %q, complete %t", spared, complete)
	}
	for _, top := range []string{"home2/u/public_html", "home/u/public_html", "home2/u/private_html", "home/u/private_html", "vhost", "etc/www"} {
		for _, dir := range []string{"nested", "other", "near", "api", "sub/deep"} {
			if name := filepath.Join(base, top, "blog", dir); !slices.Contains(g.OpenDirs, name) {
				t.Errorf("not open: %s", name)
			}
		}
	}
	for _, name := range g.OpenDirs {
		real, err := filepath.EvalSymlinks(name)
		inside := strings.HasPrefix(real, p.dir+"/") || filepath.Dir(real) == filepath.Join(base, "home2/u/apps")
		if err != nil || !inside {
			t.Errorf("open: %s, which leads to %s, %v", name, real, err)
		}
	}
	if g.Bypass != site.Gate.Bypass || !g.BypassUntil.Equal(site.Gate.BypassUntil) {
		t.Errorf("the link of the gate is %q until %v", g.Bypass, g.BypassUntil)
	}
	if _, err := g.Render(); err != nil {
		t.Error(err)
	}
}

// TestLinkOutOfTheSites: a file that is not among the sites' is neither read nor changed by way of a link in one of them.
func TestLinkOutOfTheSites(t *testing.T) {
	t.Parallel()
	base, outside := realDir(t), realDir(t)
	dir, theirs := filepath.Join(base, "site"), filepath.Join(outside, htaccessFile)
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.WriteFile(theirs, []byte("# theirs\n"), 0o644))
	must(t, os.Symlink(theirs, filepath.Join(dir, htaccessFile)))
	r := stopped(1, "site", "{}")
	rt := runtimeFor(base, r)
	_, err := rt.Settle(t.Context(), r)
	if core.CodeOf(err) != core.CodeNotEffective || !strings.Contains(err.Error(), "outside the directories of the sites") {
		t.Errorf("a stop through the link: %v", err)
	}
	if text, err := os.ReadFile(theirs); err != nil || string(text) != "# theirs\n" {
		t.Errorf("the other's file is %q, %v", text, err)
	}
	if e := rt.Observe(t.Context(), r); e.Observed != core.ObservedUnknown || !strings.Contains(e.Seen, "outside the directories") {
		t.Errorf("seen is %+v", e)
	}
	rt.Allowed = append(rt.Allowed, outside)
	if s, err := rt.Settle(t.Context(), r); err != nil || s.Evidence.Observed != core.ObservedStopped {
		t.Errorf("where the link may lead: %+v, %v", s.Evidence, err)
	}
}

// TestDamagedGateIsNoGate: what is left of one closes nothing for certain, so it is neither open nor closed until it is whole.
func TestDamagedGateIsNoGate(t *testing.T) {
	t.Parallel()
	base := realDir(t)
	path := filepath.Join(base, "site", htaccessFile)
	must(t, os.Mkdir(filepath.Dir(path), 0o755))
	r := stopped(1, "site", "{}")
	rt := runtimeFor(base, r)
	_, err := rt.Settle(t.Context(), r)
	must(t, err)
	whole, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, whole[:len(whole)*2/3], 0o644))
	if e := rt.Observe(t.Context(), r); e.Observed != core.ObservedError || !strings.Contains(e.Seen, "damaged") {
		t.Errorf("seen is %+v", e)
	}
	if s, err := rt.Settle(t.Context(), r); err != nil || s.Evidence.Observed != core.ObservedStopped {
		t.Errorf("put right it is %+v, %v", s.Evidence, err)
	}
}

// TestSearchThatIsCutOff: what was not looked for is closed along, and people are told so.
func TestSearchThatIsCutOff(t *testing.T) {
	t.Parallel()
	base := realDir(t)
	must(t, os.Mkdir(filepath.Join(base, "site"), 0o755))
	r := stopped(1, "site", "{}")
	rt := runtimeFor(base, r)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := rt.Settle(ended, r)
	if err != nil || !strings.Contains(s.Evidence.Seen, "was cut off") || s.Evidence.Observed != core.ObservedStopped {
		t.Errorf("it is %+v, %v", s.Evidence, err)
	}
	if s, err = rt.Settle(t.Context(), r); err != nil || strings.Contains(s.Evidence.Seen, "cut off") {
		t.Errorf("with time it is %+v, %v", s.Evidence, err)
	}
}

// TestPathsThatStayOpen are those of the panel and those that people configured, below the docroot asked for.
func TestPathsThatStayOpen(t *testing.T) {
	t.Parallel()
	rt := &Runtime{Panel: []string{"/w/api"}, OpenPaths: []string{"feed", "a/b"}}
	for range 2 { // and Panel does not grow
		if got := fmt.Sprint(rt.KeptOpen("/w")); got != "[/w/api /w/feed /w/a/b]" {
			t.Errorf("open stay %s", got)
		}
	}
}
