package lab

import (
	_ "embed"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
)

//go:embed apache.conf.tmpl
var apacheConfig string

var apacheTemplate = template.Must(template.New("apache.conf").Parse(apacheConfig))

// modules are what nearly every shared host loads, after its MPM and the CGI module that fits it.
var modules = strings.Fields(`authn_core authn_file authz_core authz_host authz_user auth_basic access_compat
	alias actions autoindex dir env expires headers mime rewrite setenvif suexec userdir`)

// phpWrapper runs PHP. Arguments are dropped: Apache makes some from the query string of ?a+b.
const phpWrapper = "#!/bin/sh\nexec /usr/bin/php-cgi\n"

// freeUID returns a user ID that no account has. A port belongs to one running host, so an ID made from it does too:
// the kernel counts processes (RLIMIT_NPROC) by user ID, and two hosts must not share that count.
func freeUID(port int) (int, error) {
	uid := 20000 + port
	if known, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return 0, fmt.Errorf("cannot use user ID %d: it belongs to %s", uid, known.Username)
	}
	return uid, nil
}

// furnish lays out everything that Apache reads: its configuration, the accounts and the account's tree.
func (h *Host) furnish(options Options) error {
	for _, path := range []string{"etc/suexec", "log/apache2", "run/fcgid", "home/acct/public_html", "home/acct/aliased", "home/acct/php"} {
		if err := os.MkdirAll(filepath.Join(h.dir, path), 0o755); err != nil {
			return err
		}
	}
	if err := h.giveToServer("run/fcgid"); err != nil {
		return err
	}
	if err := h.writeAccounts(); err != nil {
		return err
	}
	if err := h.writeConfig(options); err != nil {
		return err
	}
	wrapper := filepath.Join(h.Home, "php", "php.cgi")
	syscall.ForkLock.RLock() // no child may hold it open for writing when it is run (golang/go#22315)
	err := os.WriteFile(wrapper, []byte(phpWrapper), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	return h.Chown(h.Home)
}

// giveToServer lets Apache's children write in a directory.
func (h *Host) giveToServer(path string) error {
	uid, err := serverUID()
	if err != nil {
		return err
	}
	return os.Chown(filepath.Join(h.dir, path), uid, -1)
}

// serverUID is the user that Apache's children run as.
func serverUID() (int, error) {
	account, err := user.Lookup("www-data")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(account.Uid)
}

// writeAccounts adds acct to copies of the machine's account files, and makes the home directories suEXEC's docroot.
func (h *Host) writeAccounts() error {
	files := []struct{ from, to, add string }{
		{"/etc/passwd", "etc/passwd", fmt.Sprintf("acct:x:%d:%d::%s:/bin/sh\n", h.UID, h.GID, h.Home)},
		{"/etc/group", "etc/group", fmt.Sprintf("acct:x:%d:\n", h.GID)},
		{"", "etc/suexec/www-data", filepath.Join(h.dir, "home") + "\npublic_html\n"},
	}
	for _, file := range files {
		var text []byte
		if file.from != "" {
			var err error
			if text, err = os.ReadFile(file.from); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(h.dir, file.to), append(text, file.add...), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeConfig writes Apache's configuration.
func (h *Host) writeConfig(options Options) error {
	loaded := []string{"mpm_event", "cgid"}
	if options.Prefork {
		loaded = []string{"mpm_prefork", "cgi"}
	}
	loaded = append(loaded, modules...)
	if options.FCGID {
		loaded = append(loaded, "fcgid")
	}
	if options.FastCGI != "" {
		loaded = append(loaded, "proxy", "proxy_fcgi")
	}
	var text strings.Builder
	err := apacheTemplate.Execute(&text, struct {
		*Host
		Options
		Dir     string
		Modules []string
	}{h, options, h.dir, loaded})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.dir, "etc", "apache.conf"), []byte(text.String()), 0o644)
}
