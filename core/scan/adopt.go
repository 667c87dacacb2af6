package scan

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vpm/core"
)

// Adoption is one site to register. What is empty is taken from what the site says.
type Adoption struct {
	Dir        string
	InstanceID string
	Name       string
	URL        string
	CMSType    string // native, for a directory without a CMS
	// MayRepair: an instance that was registered with another directory may be changed too.
	MayRepair bool
}

// Adopted is what became of it.
type Adopted struct {
	Dir        string
	InstanceID string
	Repaired   bool // an instance that was registered with another directory has this one now
	Err        error
}

// Adopt registers sites that are there, each by itself: one that cannot be does not keep the others back.
func (f *Finder) Adopt(ctx context.Context, by core.Actor, host string, list []Adoption) ([]Adopted, error) {
	records, _, err := f.Manager.Store.Records(ctx, core.Query{})
	if err != nil {
		return nil, err
	}
	out := make([]Adopted, len(list))
	for i, a := range list {
		out[i] = f.adopt(ctx, by, host, a, records)
		if out[i].Err != nil {
			continue
		}
		// The next one must neither take this id nor be taken for the same site, as a copy of it.
		if r, err := f.Manager.Store.Record(ctx, out[i].InstanceID); err == nil {
			records = append(slices.DeleteFunc(records, func(old core.Record) bool { return old.Instance.ID == r.Instance.ID }), r)
		}
	}
	return out, nil
}

func (f *Finder) adopt(ctx context.Context, by core.Actor, host string, a Adoption, records []core.Record) Adopted {
	out := Adopted{Dir: a.Dir}
	s, err := f.find(ctx, host, a)
	if err != nil {
		out.Err = err
		return out
	}
	found := []core.FoundSite{s}
	f.compare(found, records)
	switch s = found[0]; {
	case s.InstanceID != "" && !s.Moved:
		out.InstanceID = s.InstanceID
		out.Err = core.Errorf(core.CodeConflict, "cannot register this site: it is registered as %s", s.InstanceID)
	case s.Moved && !a.MayRepair:
		out.InstanceID = s.InstanceID
		out.Err = core.Errorf(core.CodeForbidden, "cannot put right where %s lies: that takes the permission to manage instances", s.InstanceID)
	case s.Moved:
		out.InstanceID, out.Repaired = s.InstanceID, true
		none := ""
		_, out.Err = f.Manager.Update(ctx, by, s.InstanceID, core.InstanceUpdate{Path: &s.Dir, Docroot: &none})
	default:
		if a.InstanceID == "" {
			a.InstanceID = s.Suggested
		}
		out.InstanceID = a.InstanceID
		_, out.Err = f.Manager.Create(ctx, by, registration(a, s))
	}
	return out
}

// find looks at the directory of an adoption, which must lie where sites are looked for.
func (f *Finder) find(ctx context.Context, host string, a Adoption) (core.FoundSite, error) {
	dir := filepath.Clean(a.Dir)
	if !filepath.IsAbs(dir) || !f.below(resolved(dir)) {
		return core.FoundSite{}, core.Errorf(core.CodeInvalid, "cannot register %s: it does not lie in the directories of this account", a.Dir)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return core.FoundSite{}, core.Errorf(core.CodeNotFound, "cannot register %s: it is no directory", a.Dir)
	}
	s := f.look(ctx, dir, host)
	switch {
	case s.CMS.Type == "" && a.CMSType != "native":
		return s, core.Errorf(core.CodeNotFound, "cannot find a WordPress, Joomla or Drupal in %s; register it as native if it is another site", a.Dir)
	case s.CMS.Type == "":
		s = core.FoundSite{Dir: dir, CMS: core.CMS{Type: "native"}, URL: f.guess(dir, host)}
	}
	if a.URL != "" {
		s.URL = a.URL
	}
	return s, nil
}

func (f *Finder) below(dir string) bool {
	for _, root := range f.Roots {
		if core.Within(dir, resolved(root)) {
			return true
		}
	}
	return false
}

// registration is what is stored of a site. The contract wants the name of a database from every one.
func registration(a Adoption, s core.FoundSite) core.NewInstance {
	n := core.NewInstance{InstanceID: a.InstanceID, Name: a.Name, CMSType: s.CMS.Type, CMSVersion: s.CMS.Version, Path: s.Dir,
		DatabaseName: s.Database, DatabasePrefix: s.Prefix}
	if n.DatabaseName == "" {
		n.DatabaseName = "-"
	}
	u, err := url.Parse(s.URL)
	if err == nil && u.Host != "" {
		n.Domain, n.PathPrefix = u.Host, (&url.URL{Path: u.Path}).EscapedPath()
		if n.Name == "" {
			n.Name = strings.TrimSuffix(u.Host+u.Path, "/")
		}
	}
	if s.URL != "" && (n.Domain == "" || u.Scheme != "http" || strings.Contains(n.PathPrefix, "..") || len(n.PathPrefix) > 100) {
		n.URL, n.PathPrefix = s.URL, "" // what domain and path cannot say; one that is no address is refused
	}
	if n.Name == "" {
		n.Name = filepath.Base(s.Dir)
	}
	return n
}
