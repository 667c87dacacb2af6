package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"vpm/core"
	"vpm/core/httpapi"
	"vpm/core/layout"
)

// kind is what is done about a directory.
type kind int

const (
	asItIs kind = iota
	emptyDirectory
	fromCore
)

// plan is what a new instance's directory is to become.
type plan struct {
	kind     kind
	insists  bool
	dir      string
	core     layout.Core
	database *layout.Database
	note     string // why the site is not made from a core, for people
	err      error
}

// plan looks at what there is. Whatever makes the layout impossible is an error only for those who insist on one:
// without a word about it, a site that is there is registered as it always was.
func (s *sites) plan(n core.NewInstance, l httpapi.Layout) plan {
	p := plan{insists: l.Wanted != nil && *l.Wanted}
	if l.Wanted != nil && !*l.Wanted || core.CheckID(n.InstanceID) != nil { // Create says what is wrong with the id
		return p
	}
	var at layout.Place
	var err error
	if p.dir, err = s.placeOf(n); err == nil {
		at, err = layout.Look(p.dir)
	}
	if err == nil && at == layout.Occupied {
		err = core.Errorf(core.CodeConflict, "cannot lay out the site: %s is there and not empty", p.dir)
	}
	if err != nil {
		if p.note = core.Sentence(err) + "; it is registered as it is"; p.insists {
			p.err = err
		}
		return p
	}
	p.core, err = layout.FindCore(s.config.SharedCores, n.CMSType)
	switch {
	case err == nil:
		p.kind = fromCore
		p.database, p.err = database(n, l)
	case p.insists && n.CMSType != "native":
		p.err = core.Errorf(core.CodeConflict, "%s", core.Sentence(err)).Because(err)
	case at == layout.Interrupted:
		p.note = p.dir + " is there and not empty; it is registered as it is"
	default:
		p.kind, p.note = emptyDirectory, core.Sentence(err)
	}
	return p
}

// database is what WordPress's configuration is to have. Never the panel's own login: who breaks into one site would
// have that of the panel, and through it all others.
func database(n core.NewInstance, l httpapi.Layout) (*layout.Database, error) {
	d := layout.Database{Name: n.DatabaseName, User: l.DatabaseUser, Password: l.DatabasePassword, Host: l.DatabaseHost, Prefix: n.DatabasePrefix}
	switch {
	case d.User == "" && (d.Password != "" || d.Host != ""):
		return nil, core.Errorf(core.CodeInvalid, "Field 'database_user' is required with database_password and database_host")
	case d.User == "":
		return nil, nil
	case n.CMSType != "wordpress":
		return nil, core.Errorf(core.CodeInvalid, "cannot use field 'database_user' with %s: its own installer asks for it", n.CMSType)
	}
	if d.Prefix == "" {
		d.Prefix = "wp_"
	}
	if d.Host == "" {
		d.Host = "localhost"
	}
	return &d, d.Check()
}

// placeOf is the new instance's directory with no link on the way to it: among those of the sites, and nothing of ours.
func (s *sites) placeOf(n core.NewInstance) (string, error) {
	base := s.config.InstancesDir
	dir := filepath.Join(base, n.InstanceID)
	if filepath.IsAbs(n.Path) {
		dir = filepath.Clean(n.Path)
	}
	parent := filepath.Dir(dir)
	if parent == base {
		if err := os.Mkdir(base, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return dir, core.Errorf(core.CodeUnavailable, "cannot lay out the site: the directory %s cannot be made", base).Because(err)
		}
	}
	real, err := filepath.EvalSymlinks(parent)
	if err != nil {
		return dir, core.Errorf(core.CodeNotFound, "cannot lay out the site: the directory %s is not there", parent)
	}
	dir = filepath.Join(real, filepath.Base(dir))
	switch {
	case !s.mayHold(dir):
		return dir, core.Errorf(core.CodeInvalid, "cannot lay out the site: %s is not where sites may be", dir)
	case n.Docroot != "" && !core.Within(filepath.Clean(n.Docroot), dir):
		return dir, core.Errorf(core.CodeInvalid, "cannot lay out the site: its docroot is not in its directory")
	}
	return dir, nil
}

// mayHold tells whether a site may be laid out at dir.
func (s *sites) mayHold(dir string) bool {
	ours := append(slices.Clone(s.rt.Panel), s.config.SharedCores)
	if s.config.DataDir != "" {
		ours = append(ours, s.config.DataDir)
	}
	within := func(d string) bool {
		real, err := filepath.EvalSymlinks(d)
		return core.Within(dir, d) || err == nil && core.Within(dir, real)
	}
	return !slices.ContainsFunc(ours, within) && slices.ContainsFunc(s.rt.Allowed, within)
}
