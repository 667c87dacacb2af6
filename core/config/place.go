package config

import (
	"os"
	"path/filepath"
	"slices"

	"vpm/core"
)

// Place is where a program lies on its host. Nothing in it comes from a client.
type Place struct {
	// ProgramDir is the directory of the program, public_html/api on a shared host.
	ProgramDir string
	// Docroot is the document root the program is reached through.
	Docroot string
	// Named is the document root as the web server names it, with links not resolved; "" where it did not fit.
	Named string
	// WebRoot is the topmost directory around the program that a web server may serve: the docroot, or
	// the public_html around it when the docroot is that of an addon domain inside.
	WebRoot string
}

// usualRoots are names of directories that hosts serve, by which an outer document root is recognised.
var usualRoots = []string{"public_html", "htdocs", "httpdocs", "www", "html", "web"}

// Locate finds the place of the running program. documentRoot is what the web server says, "" outside one.
func Locate(documentRoot string) Place {
	dir := ""
	if exe, err := os.Executable(); err == nil { // has the right directory even where the file was replaced
		dir = filepath.Dir(exe)
	} else if wd, err := os.Getwd(); err == nil { // no /proc: suEXEC and mod_cgid start us in our directory
		dir = wd
	}
	return locate(dir, documentRoot)
}

// PlaceOf is the place of a program in the directory dir, which is not the one that runs.
func PlaceOf(dir string) Place { return locate(dir, "") }

func locate(programDir, documentRoot string) Place {
	// An upload lies as api/vpm.cgi in whatever directory is served: that is the root where the server's
	// word does not fit, as under an Alias or /~user.
	p := Place{ProgramDir: programDir, Docroot: filepath.Dir(programDir)}
	if documentRoot != "" {
		if real, err := filepath.EvalSymlinks(documentRoot); err == nil && core.Within(programDir, real) {
			p.Docroot, p.Named = real, filepath.Clean(documentRoot)
		}
	}
	p.WebRoot = p.Docroot
	for dir := p.Docroot; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		// Debian's /var/www is a place for docroots and not one itself.
		if slices.Contains(usualRoots, filepath.Base(dir)) && dir != "/var/www" {
			p.WebRoot = dir
		}
	}
	return p
}

// Served tells whether a web server may hand out the file at path to anyone.
func (p Place) Served(path string) bool { return core.Within(path, p.WebRoot) }

// SettingsFiles are where the settings file may lie, in the order of the search: beside the docroot, in the
// account's home, and beside the program, whose routing file denies it to visitors.
func (p Place) SettingsFiles() []string {
	return p.candidates("vpm.env", p.ProgramDir)
}

// DataDirs are where the data directory may be made, in the same order; the last one lies in the docroot and
// needs a deny file.
func (p Place) DataDirs() []string {
	return p.candidates("vpm-data", filepath.Dir(p.ProgramDir))
}

func (p Place) candidates(name, last string) []string {
	dirs := []string{filepath.Dir(p.WebRoot)}
	if home, err := homeDir(); err == nil && !slices.Contains(dirs, home) && !p.Served(home) {
		dirs = append(dirs, home)
	}
	list := make([]string, 0, 3)
	for _, d := range append(dirs, last) {
		list = append(list, filepath.Join(d, name))
	}
	return list
}
