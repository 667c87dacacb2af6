package pagetest

import (
	"path/filepath"

	"vpm/scripts/lab"
)

// installWordPress puts Debian's WordPress in a directory of the docroot, has its own installer set it up, and gives
// the name of its database.
func (s *site) installWordPress(at string) string {
	s.t.Helper()
	db := database(s.t)
	must(s.t, s.Host.InstallWordPress(filepath.Join(s.Docroot, at), lab.WordPress{Database: db, URL: s.URL + "/" + at + "/",
		Title: "A blog", Password: password}))
	return db.Name
}
