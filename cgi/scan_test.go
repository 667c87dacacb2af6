package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// foundSite is a site as a scan lists it.
type foundSite struct {
	Dir        string
	Type       string  `json:"cms_type"`
	Version    string  `json:"cms_version"`
	URL        string  `json:"url"`
	From       string  `json:"url_from"`
	Database   string  `json:"database_name"`
	Prefix     string  `json:"database_prefix"`
	Size       *int64  `json:"database_size"`
	InstanceID *string `json:"instance_id"`
	Moved      bool
	Suggested  string `json:"suggested_id"`
}

// scan gives what is found by the directory below the home.
func (s *site) scan() map[string]foundSite {
	s.t.Helper()
	var out struct {
		Complete bool
		Sites    []foundSite
	}
	a := s.post("/instances/scan.php", map[string]any{}).want(200)
	a.decode(&out)
	if !out.Complete {
		s.t.Errorf("the search was cut off: %s", a.body)
	}
	sites := map[string]foundSite{}
	for _, f := range out.Sites {
		below, err := filepath.Rel(s.host.Home, f.Dir)
		s.must(err)
		if _, twice := sites[below]; twice {
			s.t.Errorf("%s is found twice", below)
		}
		sites[below] = f
	}
	return sites
}

// file writes one below the home.
func (s *site) file(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.host.Home, filepath.FromSlash(name))
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.WriteFile(path, []byte(text), 0o644))
}

// siteConfig is a wp-config.php for a database.
func (s *site) siteConfig(name, user, password, prefix string) string {
	return fmt.Sprintf("<?php\ndefine('DB_NAME', '%s');\ndefine('DB_USER', '%s');\ndefine('DB_PASSWORD', '%s');\ndefine('DB_HOST', 'localhost:%s');\n$table_prefix = '%s';\n",
		name, user, password, s.db.Socket, prefix)
}

// smallWordPress is what tells a WordPress, with a page of PHP.
func (s *site) smallWordPress(below, config string) {
	s.t.Helper()
	for name, text := range map[string]string{"wp-config.php": config, "wp-load.php": "<?php", "wp-includes/version.php": "<?php\n$wp_version = '6.4.2';\n",
		"index.php": "<?php echo 'page of " + below + "';", ".htaccess": "# the rules of " + below + "\n"} {
		s.file(below+"/"+name, text)
	}
}

// layOut fills the account: a WordPress in the docroot and others below and beside it, a Joomla and a Drupal, one that is
// registered, and one that was and has been moved.
func (s *site) layOut(shared, user, password string) {
	s.t.Helper()
	s.smallWordPress("public_html", s.siteConfig(shared, user, password, "wp_"))
	s.smallWordPress("public_html/blog", s.siteConfig(shared, user, "not-the-password", "blog_"))
	s.smallWordPress("public_html/blog/inside/it", "<?php define('DB_NAME', getenv('NAME'));")
	s.smallWordPress("example.org/public_html", s.siteConfig(shared, user, password, "none_"))
	s.smallWordPress("public_html/known", s.siteConfig(shared, user, password, "known_"))
	s.smallWordPress("public_html/after", s.siteConfig(shared, user, password, "moved_"))
	s.tree("joomla", "/forum/")
	s.file("public_html/forum/administrator/manifests/files/joomla.xml", "<extension><name>files_joomla</name><version>4.4.1</version></extension>")
	s.tree("drupal", "/deep/down/shop/")
	s.file("public_html/deep/down/shop/core/lib/Drupal.php", "<?php\nclass Drupal {\n  const VERSION = '10.2.0';\n}\n")
	s.must(os.Symlink("public_html", filepath.Join(s.host.Home, "www"))) // as cPanel has it
	s.must(s.host.Chown(s.host.Home))
	s.register("known", "wordpress", "/known/")
	s.post("/instances/create.php", map[string]any{"instance_id": "nomad", "instance_name": "Nomad", "cms_type": "wordpress", "database_name": shared,
		"database_prefix": "moved_", "domain": strings.TrimPrefix(s.host.URL, "http://"), "path_prefix": "/after/", "path": filepath.Join(s.host.Docroot, "before")}).want(201)
}

// listing is everything of the account but what is vpm's own, with its times.
func (s *site) listing() string {
	s.t.Helper()
	var b strings.Builder
	s.must(filepath.WalkDir(s.host.Home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "vpm-data" {
			return fs.SkipDir
		}
		info, err := entry.Info()
		if err == nil && path != s.host.Home {
			fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	return b.String()
}

// TestScanAndAdopt finds what lies in the account, registers it without touching it, and stops what is registered.
func TestScanAndAdopt(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql", php: true}, {driver: "mysql", php: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			d := s.db.NewDatabase(t)
			_, err := s.db.Exec("USE " + d.Name + "; CREATE TABLE wp_options (option_name VARCHAR(191), option_value LONGTEXT); " +
				"INSERT INTO wp_options VALUES ('siteurl', 'https://elsewhere.example/'), ('home', '" + s.host.URL + "')")
			s.must(err)
			s.layOut(d.Name, d.User, d.Password)
			before := s.listing()
			s.wantScanned(d.Name)
			s.wantAdopted(d.Name)
			if after := s.listing(); after != before {
				t.Errorf("on disk was\n%s\nand is\n%s", before, after)
			}
			for below, f := range s.scan() {
				if f.InstanceID == nil || f.Moved || f.Suggested != "" {
					t.Errorf("afterwards %s is %+v", below, f)
				}
			}
			s.stopAdopted()
			if strings.Contains(s.host.ErrorLog(), "password") || strings.Contains(s.host.ErrorLog(), d.Password) {
				t.Errorf("the error log is %s", s.host.ErrorLog())
			}
		})
	}
}

// wantScanned checks what is found before anything is adopted.
func (s *site) wantScanned(shared string) {
	s.t.Helper()
	host := strings.NewReplacer("http://", "", ":", "-", ".", "-").Replace(s.host.URL)
	host = host[:strings.LastIndex(host, "-")] // an id has no port
	const byPlace, byDatabase = "where it lies", "the site's database"
	want := map[string]foundSite{
		"public_html":                {Type: "wordpress", Version: "6.4.2", URL: s.host.URL, From: byDatabase, Database: shared, Prefix: "wp_", Suggested: host},
		"public_html/blog":           {Type: "wordpress", Version: "6.4.2", URL: s.host.URL + "/blog/", From: byPlace, Database: shared, Prefix: "blog_", Suggested: host + "-blog"},
		"public_html/blog/inside/it": {Type: "wordpress", Version: "6.4.2", URL: s.host.URL + "/blog/inside/it/", From: byPlace, Suggested: host + "-blog-inside-it"},
		"example.org/public_html":    {Type: "wordpress", Version: "6.4.2", URL: "http://example.org/", From: byPlace, Database: shared, Prefix: "none_", Suggested: "example-org"},
		"public_html/known":          {Type: "wordpress", Version: "6.4.2", URL: s.host.URL + "/known/", From: byPlace, Database: shared, Prefix: "known_", InstanceID: new("known")},
		"public_html/after":          {Type: "wordpress", Version: "6.4.2", URL: s.host.URL + "/after/", From: byPlace, Database: shared, Prefix: "moved_", InstanceID: new("nomad"), Moved: true},
		"public_html/forum":          {Type: "joomla", Version: "4.4.1", URL: s.host.URL + "/forum/", From: byPlace, Suggested: host + "-forum"},
		"public_html/deep/down/shop": {Type: "drupal", Version: "10.2.0", URL: s.host.URL + "/deep/down/shop/", From: byPlace, Suggested: host + "-deep-down-shop"},
	}
	found := s.scan()
	for below, w := range want {
		f, there := found[below]
		delete(found, below)
		if size := f.Size; (size != nil) != (below == "public_html") || size != nil && *size < 16<<10 {
			s.t.Errorf("the database of %s has %v bytes", below, size)
		}
		id := func(f foundSite) string {
			if f.InstanceID == nil {
				return "none"
			}
			return *f.InstanceID
		}
		got, wanted := id(f), id(w)
		f.Size, f.Dir, f.InstanceID, w.InstanceID = nil, "", nil, nil
		if !there || f != w || got != wanted {
			s.t.Errorf("%s is found as %s, %+v\nwant %s, %+v", below, got, f, wanted, w)
		}
	}
	if len(found) > 0 {
		s.t.Errorf("found too are %+v", found)
	}
}

// wantAdopted registers all that is found, and what must be refused along with it.
func (s *site) wantAdopted(shared string) {
	s.t.Helper()
	var sites []map[string]any
	var want []string
	for below, f := range s.scan() {
		sites = append(sites, map[string]any{"dir": f.Dir})
		switch {
		case below == "public_html/known":
			want = append(want, "conflict known")
		case f.Moved:
			want = append(want, "repaired nomad")
		default:
			want = append(want, "ok "+f.Suggested)
		}
	}
	home := s.host.Home
	for _, dir := range []string{"/etc", filepath.Dir(home), home + "/../../etc", "public_html/blog", ""} {
		sites, want = append(sites, map[string]any{"dir": dir, "cms_type": "native"}), append(want, "invalid ")
	}
	sites, want = append(sites, map[string]any{"dir": filepath.Join(s.host.Docroot, "blog")}), append(want, "conflict any")
	sites, want = append(sites, map[string]any{"dir": filepath.Join(s.host.Docroot, "deep")}), append(want, "not_found ")
	var out struct {
		Success bool
		Failed  int
		Results []struct {
			Dir, Message, Code string
			ID                 string `json:"instance_id"`
			Success, Repaired  bool
		}
	}
	s.post("/instances/adopt.php", map[string]any{"sites": sites}).want(200).decode(&out)
	if out.Success || out.Failed != 8 || len(out.Results) != len(sites) {
		s.t.Errorf("the answer is %+v", out)
	}
	for i, r := range out.Results {
		got := r.Code + " " + r.ID
		switch {
		case r.Success && r.Repaired:
			got = "repaired " + r.ID
		case r.Success:
			got = "ok " + r.ID
		}
		if got != want[i] && !strings.HasSuffix(want[i], " any") || r.Dir != sites[i]["dir"] || r.Success != (r.Code == "") {
			s.t.Errorf("%v is answered %+v; want %s", sites[i], r, want[i])
		}
	}
	nomad := s.get("/v1/instances/nomad").want(200)
	if !strings.Contains(string(nomad.body), `"path":"`+filepath.Join(s.host.Docroot, "after")+`"`) {
		s.t.Errorf("the one that was moved is %s", nomad.body)
	}
	if one := s.get("/v1/instances/example-org").want(200); !strings.Contains(string(one.body), `"domain":"example.org"`) || !strings.Contains(string(one.body), `"database_name":"`+shared+`"`) {
		s.t.Errorf("the addon domain's is %s", one.body)
	}
}

// stopAdopted closes sites by what was found out about them, each of them alone.
func (s *site) stopAdopted() {
	s.t.Helper()
	id := map[string]string{}
	for below, f := range s.scan() {
		if f.InstanceID == nil {
			s.t.Fatalf("%s is not registered", below)
		}
		id[below] = *f.InstanceID
	}
	at := func(below string) string { return strings.TrimPrefix(below, "public_html") + "/" }
	others := []string{"public_html", "public_html/blog", "public_html/blog/inside/it", "public_html/after", "public_html/forum", "public_html/deep/down/shop", "public_html/known"}
	for _, below := range []string{"public_html/forum", "public_html/after", "public_html/blog", "public_html"} {
		if a := s.visit("GET", at(below)); a.status != 200 {
			s.t.Errorf("%s answers %d before it is stopped", below, a.status)
		}
		if stop := s.post("/instances/stop.php", map[string]any{"instance_id": id[below]}).want(200); stop.field("observed") != "stopped" || stop.field("spared") != nil {
			s.t.Errorf("the stop of %s is answered %s", below, stop.body)
		}
		s.wantClosed(at(below), at(below)+"index.php")
		for _, other := range others {
			if other != below {
				s.wantOpen(at(other))
			}
		}
		s.get("/instances/list.php").want(200)
		s.post("/instances/start.php", map[string]any{"instance_id": id[below]}).want(200)
		s.wantOpen(at(below))
	}
}
