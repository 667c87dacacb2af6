package app

import (
	"context"
	"path/filepath"
	"slices"

	"vpm/core"
	"vpm/core/cms"
	"vpm/core/httpapi"
	"vpm/core/scan"
	"vpm/core/sitelog"
	"vpm/core/store"
	"vpm/core/virtual"
)

// scanEntries bounds a search for sites: a host counts each look at a directory.
const scanEntries = 100_000

// finder looks for the sites of the account.
func (s *sites) finder(m *core.Manager) *scan.Finder {
	return &scan.Finder{
		Manager: m,
		Roots:   s.rt.Allowed,
		Docroot: s.config.Place.Docroot,
		Find: func(ctx context.Context, root string) ([]string, bool) {
			dirs, complete := virtual.FindSites(ctx, root, scanEntries)
			return slices.DeleteFunc(dirs, func(dir string) bool { // what new sites are made from is no site
				return core.Within(dir, s.config.SharedCores)
			}), complete
		},
		Identify: cms.Identify,
		Details:  s.details,
	}
}

// details reads a site's configuration and asks its database.
func (s *sites) details(ctx context.Context, dir string, is core.CMS) scan.Details {
	d, err := cms.DatabaseOf(dir, is.Type)
	out := scan.Details{Database: d.Name, Prefix: d.Prefix}
	if err != nil || d.Driver != "mysql" {
		return out
	}
	login := siteLogin(d)
	if size, _, err := store.MeasureSite(ctx, login); err == nil {
		out.DatabaseSize = &size
	}
	if is.Type == "wordpress" {
		if address, err := store.SiteAddress(ctx, login); err == nil {
			out.URL = address
		}
	}
	return out
}

// doors are those of the API to the sites.
func (s *sites) doors(m *core.Manager) httpapi.Sites {
	f := s.finder(m)
	return httpapi.Sites{
		Scan: f.Scan,
		Adopt: func(ctx context.Context, by core.Actor, host string, list []httpapi.Adoption) ([]httpapi.Adopted, error) {
			wanted := make([]scan.Adoption, len(list))
			for i, a := range list {
				wanted[i] = scan.Adoption(a)
			}
			adopted, err := f.Adopt(ctx, by, host, wanted)
			out := make([]httpapi.Adopted, len(adopted))
			for i, a := range adopted {
				out[i] = httpapi.Adopted(a)
			}
			return out, err
		},
		Log: func(_ context.Context, in core.Instance, lines int) (httpapi.SiteLog, error) {
			dir := in.Docroot(s.config.InstancesDir)
			if real, err := filepath.EvalSymlinks(dir); err != nil || !s.ours(real) {
				return httpapi.SiteLog{}, core.Errorf(core.CodeNotFound, "cannot find an error log of the site: its directory is not among those of the sites")
			}
			t, err := sitelog.Find(dir, in.CMSType, lines, s.ours)
			return httpapi.SiteLog{Path: t.Path, Lines: t.Lines, Truncated: t.Truncated}, err
		},
	}
}
