package relocate

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"vpm/core"
	"vpm/core/install"
)

// Options says which account is to be taken in, and how.
type Options struct {
	// From is the account's home as it was restored here, or a directory around it with the dumps beside, as a full
	// backup of cPanel has them.
	From string
	// Was is where the home was on the shared host. "" takes it from the account's settings.
	Was string
	// Owner is the user that gets files which belong to nobody here. "" is the web server's.
	Owner string
	// Dumps are files of SQL, as FILE where its name is that of the database, or as NAME=FILE. Others are looked for by
	// the names of the databases, beside and in the home.
	Dumps []string
	// UseDatabases names databases that the account may use though they have tables already and its users cannot open
	// them yet.
	UseDatabases []string
	// MariaDB is the socket of the database server, who knows root by it.
	MariaDB string
	// Install is how the server is installed; From of it is filled in.
	Install install.Options
	// Sources are patterns (path.Match) of the directories that sites may be moved from, or from below.
	Sources []string
	// Move gives those instances processes of their own that have none, each by itself. docroot is that of the panel.
	Move func(ctx context.Context, docroot string) error
	// Served tells whether visitors are served by the process of this slug.
	Served func(slug string) bool
	// Say hears what is being done, a line at a time.
	Say func(line string)
}

func (o *Options) complete() error {
	if os.Geteuid() != 0 {
		return core.Errorf(core.CodeForbidden, "cannot adopt an account: this needs root; use sudo")
	}
	real, err := filepath.Abs(o.From)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return cannot("adopt "+o.From, err)
	}
	o.From = real
	if o.Was != "" && !filepath.IsAbs(o.Was) {
		return core.Errorf(core.CodeInvalid, "cannot use --was %s: it has to be the absolute path of the home on the shared host", o.Was)
	}
	if o.Owner == "" {
		o.Owner = webUser()
	}
	if _, err := user.Lookup(o.Owner); err != nil {
		return core.Errorf(core.CodeInvalid, "cannot give files to %s: there is no such user; name one with --owner", o.Owner)
	}
	return nil
}

// webUser is the user that the web servers of this distribution run as.
func webUser() string {
	for _, name := range []string{"www-data", "apache", "nginx", "http", "www"} {
		if _, err := user.Lookup(name); err == nil {
			return name
		}
	}
	return "www-data"
}

// cannot is the error for people, nil for none.
func cannot(doing string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e
	}
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return core.Errorf(core.CodeUnavailable, "cannot %s: %s: %w", doing, pe.Path, pe.Err)
	}
	return core.Errorf(core.CodeUnavailable, "cannot %s: %w", doing, err)
}

// indented is a text below what it belongs to.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
