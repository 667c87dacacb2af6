package install

import (
	"path"
	"strings"

	"vpm/core/config"
)

// sourcesFile is where root's helpers read in which directories they may copy and close the sites of the upload, beside
// those that any server has; see provision.Paths.
const sourcesFile = "/etc/vpm/sources.d/upload"

// Sources are patterns of the directories that an upload has its sites in: its document root, the default place of
// instances beside it, and where that is the home of an account, all of the account's. They follow from where the
// upload lies, and not from its settings: those are its owner's.
func Sources(place config.Place) []string {
	account := path.Dir(place.WebRoot)
	all := []string{place.WebRoot, path.Join(account, "instances/*")}
	for _, homes := range []string{"/home/", "/srv/", "/opt/"} {
		if name, ok := strings.CutPrefix(account, homes); ok && name != "" {
			all = append(all, account+"/*")
		}
	}
	return all
}

// writeSources is the step that lets root's helpers at the sites of the upload.
func (p *Plan) writeSources(up upload) step {
	return p.file(content{path: sourcesFile, mode: 0o644, text: []byte("# Where the sites of " + up.dir + " may lie. Others are for another file in this directory.\n" +
		strings.Join(Sources(up.place), "\n") + "\n")}, "")
}
