package main

import (
	"fmt"
	"strings"
	"testing"
)

// measured is what monitor reports of a site's database.
type measured struct {
	Size     int64             `json:"database_size"`
	Tables   int64             `json:"database_tables"`
	Evidence map[string]string `json:"evidence"`
}

func (s *site) databaseOf(id string) measured {
	s.t.Helper()
	var m struct{ Resources measured }
	s.get("/instances/monitor.php?instance_id=" + id).want(200).decode(&m)
	return m.Resources
}

// TestSitesShareADatabase: each is measured by its own prefix, with its own login, for the panel's may see nothing of it.
// And a login that is wrong shows in the health of that site alone.
func TestSitesShareADatabase(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql", php: true}, {driver: "mysql", php: true, fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			d := s.db.NewDatabase(t)
			var create []string
			for table, rows := range map[string]int{"a_options": 1, "a_posts": 300, "b_options": 1, "ab_posts": 50} {
				create = append(create, fmt.Sprintf("CREATE TABLE %[1]s (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(4000)); "+
					"INSERT INTO %[1]s (v) SELECT REPEAT('x', 4000) FROM seq_1_to_%[2]d; ANALYZE TABLE %[1]s", table, rows))
			}
			_, err := s.db.Exec("USE " + d.Name + "; " + strings.Join(create, "; "))
			s.must(err)
			for _, id := range []string{"a", "b"} {
				name := "site-" + id
				s.smallWordPress("public_html/"+name, s.siteConfig(d.Name, d.User, d.Password, id+"_"))
				s.must(s.host.Chown(s.host.Docroot))
				s.register(name, "wordpress", "/"+name+"/")
				s.post("/instances/update.php", map[string]any{"instance_id": name, "database_name": d.Name, "database_prefix": id + "_"}).want(200)
			}
			if out := s.tick(); out.Seen != 2 || len(out.Unhealthy) > 0 {
				t.Errorf("the tick says %+v", out)
			}
			for id, tables := range map[string]int64{"a": 2, "b": 1} {
				sizes, err := s.db.Exec("SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = '" + d.Name + "' AND table_name LIKE '" + id + "\\_%'")
				s.must(err)
				m := s.databaseOf("site-" + id)
				if fmt.Sprint(m.Size) != sizes || m.Tables != tables || !strings.Contains(m.Evidence["database_size"], "read with the site's own database user") {
					t.Errorf("of %s is measured %+v; the server says %s", id, m, sizes)
				}
			}
			s.wrongDatabasePassword(d.Name)
		})
	}
}

func (s *site) wrongDatabasePassword(shared string) {
	s.t.Helper()
	const wrong = "s3cret-and-wrong"
	s.file("public_html/site-b/wp-config.php", s.siteConfig(shared, shared, wrong, "b_"))
	var logged strings.Builder
	for id, want := range map[string]string{"site-a": "ok", "site-b": "failed: The database does not answer with the site's own credentials: " +
		"cannot look into the site's database: its server refuses the site's user name or password"} {
		h := s.get("/instances/health.php?fresh=1&instance_id=" + id).want(200)
		checks := h.checks()
		if !strings.HasPrefix(checks["database"], want) || h.field("healthy") != (want == "ok") || checks["http"] != "ok" || checks["configuration"] != "ok" {
			s.t.Errorf("the health of %s is %s", id, h.body)
		}
		logged.Write(h.body)
	}
	out := s.tick()
	if fmt.Sprint(out.Unhealthy) != "[site-b]" || len(out.Failed) > 0 {
		s.t.Errorf("the tick says %+v", out)
	}
	resources := s.get("/instances/resources.php?fresh=1&instance_id=site-b").want(200)
	if !strings.Contains(string(resources.body), `"database_size":"unknown: `) || resources.field("database_size") != 0.0 {
		s.t.Errorf("with a wrong password is measured %s", resources.body)
	}
	logged.Write(resources.body)
	logged.WriteString(s.host.ErrorLog())
	if strings.Contains(logged.String(), wrong) || strings.Contains(logged.String(), "Access denied") {
		s.t.Errorf("the password or what the server said is in %s", logged.String())
	}
}
