package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

//go:embed deb
var scripts embed.FS

// executable are the programs among the files of a package; all others are only read.
var executable = regexp.MustCompile(`^/usr/lib/vpm/(vpm|public_html/api/vpm\.cgi)$`)

// debian packs the files below a root.
func debian(o options, root named, copyright []byte) (data []byte, name string, err error) {
	work, err := os.MkdirTemp("", "vpm-package-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(work)
	// nfpm takes files by name only.
	if err := os.WriteFile(filepath.Join(work, "copyright"), copyright, 0o600); err != nil {
		return nil, "", err
	}
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		text, err := scripts.ReadFile("deb/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(work, name), text, 0o600)
		}
		if err != nil {
			return nil, "", err
		}
	}
	contents, err := below(root.path, o.date)
	if err != nil {
		return nil, "", err
	}
	contents = append(contents, regular(filepath.Join(work, "copyright"), "/usr/share/doc/vpm/copyright", o.date))
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "vpm", Arch: root.name, Platform: "linux", Version: debianVersion(o.version, o.date), VersionSchema: "none",
		Section: "admin", Priority: "optional", Maintainer: "The maintainers of vpm <vpm@localhost>", MTime: o.date, DisableGlobbing: true,
		Description: description,
		Overridables: nfpm.Overridables{
			// What "vpm install" refuses to do without, see core/install.
			Depends:    []string{"systemd", "apache2 | nginx", "php-fpm", "polkitd | sudo (>= 1.9.10)"},
			Recommends: []string{"ca-certificates", "mariadb-server | virtual-mysql-server", "php-mysql"},
			Contents:   contents,
			Scripts: nfpm.Scripts{PostInstall: filepath.Join(work, "postinst"), PreRemove: filepath.Join(work, "prerm"),
				PostRemove: filepath.Join(work, "postrm")},
			// Debian 12 and later read it, and it takes a sixth of the time of xz.
			Deb: nfpm.Deb{Compression: "zstd"},
		},
	})
	var out bytes.Buffer
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return nil, "", err
	}
	if err := deb.Default.Package(info, &out); err != nil {
		return nil, "", err
	}
	return out.Bytes(), deb.Default.ConventionalFileName(info), nil
}

const description = `virtual process manager for CMS sites
vpm starts, stops, restarts and watches WordPress, Joomla and Drupal sites
through one panel and one HTTP API. On a server each site gets a PHP-FPM
process of its own under systemd, with a user and limits of its own.
.
The package brings the program and the files of the panel. "vpm install"
makes the machine a server of them.`

// below lists what is to be in the package.
func below(root string, date time.Time) (list files.Contents, err error) {
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		to := path.Join("/", filepath.ToSlash(rel))
		switch d.Type() {
		case 0:
			list = append(list, regular(file, to, date))
			return nil
		case fs.ModeSymlink:
			target, err := os.Readlink(file)
			list = append(list, &files.Content{Source: target, Destination: to, Type: files.TypeSymlink, FileInfo: &files.ContentFileInfo{MTime: date}})
			return err
		}
		return fmt.Errorf("%s is neither a file nor a link", file)
	})
	return list, err
}

func regular(from, to string, date time.Time) *files.Content {
	mode := fs.FileMode(0o644)
	if executable.MatchString(to) {
		mode = 0o755
	}
	return &files.Content{Source: from, Destination: to, FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: date}}
}

var (
	described = regexp.MustCompile(`^v?([0-9].*?)(?:-([0-9]+)-g([0-9a-f]+))?(-dirty)?$`)
	odd       = regexp.MustCompile(`[^0-9A-Za-z.+~]+`)
)

// debianVersion gives what "git describe" says as a version that dpkg orders rightly: v1.0-rc1 is 1.0~rc1, three commits
// after v1.0 is 1.0+3.gabc, and what has no tag is before every release.
func debianVersion(version string, date time.Time) string {
	m := described.FindStringSubmatch(version)
	if m == nil || !tagged(version) {
		return "0~" + date.Format("20060102150405") + "." + odd.ReplaceAllString(version, "+")
	}
	out := odd.ReplaceAllString(m[1], "~")
	if m[2] != "" {
		out += "+" + m[2] + ".g" + m[3]
	}
	if m[4] != "" {
		out += "+dirty"
	}
	return out
}

var commit = regexp.MustCompile(`^[0-9a-f]{7,40}(-dirty)?$`)

// tagged tells a tag from a bare commit, which may begin with a digit too.
func tagged(version string) bool {
	return strings.HasPrefix(version, "v") || !commit.MatchString(version)
}
