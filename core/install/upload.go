package install

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"vpm/core"
	"vpm/core/config"
)

// upload is the vpm.cgi whose URLs, settings and database the server takes over.
type upload struct {
	dir, docroot string
	place        config.Place
	uid          int // whose it is
}

// findUpload gives the upload that was named, that an earlier run took over, or the only one in the document roots.
func (o *Options) findUpload(ctx context.Context, j *journal) (upload, error) {
	dir := o.From
	if dir == "" {
		dir = j.From
	}
	if dir == "" {
		var found []string
		for _, root := range docroots(ctx) {
			dir, err := filepath.EvalSymlinks(filepath.Join(root, "api"))
			if err == nil && find(filepath.Join(dir, "vpm.cgi")) != "" && !slices.Contains(found, dir) {
				found = append(found, dir)
			}
		}
		switch len(found) {
		case 0:
			return upload{}, core.Errorf(core.CodeInvalid, "cannot find an uploaded vpm.cgi in the web server's document roots; name its directory, as --from /home/shop/public_html/api")
		case 1:
			dir = found[0]
		default:
			return upload{}, core.Errorf(core.CodeInvalid, "cannot choose between the uploads in %s; name one with --from", strings.Join(found, " and "))
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return upload{}, core.Errorf(core.CodeInvalid, "cannot take over %s: %w", dir, err)
	}
	// The path ends up in configurations of web servers.
	if !filepath.IsAbs(real) || strings.ContainsAny(real, "\"'\\\n\r\t#${}<>*?[];") {
		return upload{}, core.Errorf(core.CodeInvalid, "cannot take over %q: it has to be an absolute path without quotes, $, # and brackets", real)
	}
	info, err := os.Lstat(filepath.Join(real, "vpm.cgi"))
	if err != nil || !info.Mode().IsRegular() {
		return upload{}, core.Errorf(core.CodeInvalid, "cannot take over %s: there is no vpm.cgi", real)
	}
	if j.From != "" && j.From != real {
		return upload{}, core.Errorf(core.CodeConflict, "cannot take over %s: the server already has that in %s; run vpm uninstall first", real, j.From)
	}
	up := upload{dir: real, docroot: filepath.Dir(real), uid: int(info.Sys().(*syscall.Stat_t).Uid)}
	up.place = config.Place{ProgramDir: real, Docroot: up.docroot, WebRoot: up.docroot}
	// The same rule as config.Locate's, which is for a program about itself.
	for d := up.docroot; d != filepath.Dir(d); d = filepath.Dir(d) {
		if slices.Contains([]string{"public_html", "htdocs", "httpdocs", "www", "html", "web"}, filepath.Base(d)) && d != "/var/www" {
			up.place.WebRoot = d
		}
	}
	return up, nil
}

// docroots lists the document roots that the web servers' configurations name.
func docroots(ctx context.Context) []string {
	var list []string
	for _, file := range apacheFiles() {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) == 2 && strings.EqualFold(f[0], "DocumentRoot") {
				list = append(list, strings.Trim(f[1], `"`))
			}
		}
	}
	for _, file := range nginxFiles(ctx) {
		for _, server := range nginxServers(file.text) {
			list = append(list, server.root)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
