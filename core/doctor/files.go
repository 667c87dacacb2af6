package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"vpm/htaccess"
)

// program looks at what was uploaded by suEXEC's rules: it runs nothing that others may write, nor from where they may.
func (p *Panel) program(context.Context) Finding {
	if p.Server {
		return Skipped("a server answers, and not an uploaded program")
	}
	dir := p.Config.Place.ProgramDir
	path := filepath.Join(dir, htaccess.Program)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Failed("upload it from the zip of this release", "%s is missing", path)
	case err != nil:
		return Unknown("", "%s cannot be looked at", path)
	case !info.Mode().IsRegular():
		return Failed("upload the program itself in its place", "%s is not a file", path)
	case info.Mode().Perm()&0o100 == 0:
		return Failed("give it the permissions 755", "%s cannot be run (%04o)", path, info.Mode().Perm())
	}
	around, err := os.Stat(dir)
	if err != nil {
		return Unknown("", "%s cannot be looked at", dir)
	}
	for at, is := range map[string]os.FileInfo{path: info, dir: around} {
		if is.Mode().Perm()&0o022 != 0 {
			return Warning("give it the permissions 755", "others may write to %s (%04o), and suEXEC runs nothing there", at, is.Mode().Perm())
		}
	}
	if a, b := owner(info), owner(around); a != b {
		return Warning("let both belong to the account", "%s belongs to the user %d and its directory to %d: suEXEC runs no such program", path, a, b)
	}
	return OK("%s may be run, and nobody else may change it", path)
}

// owner is the number of a file's user.
func owner(info os.FileInfo) int {
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// routingFile compares api/.htaccess with what this version writes. Lines of one's own around it do no harm.
func (p *Panel) routingFile(context.Context) Finding {
	if p.Server {
		return Skipped("a server answers, by the web server's own configuration")
	}
	path := filepath.Join(p.Config.Place.ProgramDir, ".htaccess")
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Warning("upload it from the zip of this release; file managers hide names that begin with a dot", "%s is missing", path)
	case err != nil:
		return Unknown("", "%s cannot be read", path)
	case !strings.Contains(strings.ReplaceAll(string(text), "\r\n", "\n"), htaccess.Routing()):
		return Warning("upload it from the zip of this release", "%s is of another version or was edited: some addresses may not reach vpm", path)
	}
	return OK("%s is that of this version", path)
}

func (p *Panel) settings(context.Context) Finding {
	c := p.Config
	switch {
	case len(c.Warnings) > 0:
		return Warning("mend that", "%s", strings.Join(c.Warnings, "; "))
	case c.File == "":
		return OK("the settings come from the environment")
	}
	info, err := os.Stat(c.File)
	switch {
	case err != nil:
		return Failed("restore it from a backup", "the settings in %s, which were read, cannot be found any more", c.File)
	case info.Mode().Perm()&0o077 != 0:
		return Warning("give it the permissions 600", "others may read %s, which holds a password (%04o)", c.File, info.Mode().Perm())
	case c.Place.Served(c.File):
		return Warning("move it to "+filepath.Join(filepath.Dir(c.Place.WebRoot), filepath.Base(c.File)),
			"only the routing file keeps visitors from the settings in %s", c.File)
	}
	return OK("every setting in %s is understood, and nobody else may read them", c.File)
}

func (p *Panel) dataDirectory(context.Context) Finding {
	dir := p.Config.DataDir
	if dir == "" {
		return Skipped("the settings name no data directory")
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil || !info.IsDir():
		return Failed("restore it from a backup, or set VPM_DATA_DIR", "the data directory %s is missing", dir)
	case owner(info) != os.Geteuid():
		return Failed("let it belong to the user that vpm runs as", "the data directory %s belongs to the user %d, and vpm runs as %d", dir, owner(info), os.Geteuid())
	}
	f, err := os.CreateTemp(dir, ".writable-")
	if err != nil {
		return Failed("give it the permissions 700, and check that the quota is not used up", "no file can be made in the data directory %s", dir)
	}
	_, werr := f.Write(make([]byte, 4096)) // a quota that is used up still makes empty files
	if err := errors.Join(werr, f.Close(), os.Remove(f.Name())); err != nil {
		return Failed("check that the quota is not used up", "nothing can be written in the data directory %s", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Warning("give it the permissions 700", "others may look into the data directory %s (%04o)", dir, info.Mode().Perm())
	}
	if p.Config.Place.Served(dir) {
		if rules, err := os.ReadFile(filepath.Join(dir, ".htaccess")); err != nil || !strings.Contains(string(rules), "Require all denied") {
			return Failed("put a file .htaccess with the line \"Require all denied\" there", "visitors can fetch what is in the data directory %s", dir)
		}
		return Warning("move it beside the document root, and set VPM_DATA_DIR", "only its .htaccess file keeps visitors from the data directory %s", dir)
	}
	return OK("the data directory %s can be written, and visitors cannot reach it", dir)
}

// Below these a disk is nearly full, and full.
const (
	scarceSpace = 500 << 20
	noSpace     = 50 << 20
)

// Space tells whether the disks of the paths have room. Those that are not there are left out.
func Space(paths ...string) Finding {
	least := ""
	var left uint64
	for _, path := range paths {
		var st syscall.Statfs_t
		if path == "" || syscall.Statfs(path, &st) != nil {
			continue // where it is not there, another check says so
		}
		if free := uint64(st.Bavail) * uint64(st.Bsize); least == "" || free < left {
			least, left = path, free
		}
	}
	switch {
	case least == "":
		return Unknown("", "the space on the disks cannot be told")
	case left < noSpace:
		return Failed("free some space", "the disk of %s has %d MB left", least, left>>20)
	case left < scarceSpace:
		return Warning("free some space", "the disk of %s has %d MB left", least, left>>20)
	}
	return OK("there is space on the disks; that of %s has %d MB left, as far as a quota allows", least, left>>20)
}

func (p *Panel) space(context.Context) Finding {
	return Space(p.Config.DataDir, p.Config.Place.ProgramDir)
}

// ours are the names of temporary files that a killed process leaves.
func ours() *regexp.Regexp { return regexp.MustCompile(`^\..+\.vpm-tmp-[0-9]+$|^\.writable-[0-9]+$`) }

// What bounds the search for them.
const (
	forgotten  = time.Hour
	mostNames  = 10_000
	mostPlaces = 200
)

// leftovers looks where vpm writes. What is young may belong to a change that is under way.
func (p *Panel) leftovers(ctx context.Context) Finding {
	places := []string{p.Config.DataDir, p.Config.Place.ProgramDir}
	for _, r := range p.records[:min(len(p.records), mostPlaces)] {
		places = append(places, r.Instance.Docroot(p.Config.InstancesDir))
	}
	pattern := ours()
	var left []string
	for _, dir := range places {
		if ctx.Err() != nil {
			return Unknown("", "looking for temporary files in %d directories took too long", len(places))
		}
		if dir == "" {
			continue
		}
		f, err := os.Open(dir)
		if err != nil {
			continue // the directory is another check's
		}
		names, _ := f.Readdirnames(mostNames) // as far as it can be read
		f.Close()
		for _, name := range names {
			path := filepath.Join(dir, name)
			if info, err := os.Lstat(path); pattern.MatchString(name) && err == nil && p.Now().Sub(info.ModTime()) > forgotten {
				left = append(left, path)
			}
		}
	}
	if len(left) > 0 {
		return Warning("remove them", "a change that was cut off has left %s", some(left))
	}
	return OK("no change has left temporary files")
}

// some names a few, and counts the rest.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
