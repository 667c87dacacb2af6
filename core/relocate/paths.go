package relocate

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"vpm/core/cms"
)

// largestText bounds what is read of a file of a site.
const largestText = 1 << 20

// notePaths says which files of the sites name directories of the shared host: they are the sites' own, and a site that is
// moved lies elsewhere again.
func (p *Plan) notePaths() {
	a := p.account
	if a.was == "" || a.was == a.home {
		return
	}
	for _, s := range a.sites {
		files := []string{filepath.Join(s.dir, ".htaccess"), filepath.Join(s.dir, ".user.ini"), filepath.Join(s.dir, "php.ini")}
		if config, err := cms.ConfigFile(s.dir, s.cms); err == nil {
			files = append(files, config)
		}
		for _, file := range files {
			if line := lineWith(file, a.was+"/"); line > 0 {
				p.note("%s, line %d, names a directory below %s; look at it, as vpm changes no file of a site", file, line, a.was)
			}
		}
	}
}

// lineWith gives the first line of a file that holds text, 0 for none.
func lineWith(file, text string) int {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO holds nobody up
	if err != nil {
		return 0
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0
	}
	held, err := io.ReadAll(io.LimitReader(f, largestText))
	before, _, found := strings.Cut(string(held), text)
	if err != nil || !found {
		return 0
	}
	return strings.Count(before, "\n") + 1
}
