package provision

import (
	"io"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"vpm/htaccess"
)

const (
	maxHtaccess = 100 << 10 // bytes of one file
	maxRules    = 1000      // of a site
)

// carryTree reads the .htaccess files of a copy that is root's alone still.
func carryTree(top *os.File) (rules []rule, carried, left []Line) {
	add := func(dir *os.File, at string) error {
		f, err := openAt(dir, ".htaccess", unix.O_RDONLY, 0)
		if err != nil {
			return gone(err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxHtaccess+1))
		if err != nil || len(text) > maxHtaccess || len(rules) > maxRules {
			left = append(left, Line{File: path.Join(at, ".htaccess"), Why: "it is too large, or the site has too many"})
			return nil
		}
		text, _ = htaccess.Open(text) // a gate of vpm's is none of the site's rules
		r, c, l := carry(at, string(text))
		rules, carried, left = append(rules, r...), append(carried, c...), append(left, l...)
		return nil
	}
	var walk func(dir *os.File, at string, depth int) error
	walk = func(dir *os.File, at string, depth int) error {
		if err := add(dir, at); err != nil {
			return err
		}
		return eachEntry(dir, depth, func(name string, st unix.Stat_t) error {
			if st.Mode&unix.S_IFMT != unix.S_IFDIR {
				return nil
			}
			sub, err := openAt(dir, name, dirFlags, 0)
			if err != nil {
				return err
			}
			defer sub.Close()
			return walk(sub, path.Join(at, name), depth+1)
		})
	}
	if err := walk(top, "", 0); err != nil {
		left = append(left, Line{File: ".htaccess", Why: "not all of the site's could be read: " + err.Error()})
	}
	return rules, carried[:min(len(carried), maxListed)], left[:min(len(left), maxListed)]
}
