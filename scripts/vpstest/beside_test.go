package vpstest

import (
	"encoding/json"
	"strings"
)

// wantBeside stops and moves a site that lies where instances do by default, beside the document root, and refuses one
// in the home of somebody else.
func (s *server) wantBeside() {
	s.t.Helper()
	const home, dir, other, alias = "/home/shop/instances/notes", "/home/shop/instances/notes/public", "/home/other/notes", "/etc/apache2/conf-enabled/notes.conf"
	text := "Alias /notes " + dir + "\n<Directory " + dir + ">\n Require all granted\n AllowOverride All\n</Directory>\n" +
		"Alias /others " + other + "\n<Directory " + other + ">\n Require all granted\n AllowOverride All\n</Directory>\n"
	for path, text := range map[string]string{dir + "/index.html": "notes", other + "/index.html": "theirs", alias: text} {
		if err := s.WriteFile(path, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	s.sh("chown -R www-data: /home/shop/instances; systemctl restart apache2")
	notes, theirs := map[string]any{"instance_id": "notes"}, map[string]any{"instance_id": "theirs"}
	body := map[string]any{"cms_type": "native", "domain": "shop.test", "database_name": "none"}
	create := func(id, prefix, path, root string) {
		body["instance_id"], body["instance_name"], body["path_prefix"], body["path"], body["docroot"] = id, id, prefix, path, root
		s.call("POST", "instances/create.php", body)
	}
	create("notes", "/notes", home, dir)
	create("theirs", "/others", other, other)
	where := func() string {
		in, _ := s.call("GET", "instances/monitor.php?instance_id=notes", nil)["instance"].(map[string]any)
		var config struct{ Path, Docroot string }
		text, _ := in["config"].(string)
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			s.t.Error(err, in)
		}
		return config.Path + " " + config.Docroot
	}
	before := where()
	if before != home+" "+dir {
		s.t.Errorf("the site lies in %s", before)
	}

	s.sh("chmod 750 " + home)
	for _, name := range []string{"stop", "start"} { // the first is asked for, and the second cannot be seen to be so
		if a := s.send("POST", "http://shop.test/api/instances/"+name+".php", notes); a.status != 409 || !strings.Contains(a.text, "setfacl -m u:vpmd:x "+home) {
			s.t.Errorf("%s of a site that the server may not see: %v", name, a)
		}
	}
	s.sh("chmod 755 " + home)
	s.call("POST", "instances/start.php", notes)
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
	if now := where(); now != before {
		s.t.Errorf("the site was in %q, and is after the undo in %q", before, now)
	}
	s.call("POST", "instances/move.php", map[string]any{"instance_id": "notes", "operation": "remove"})
	s.call("POST", "instances/delete.php", notes)
	s.call("POST", "instances/delete.php", theirs)
	s.sh("rm -r /home/shop/instances /home/other " + alias + " /srv/vpm/.removed; systemctl restart apache2")
}
