// Package scan finds the sites that lie in the account, and registers them. Nothing on disk is changed.
package scan

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"vpm/core"
)

// Finder looks for sites.
type Finder struct {
	Manager *core.Manager
	// Roots are the directories to look below.
	Roots []string
	// Docroot is where requests for Host enter, Host that of the request.
	Docroot string
	// Find gives the directories of sites below a root.
	Find func(ctx context.Context, root string) (dirs []string, complete bool)
	// Identify tells which CMS lies in a directory.
	Identify func(dir string) (core.CMS, bool)
	// Details reads the configuration of a site and asks its database; what is not known stays empty.
	Details func(ctx context.Context, dir string, cms core.CMS) Details
}

// Details is what a site's configuration and database say of it.
type Details struct {
	Database, Prefix string
	DatabaseSize     *int64
	URL              string // as the CMS has it stored
}

// workers is how many sites are asked at once.
const workers = 4

// Scan lists the sites of the account. host is that of the request, by which the addresses of sites in the docroot are
// guessed.
func (f *Finder) Scan(ctx context.Context, host string) (core.FoundSites, error) {
	records, _, err := f.Manager.Store.Records(ctx, core.Query{})
	if err != nil {
		return core.FoundSites{}, err
	}
	out := core.FoundSites{Complete: true}
	var dirs []string
	for _, root := range f.Roots {
		found, complete := f.Find(ctx, root)
		dirs = append(dirs, found...)
		out.Complete = out.Complete && complete
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	out.Sites = make([]core.FoundSite, len(dirs))
	queue := make(chan int)
	var asking sync.WaitGroup
	for range workers {
		asking.Go(func() {
			for i := range queue {
				out.Sites[i] = f.look(ctx, dirs[i], host)
			}
		})
	}
	for i := range dirs {
		queue <- i
	}
	close(queue)
	asking.Wait()
	out.Sites = slices.DeleteFunc(out.Sites, func(s core.FoundSite) bool { return s.CMS.Type == "" })
	f.compare(out.Sites, records)
	return out, nil
}

// look finds out what lies in a directory.
func (f *Finder) look(ctx context.Context, dir, host string) core.FoundSite {
	cms, ok := f.Identify(dir)
	if !ok {
		return core.FoundSite{}
	}
	d := f.Details(ctx, dir, cms)
	s := core.FoundSite{Dir: dir, CMS: cms, Database: d.Database, Prefix: d.Prefix, DatabaseSize: d.DatabaseSize}
	switch url := f.guess(dir, host); {
	case isAddress(d.URL):
		s.URL, s.URLFrom = d.URL, "the site's database"
	case url != "":
		s.URL, s.URLFrom = url, "where it lies"
	}
	return s
}

// compare tells which sites are registered, and suggests ids for the others.
func (f *Finder) compare(sites []core.FoundSite, records []core.Record) {
	taken := map[string]bool{}
	byDir := map[string]string{}
	for _, r := range records {
		taken[strings.ToLower(r.Instance.InstanceID)] = true // the database takes Blog and blog for one
		for _, dir := range []string{r.Instance.Path(f.Manager.Base), r.Instance.Docroot(f.Manager.Base)} {
			byDir[resolved(dir)] = r.Instance.InstanceID
		}
	}
	for i := range sites {
		s := &sites[i]
		if id, ok := byDir[resolved(s.Dir)]; ok {
			s.InstanceID = id
			continue
		}
		if id, ok := f.moved(*s, records); ok {
			s.InstanceID, s.Moved = id, true
			continue
		}
		s.Suggested = suggest(s.URL, s.Dir, taken)
		taken[s.Suggested] = true
	}
}

// moved finds the instance that a site was, before somebody moved its directory: the same database, and nothing is where
// it is registered.
func (f *Finder) moved(s core.FoundSite, records []core.Record) (id string, ok bool) {
	for _, r := range records {
		in := r.Instance
		prefix := ""
		if in.DatabasePrefix != nil {
			prefix = *in.DatabasePrefix
		}
		if s.Database == "" || in.DatabaseName != s.Database || prefix != s.Prefix || in.CMSType != s.CMS.Type {
			continue
		}
		if _, there := f.Identify(in.Docroot(f.Manager.Base)); !there {
			return in.InstanceID, true
		}
	}
	return "", false
}

func resolved(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}
