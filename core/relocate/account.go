package relocate

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"vpm/core"
	"vpm/core/cms"
	"vpm/core/config"
	"vpm/core/virtual"
)

// account is a restored one.
type account struct {
	home     string // as /home/you, the directory with public_html
	was      string // where that was, "" where it is unknown
	settings *config.Config
	sites    []site
}

// site is one that was found in the account's files.
type site struct {
	dir      string
	cms      string
	database cms.Database
	unknown  error // why its database is
}

// siteEntries bounds the search for sites, in directory entries.
const siteEntries = 1_000_000

// findAccount looks at what was restored.
func findAccount(ctx context.Context, o Options) (account, error) {
	api, err := findUpload(o.From)
	if err != nil {
		return account{}, err
	}
	place := config.PlaceOf(api)
	a := account{home: filepath.Dir(place.WebRoot), was: strings.TrimSuffix(o.Was, "/")}
	if a.settings, err = config.Load(place); err != nil {
		return account{}, err
	}
	if a.settings.File == "" || !a.settings.Configured() {
		return account{}, core.Errorf(core.CodeInvalid, "cannot adopt %s: there are no settings of a vpm that was set up; restore vpm.env to %s",
			a.home, filepath.Join(a.home, "vpm.env"))
	}
	if a.was == "" {
		a.was = a.formerHome()
	}
	for _, dir := range a.siteDirs(ctx) {
		is, ok := cms.Identify(dir)
		if !ok {
			continue
		}
		s := site{dir: dir, cms: is.Type}
		s.database, s.unknown = cms.DatabaseOf(dir, is.Type)
		a.sites = append(a.sites, s)
	}
	return a, nil
}

// findUpload gives the directory of the one uploaded vpm.cgi at dir or below it.
func findUpload(dir string) (string, error) {
	var found []string
	for _, below := range []string{"", "api", "*/api", "*/*/api", "*/*/*/api", "*/*/*/*/api"} {
		// The only error is a bad pattern, which finds none.
		list, _ := filepath.Glob(filepath.Join(escaped(dir), below, "vpm.cgi"))
		for _, program := range list {
			if rest := strings.TrimPrefix(program, dir); !strings.Contains(rest, "/.") { // as a file manager's .trash
				found = append(found, filepath.Dir(program))
			}
		}
	}
	switch len(found) {
	case 0:
		return "", core.Errorf(core.CodeInvalid, "cannot find an uploaded vpm in %s: there is no public_html/api/vpm.cgi", dir)
	case 1:
		return found[0], nil
	}
	return "", core.Errorf(core.CodeInvalid, "cannot choose between the uploads in %s; name one of these with --from", strings.Join(found, " and "))
}

// escaped is a path in a pattern of filepath.Match.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// formerHome tells where the home was by what the settings name that is in it now: the longer the part of a path that is
// there, the better.
func (a account) formerHome() string {
	for _, dir := range []string{a.settings.DataDir, a.settings.InstancesDir, a.settings.SharedCores, a.settings.LogFile} {
		for above := filepath.Dir(dir); filepath.IsAbs(dir) && above != "/"; above = filepath.Dir(above) {
			rest, err := filepath.Rel(above, dir)
			if err == nil && !core.Within(dir, a.home) && exists(filepath.Join(a.home, rest)) {
				return above
			}
		}
	}
	return ""
}

// now gives where something of the account is now.
func (a account) now(path string) string {
	clean := filepath.Clean(path)
	if a.was == "" || !core.Within(clean, a.was) || core.Within(clean, a.home) {
		return path
	}
	return a.home + strings.TrimPrefix(clean, a.was)
}

func (a account) siteDirs(ctx context.Context) (dirs []string) {
	for _, root := range []string{a.home, a.now(a.settings.InstancesDir)} {
		if found, complete := virtual.FindSites(ctx, root, siteEntries); complete || len(found) > 0 {
			dirs = append(dirs, found...)
		}
	}
	slices.Sort(dirs)
	return slices.DeleteFunc(slices.Compact(dirs), func(dir string) bool { // what new sites are made from is no site
		return core.Within(dir, a.now(a.settings.SharedCores))
	})
}
