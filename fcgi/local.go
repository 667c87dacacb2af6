package main

import (
	"errors"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/client"
	"vpm/core/config"
)

// openLocal opens the panel of this machine for whoever owns its settings. No port is opened: the commands ask the
// handler within this process, and need no token, for the settings hold the password of its database anyway.
func openLocal(settings, docroot string) (*client.Client, func() error, error) {
	by := operator()
	if err := chooseSettings(settings, docroot); err != nil {
		return nil, nil, err
	}
	a := app.LoadPanel(docroot, stderrLog(), databaseConns)
	a.Real, a.Version = newMachine().real, version
	api := a.API.Operator(by)
	return client.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r.WithContext(core.WithServer(r.Context(), here)))
	})), a.Close, nil
}

// operator is whom the history names.
func operator() core.Actor {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	words := " (shell)"
	if by := os.Getenv("SUDO_USER"); by != "" && by != name && os.Getuid() == 0 {
		words = " (shell of " + by + ")"
	}
	return core.Actor{Name: core.Cut(name+words, 50)}
}

// chooseSettings finds the settings as the server does, and makes this process their owner's.
func chooseSettings(settings, docroot string) error {
	if settings == "" {
		settings = os.Getenv("VPM_CONFIG")
	}
	if settings == "" {
		if _, err := os.Stat(usualConfig); err == nil {
			settings = usualConfig
		}
	}
	if settings != "" && !filepath.IsAbs(settings) || !filepath.IsAbs(docroot) {
		return core.Errorf(core.CodeInvalid, "cannot use --config and --docroot: both must be absolute paths")
	}
	for _, name := range []string{"VPM_URL", "VPM_TOKEN"} { // they are of the command line, and no settings
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	if settings == "" {
		found, err := config.Load(app.PanelPlace(docroot))
		if err != nil {
			return err
		}
		return becomeOwner(found.File)
	}
	if err := os.Setenv("VPM_CONFIG", settings); err != nil { // where the settings are looked for first
		return core.Errorf(core.CodeInvalid, "cannot use --config: %w", err)
	}
	return becomeOwner(settings)
}

// becomeOwner has root go on as the owner of the settings, before anything is opened: files that root made in the data
// directory would lock the server out, and systemd asks who the server's user is. Others must own them already.
func becomeOwner(settings string) error {
	if settings == "" {
		return nil
	}
	owner, err := ownerOf(settings)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return core.Errorf(core.CodeUnavailable, "cannot read the settings: %s does not exist", settings)
	case err != nil:
		return core.Errorf(core.CodeForbidden, "cannot read the settings in %s as this user: use sudo", settings).Because(err)
	}
	switch os.Geteuid() {
	case owner:
		return nil
	case 0:
		return become(owner)
	}
	if f, err := os.Open(settings); err == nil { // another program's .env, that a group may read
		return f.Close()
	}
	return core.Errorf(core.CodeForbidden, "cannot use the settings in %s: they belong to another user; use sudo", settings)
}

// ownerOf gives the user whose settings these are. Root's file is root's only where nobody else can put another in its
// place: a link to one of root's makes nobody root.
func ownerOf(settings string) (uid int, err error) {
	for _, look := range []func() (os.FileInfo, error){
		func() (os.FileInfo, error) { return os.Stat(settings) },
		func() (os.FileInfo, error) { return os.Lstat(settings) },
		func() (os.FileInfo, error) { return os.Stat(filepath.Dir(settings)) },
	} {
		info, err := look()
		if err != nil {
			return 0, err
		}
		if uid = int(info.Sys().(*syscall.Stat_t).Uid); uid != 0 {
			break
		}
	}
	return uid, nil
}

// become gives root's process to a user, for good.
func become(uid int) error {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot become the owner of the settings: there is no user %d", uid).Because(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	list, err := u.GroupIds()
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot find the groups of %s: %w", u.Username, err)
	}
	groups := make([]int, 0, len(list))
	for _, g := range list {
		n, err := strconv.Atoi(g)
		if err != nil {
			return err
		}
		groups = append(groups, n)
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(groups) },
		func() error { return syscall.Setgid(gid) },
		func() error { return syscall.Setuid(uid) }, // of all threads, and of the saved ids too
		func() error { return os.Setenv("HOME", u.HomeDir) },
	} {
		if err := step(); err != nil {
			return core.Errorf(core.CodeUnavailable, "cannot become %s, who owns the settings: %w", u.Username, err)
		}
	}
	return nil
}
