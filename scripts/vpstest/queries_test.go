package vpstest

import "strings"

// wantQueries counts the statements of a site's database by what the database server itself has of them.
func (s *server) wantQueries() {
	s.t.Helper()
	s.sh("mariadb -e 'CREATE DATABASE shopdb'")
	s.change("update", "database_name", "shopdb")
	want := func(from string, least float64) {
		s.t.Helper()
		figures, _ := s.call("GET", "instances/monitor.php?instance_id=blog", nil)["real"].(map[string]any)
		n, measured := figures["queries"].(float64)
		said, _ := figures["queries_from"].(string)
		if !strings.Contains(said, from) || n < least || measured != strings.HasPrefix(said, "measured") || !measured && figures["queries"] != "unavailable" {
			s.t.Errorf("queries: %v, %q; want %v from %q", figures["queries"], said, least, from)
		}
	}
	const ask = "mariadb shopdb -e 'SELECT 1; SELECT 2; SELECT 3'"
	want("unavailable: cannot count", 0)
	s.sh("mariadb -e \"SET GLOBAL log_output = 'TABLE', slow_query_log = 1, long_query_time = 0\"; " + ask)
	want("mysql.slow_log", 3)
	const conf = "/etc/mysql/mariadb.conf.d/99-count.cnf"
	s.sh("printf '[mariadbd]\\nperformance_schema = ON\\nperformance-schema-instrument = statement/%%=ON\\nperformance-schema-consumer-statements-digest = ON\\nperformance-schema-digests-size = 200\\n' > " + conf + "; systemctl restart mariadb; " + ask)
	want("by performance_schema's digests", 3)
	s.sh("for i in $(seq 250); do echo \"SELECT 1 AS a$i;\"; done | mariadb shopdb")
	want("a part of the statements", 3)
	// The account may see counts, and nothing that people said.
	if out, err := s.Run(s.limited(), "runuser", "-u", "vpmd", "--", "mariadb", "-e", "SELECT sql_text FROM mysql.slow_log"); err == nil {
		s.t.Errorf("the server reads statements: %q", out)
	}
	s.sh("rm " + conf + "; systemctl restart mariadb")
	s.change("update", "database_name", "none")
}
