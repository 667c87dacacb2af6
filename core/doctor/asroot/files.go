package asroot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"vpm/core/config"
	"vpm/core/doctor"
	"vpm/core/install"
	"vpm/core/systemd"
)

// directories compares those of tmpfiles.d(5) with what is there.
func (l *look) directories(context.Context) doctor.Finding {
	if l.notInstalled() {
		return doctor.Skipped("vpm's server is not installed")
	}
	files, err := systemd.Files("/usr/sbin/php-fpm")
	if err != nil {
		return unknown("%v", err)
	}
	lines := strings.Split(files["/etc/tmpfiles.d/vpm.conf"], "\n")
	var wrong []string
	for _, line := range append(lines, "d "+install.DataDir+" 0700 "+install.User+" "+install.User+" -") {
		f := strings.Fields(line)
		if len(f) < 5 || f[0] != "d" {
			continue
		}
		if why := wrongDir(f[1], f[2], f[3], f[4]); why != "" {
			wrong = append(wrong, why)
		}
	}
	if len(wrong) > 0 {
		return doctor.Failed("run systemd-tmpfiles --create /etc/tmpfiles.d/vpm.conf, and vpm install", "%s", strings.Join(wrong, "; "))
	}
	return doctor.OK("all directories are there with their owners and permissions")
}

// wrongDir says what is wrong with a directory, "" for nothing.
func wrongDir(path, mode, owner, group string) string {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return path + " is missing"
	}
	if want, err := strconv.ParseUint(mode, 8, 12); err != nil || info.Mode().Perm() != os.FileMode(want) {
		return fmt.Sprintf("%s has the permissions %04o and not %s", path, info.Mode().Perm(), mode)
	}
	is, has := names(info)
	if is != owner || has != group {
		return fmt.Sprintf("%s belongs to %s:%s and not to %s:%s", path, is, has, owner, group)
	}
	return ""
}

func names(info os.FileInfo) (owner, group string) {
	st := info.Sys().(*syscall.Stat_t)
	owner, group = strconv.Itoa(int(st.Uid)), strconv.Itoa(int(st.Gid))
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group
}

func (l *look) settingsFile(context.Context) doctor.Finding {
	info, err := os.Stat(install.Settings)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !l.state.Installed:
		return doctor.Skipped("vpm's server is not installed")
	case err != nil:
		return doctor.Failed("run vpm install", "there is no %s", install.Settings)
	}
	owner, group := names(info)
	if info.Mode().Perm()&0o027 != 0 || info.Mode().Perm()&0o040 != 0 && group != install.User {
		return doctor.Failed("run chown "+install.User+" "+install.Settings+" && chmod 600 "+install.Settings,
			"others than the server may read %s, which holds a password (%04o, %s:%s)", install.Settings, info.Mode().Perm(), owner, group)
	}
	if owner != install.User && group != install.User {
		return doctor.Failed("run chown "+install.User+" "+install.Settings, "the server cannot read %s, which belongs to %s:%s", install.Settings, owner, group)
	}
	if !l.root {
		return unknown("what is in %s can be read by root only", install.Settings)
	}
	// As itself the server checks owner and permissions; read by root, the file seems another's.
	text, err := os.ReadFile(install.Settings)
	if err != nil {
		return doctor.Failed("restore it", "%s cannot be read", install.Settings)
	}
	l.settings, err = parse(string(text), filepath.Dir(l.state.From))
	if err != nil {
		return doctor.Failed("mend the line in "+install.Settings, "%v", err)
	}
	return doctor.OK("%s is readable for the server only, and every setting in it is understood", install.Settings)
}

// parse reads settings through a private copy.
func parse(text, docroot string) (*config.Config, error) {
	dir, err := os.MkdirTemp("", "vpm-doctor-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "vpm.env"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	web := filepath.Join(dir, "web")
	c, err := config.Load(config.Place{ProgramDir: filepath.Join(web, "api"), Docroot: web, WebRoot: web})
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), filepath.Join(dir, "vpm.env"), install.Settings))
	}
	c.File, c.Place = install.Settings, config.Place{ProgramDir: filepath.Join(docroot, "api"), Docroot: docroot, WebRoot: docroot}
	return c, nil
}

func (l *look) database(ctx context.Context) doctor.Finding {
	switch {
	case l.settings == nil:
		return doctor.Skipped("the settings were not read")
	case !l.settings.Configured():
		return doctor.Failed("open vpm's pages in a browser and set it up", "no database was chosen")
	case l.settings.DBDriver == config.SQLite:
		info, err := os.Stat(l.settings.SQLitePath())
		if err != nil {
			return doctor.Failed("restore it from a backup", "the database %s is missing", l.settings.SQLitePath())
		}
		if owner, _ := names(info); owner != install.User {
			return doctor.Failed("run chown "+install.User+": "+l.settings.SQLitePath()+"*", "the database %s belongs to %s", l.settings.SQLitePath(), owner)
		}
	}
	if l.Database == nil {
		return doctor.Skipped("nobody was told to open the database")
	}
	said, err := l.Database(ctx, l.settings)
	if err != nil {
		return doctor.Failed("start the database, or mend VPM_DB_… in "+install.Settings, "%v", err)
	}
	return doctor.OK("%s", said)
}
