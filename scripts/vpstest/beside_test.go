package vpstest

import "strings"

// wantBeside stops and moves a site that lies where instances do by default, beside the document root, and refuses one
// in the home of somebody else.
func (s *server) wantBeside() {
	s.t.Helper()
	const dir, other, alias = "/home/shop/instances/notes", "/home/other/notes", "/etc/apache2/conf-enabled/notes.conf"
	text := "Alias /notes " + dir + "\n<Directory " + dir + ">\n Require all granted\n AllowOverride All\n</Directory>\n" +
		"Alias /others " + other + "\n<Directory " + other + ">\n Require all granted\n AllowOverride All\n</Directory>\n"
	for path, text := range map[string]string{dir + "/index.html": "notes", other + "/index.html": "theirs", alias: text} {
		if err := s.WriteFile(path, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	s.sh("chown -R www-data: " + dir + "; systemctl restart apache2")
	notes, theirs := map[string]any{"instance_id": "notes"}, map[string]any{"instance_id": "theirs"}
	body := map[string]any{"cms_type": "native", "domain": "shop.test", "database_name": "none"}
	create := func(id, prefix, path string) {
		body["instance_id"], body["instance_name"], body["path_prefix"] = id, id, prefix
		if path != "" {
			body["path"] = path
		}
		s.call("POST", "instances/create.php", body)
	}
	create("notes", "/notes", "")
	create("theirs", "/others", other)

	stopped := s.call("POST", "instances/stop.php", map[string]any{"instance_id": "notes", "reason": "new shelf"})
	if a := s.get("http://shop.test/notes/"); stopped["observed"] != "stopped" || a.status != 503 || !strings.Contains(a.text, "new shelf") {
		s.t.Errorf("a stop: %v, %v", stopped, a)
	}
	s.call("POST", "instances/start.php", notes)
	if a := s.get("http://shop.test/notes/"); a.text != "notes" {
		s.t.Errorf("started, it says %v", a)
	}
	result, _ := s.call("POST", "instances/move.php", notes)["result"].(map[string]any)
	if docroot, _ := result["docroot"].(string); !strings.HasPrefix(docroot, "/srv/vpm/notes") {
		s.t.Errorf("the move: %v", result)
	}
	if err := s.Wait(s.limited(), func() bool { return s.get("http://shop.test/notes/").text == "notes" }); err != nil {
		s.t.Error(err, s.get("http://shop.test/notes/"))
	}

	if a := s.send("POST", "http://shop.test/api/instances/move.php", theirs); a.status != 403 || !strings.Contains(a.text, "not where vpm may look for sites") {
		s.t.Errorf("the move of a site in somebody else's home: %v", a)
	}
	if left := s.sh("ls -A " + other); left != "index.html" {
		s.t.Errorf("in somebody else's home there is %s", left)
	}

	s.call("POST", "instances/move.php", map[string]any{"instance_id": "notes", "operation": "undo"})
	s.call("POST", "instances/move.php", map[string]any{"instance_id": "notes", "operation": "remove"})
	s.call("POST", "instances/delete.php", notes)
	s.call("POST", "instances/delete.php", theirs)
	s.sh("rm -r /home/shop/instances /home/other " + alias + " /srv/vpm/.removed; systemctl restart apache2")
}
