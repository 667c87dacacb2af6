package app

import (
	"context"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"vpm/core"
	"vpm/core/cms"
	"vpm/core/config"
	"vpm/core/health"
	"vpm/core/store"
	"vpm/core/usage"
	"vpm/core/virtual"
)

// sites knows the sites of the account from what lies on disk, and asks them.
type sites struct {
	config *config.Config
	db     *store.DB
	rt     *virtual.Runtime
	// runtime is what drives the instances: rt, or what has it for some.
	runtime core.Runtime
	// moved is where sites lie that have processes of their own, "" where none have.
	moved string

	mu   sync.Mutex
	dirs []string // of all instances
	asOf time.Time
}

// meter measures what sites use.
func (s *sites) meter() *usage.Meter {
	return &usage.Meter{Base: s.config.InstancesDir, Tables: s.tables, Nested: s.nested, CMS: func(docroot string) core.CMS {
		found, _ := cms.Identify(docroot)
		return found
	}}
}

// knownFor is how long a list of instances is good for telling which lie below others: a tick asks for each.
const knownFor = 5 * time.Second

// nested gives the directories of the other instances.
func (s *sites) nested(ctx context.Context, in core.Instance) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.asOf) > knownFor {
		if records, _, err := s.db.Records(ctx, core.Query{}); err == nil { // else those that were known count
			s.dirs = s.dirs[:0]
			for _, r := range records {
				s.dirs = append(s.dirs, r.Instance.Path(s.config.InstancesDir))
			}
			s.asOf = time.Now()
		}
	}
	own := in.Path(s.config.InstancesDir)
	var below []string
	for _, dir := range s.dirs {
		if dir != own && core.Within(dir, own) {
			below = append(below, dir)
		}
	}
	return below
}

// tables measures a site's tables: with vpm's database user where that sees them, else with the site's own.
func (s *sites) tables(ctx context.Context, in core.Instance) (size, tables int64, how string, err error) {
	prefix := ""
	if in.DatabasePrefix != nil {
		prefix = *in.DatabasePrefix
	}
	size, tables, err = s.db.SiteTables(ctx, in.DatabaseName, prefix)
	if core.CodeOf(err) != core.CodeNotFound {
		return size, tables, store.SiteEvidence, err
	}
	login, lerr := s.login(in)
	if lerr != nil {
		return 0, 0, "", lerr
	}
	size, tables, err = store.MeasureSite(ctx, login)
	return size, tables, store.SiteEvidence + ", read with the site's own database user", err
}

// login is how the site itself reaches its database, by its configuration.
func (s *sites) login(in core.Instance) (store.SiteLogin, error) {
	dir := in.Docroot(s.config.InstancesDir)
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || !s.ours(real) {
		return store.SiteLogin{}, core.Errorf(core.CodeNotFound, "cannot read the configuration of the site: its directory is not among those of the sites")
	}
	d, err := cms.DatabaseOf(dir, in.CMSType)
	switch {
	case err != nil:
		return store.SiteLogin{}, err
	case d.Driver != "mysql":
		return store.SiteLogin{}, core.Errorf(core.CodeNotFound, "cannot ask the site's database: it is not MySQL")
	}
	return siteLogin(d), nil
}

func siteLogin(d cms.Database) store.SiteLogin {
	return store.SiteLogin{Host: d.Host, Port: d.Port, Socket: d.Socket, Name: d.Name, User: d.User, Password: d.Password.Reveal(), Prefix: d.Prefix}
}

// ours tells whether a directory lies where sites do.
func (s *sites) ours(dir string) bool {
	for _, allowed := range s.rt.Allowed {
		if core.Within(dir, allowed) {
			return true
		}
	}
	return s.moved != "" && core.Within(dir, s.moved)
}

// examine makes the checks of an instance's health.
func (s *sites) examine(ctx context.Context, r core.Record) core.Health {
	in, server := r.Instance, core.ServerOf(ctx)
	dir := in.Docroot(s.config.InstancesDir)
	subject := health.Subject{Site: health.Site{URL: in.URL(), Server: server.Address, Port: server.Port},
		Dir: dir, Wanted: r.Wanted(time.Now()), Gate: s.runtime.Observe(ctx, r)}
	subject.ProbePath, subject.Expect = in.HealthPage()
	subject.PHP, subject.Static = s.entryFiles(ctx, in)
	if in.CMSType != "native" {
		subject.ConfigFile = func() (string, error) { return cms.ConfigFile(dir, in.CMSType) }
		subject.Database = func(ctx context.Context) error { return s.ping(ctx, in) }
	}
	h := health.Examine(ctx, subject)
	h.Wanted = subject.Wanted
	return h
}

// ping asks the site's database as the site does. What keeps vpm from asking says nothing of the site.
func (s *sites) ping(ctx context.Context, in core.Instance) error {
	login, err := s.login(in)
	if err != nil {
		return core.Errorf(core.CodeNotEffective, "%s", core.Sentence(err))
	}
	return store.PingSite(ctx, login)
}

// probe asks a site that was just stopped, through the web server that this request came through.
func (s *sites) probe(ctx context.Context, r core.Record) (core.Evidence, string) {
	e := core.Evidence{Observed: core.ObservedUnknown, How: core.HowProbe, Seen: "the site has no address to ask", At: time.Now()}
	u, err := url.Parse(r.Instance.URL())
	if err != nil || u.Host == "" {
		return e, ""
	}
	server := core.ServerOf(ctx)
	site := health.Site{URL: u.String(), Server: server.Address, Port: server.Port}
	site.PHP, site.Static = s.entryFiles(ctx, r.Instance)
	var cause string
	e.Observed, e.Seen, cause = health.Judge(health.Look(ctx, site))
	return e, cause
}

// entryFiles picks files of the site that visitors can ask for, and none of what stays open when it is closed.
func (s *sites) entryFiles(ctx context.Context, in core.Instance) (php, static string) {
	docroot := in.Docroot(s.config.InstancesDir)
	return virtual.EntryFiles(docroot, append(s.rt.KeptOpen(docroot), s.nested(ctx, in)...)...)
}
