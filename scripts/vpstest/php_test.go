package vpstest

import (
	"strconv"

	"vpm/scripts/php"
)

// wantPHP makes every call of the PHP class, over HTTP, and by the uploaded program, which hands them on to the server.
func (s *server) wantPHP() {
	s.t.Helper()
	const dir = docroot + "/kernel" // from where it finds the program
	for _, name := range []string{"VirtualProcessManager.php", "testdata/call.php", "testdata/usage.php"} {
		if err := s.CopyIn("../php/"+name, dir+"/"+name); err != nil {
			s.t.Fatal(err)
		}
	}
	uid, err := strconv.Atoi(s.sh("chmod -R a+rX " + dir + "; id -u www-data"))
	if err != nil {
		s.t.Fatal(err)
	}
	token := s.call("POST", "tokens/create.php", map[string]any{"name": "php", "scope": "manage"})["token"]
	overHTTP := php.Caller{UID: uid, Home: "/home/shop", Dir: dir, Start: s.Start, Options: map[string]any{"url": "http://127.0.0.1/api", "token": token}}
	overHTTP.Try(s.t, "blog", "real")
	child := overHTTP
	child.Options = map[string]any{"url": "http://127.0.0.1:1/api", "token": token}
	child.Try(s.t, "blog", "real")
	s.sh("rm -r " + dir)
}
