package relocate

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"vpm/core"
	"vpm/core/config"
)

// database is one that the panel or sites use, on the server of this machine.
type database struct {
	name     string
	users    []login
	usedBy   []string
	dump     string // a file of SQL, "" for none
	within   string // the directory that dump must not lead out of, "" where a person has named it
	found    content
	unlocked bool // all users can open it
}

// login is how one of them does.
type login struct {
	user, password string
	host           string // localhost, or an address of this machine
}

// What other programs of the server live on is no account's.
var (
	nobodys     = []string{"mysql", "information_schema", "performance_schema", "sys"}
	nobodysUser = []string{"", "root", "mysql", "mariadb.sys", "debian-sys-maint"}
	plainName   = regexp.MustCompile(`^[0-9A-Za-z$_-]{1,64}$`)
)

// databaseSteps have each database be here, and open to its users.
func (p *Plan) databaseSteps(ctx context.Context) error {
	needed, err := p.neededDatabases()
	if err != nil || len(needed) == 0 {
		return err
	}
	server, err := connect(ctx, p.options.MariaDB)
	if err != nil {
		return err
	}
	defer server.Close()
	dumps, err := p.dumps()
	if err != nil {
		return err
	}
	for _, d := range needed {
		if err := server.look(ctx, d); err != nil {
			return err
		}
		if d.found != full {
			if err := p.findDump(d, dumps); err != nil {
				return err
			}
		} else if !d.unlocked && !slices.Contains(p.options.UseDatabases, d.name) {
			return core.Errorf(core.CodeConflict, "cannot use the database %s: it has tables already, and the user %s of %s cannot open it, so it may be another's. "+
				"If it is the account's, say so with --use-database %s", d.name, d.users[0].user, d.usedBy[0], d.name)
		}
		if d.found != full || !d.unlocked {
			p.add(p.databaseStep(d))
			p.awaited[d.name] = true
		} else if found, _ := p.candidates(d.name, dumps); len(found) > 0 {
			p.note("the database %s is here and has tables; %s is not imported", d.name, found[0])
		}
	}
	return nil
}

func (p *Plan) databaseStep(d *database) step {
	st := step{what: "make the database " + d.name + " for " + strings.Join(d.usedBy, ", ")}
	if d.found == full {
		st.what = "open the database " + d.name + " to " + strings.Join(d.usedBy, ", ")
	}
	for _, l := range d.users {
		st.detail += fmt.Sprintf("user %s@%s, with the password that the configuration has\n", l.user, l.host)
	}
	if d.found == cut {
		st.detail += "an import that was cut off is begun anew\n"
	}
	if d.dump != "" {
		st.detail += "import " + d.dump + "\n"
	}
	st.do = func(ctx context.Context) error {
		server, err := connect(ctx, p.options.MariaDB)
		if err != nil {
			return err
		}
		defer server.Close()
		return server.bring(ctx, d)
	}
	return st
}

// neededDatabases lists what the settings and the sites name, in that order.
func (p *Plan) neededDatabases() (list []*database, err error) {
	add := func(name, usedBy, file string, l login) error {
		switch {
		case !plainName.MatchString(name) || slices.Contains(nobodys, strings.ToLower(name)):
			return core.Errorf(core.CodeConflict, "cannot make the database %q that %s names: no account has one of that name", name, file)
		case slices.Contains(nobodysUser, strings.ToLower(l.user)) || len(l.user) > 80:
			return core.Errorf(core.CodeConflict, "cannot make the database user %q that %s names: no account has one of that name", l.user, file)
		}
		i := slices.IndexFunc(list, func(d *database) bool { return d.name == name })
		if i < 0 {
			list, i = append(list, &database{name: name}), len(list)
		}
		d := list[i]
		for _, host := range []string{"localhost", l.host} { // as root's import comes by the socket, whatever the site does
			if from := (login{l.user, l.password, host}); !slices.Contains(d.users, from) {
				d.users = append(d.users, from)
			}
		}
		d.usedBy = append(d.usedBy, usedBy)
		return nil
	}
	if c := p.account.moved(); c.DBDriver == config.MySQL {
		if err := add(c.DBName, "the panel", c.File, login{c.DBUser, c.DBPassword, accountHost(c.DBHost)}); err != nil {
			return nil, err
		}
	}
	for _, s := range p.account.sites {
		d := s.database
		switch {
		case s.unknown != nil:
			p.note("%s: %s; its database is not brought here", s.dir, core.Sentence(s.unknown))
		case d.Driver != "mysql":
		case !here(d.Host, d.Socket): // it may be one that both reach
			p.note("%s: its configuration names the database server %s, which is not this one, and stays so; to have its database here, change that to localhost and do this again",
				s.dir, d.Host+d.Socket)
		default:
			if err := add(d.Name, s.dir, s.dir, login{d.User, d.Password.Reveal(), accountHost(d.Host)}); err != nil {
				return nil, err
			}
		}
	}
	return list, onePassword(list)
}

// accountHost is where a user of the database server comes from who connects to host.
func accountHost(host string) string {
	if host == "127.0.0.1" || host == "::1" {
		return host
	}
	return "localhost"
}

func onePassword(list []*database) error {
	passwords := map[string]string{}
	for _, d := range list {
		for _, l := range d.users {
			who := l.user + "@" + l.host
			if known, there := passwords[who]; there && known != l.password {
				return core.Errorf(core.CodeConflict, "cannot make the database user %s: configurations of the account have different passwords for it", who)
			}
			passwords[who] = l.password
		}
	}
	return nil
}

// dumps are those that were named, by their databases.
func (p *Plan) dumps() (map[string]string, error) {
	named := map[string]string{}
	for _, given := range p.options.Dumps {
		name, file, both := strings.Cut(given, "=")
		if !both {
			file = given
			name = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".sql")
		}
		path, err := filepath.Abs(file)
		if err != nil || !exists(path) {
			return nil, core.Errorf(core.CodeInvalid, "cannot import %s: there is no such file", file)
		}
		named[name] = path
	}
	return named, nil
}

// candidates are the dumps of a database, and where they were looked for.
func (p *Plan) candidates(name string, named map[string]string) (found, looked []string) {
	if file := named[name]; file != "" {
		return []string{file}, nil
	}
	for _, dir := range []string{p.options.From, p.account.home, filepath.Dir(p.account.home)} {
		if !core.Within(dir, p.options.From) && filepath.Base(p.account.home) != "homedir" {
			continue // what lies beside the home belongs to it in a full backup only
		}
		for _, in := range []string{dir, filepath.Join(dir, "mysql")} {
			looked = append(looked, in)
			for _, end := range []string{".sql", ".sql.gz"} {
				if file := filepath.Join(in, name+end); exists(file) && !slices.Contains(found, file) {
					found = append(found, file)
				}
			}
		}
	}
	slices.Sort(looked)
	return found, slices.Compact(looked)
}

func (p *Plan) findDump(d *database, named map[string]string) error {
	found, looked := p.candidates(d.name, named)
	switch len(found) {
	case 0:
		return core.Errorf(core.CodeInvalid, "cannot bring the database %s of %s here: there is no %[1]s.sql or %[1]s.sql.gz in %[3]s; name its dump with --dump %[1]s=FILE",
			d.name, d.usedBy[0], strings.Join(looked, ", "))
	case 1:
		d.dump, d.within = found[0], p.options.From
		if named[d.name] == d.dump {
			d.within = ""
		} else if !core.Within(d.dump, d.within) { // it lies beside the home, which From is
			d.within = filepath.Dir(p.account.home)
		}
		in, err := d.open()
		if err != nil {
			return err
		}
		return in.Close()
	}
	return core.Errorf(core.CodeInvalid, "cannot choose between the dumps %s; name one with --dump %s=FILE", strings.Join(found, " and "), d.name)
}
