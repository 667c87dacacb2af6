package relocate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
	"vpm/core/fault"
)

// content is what a database is found with.
type content int

const (
	absent content = iota
	empty
	cut  // an import did not come to its end
	full // tables that nobody here is importing
)

// unfinished is a table that is there for as long as an import runs: whoever finds it knows that the others are a part.
const unfinished = "vpm_import_unfinished"

// server is the database server, which knows root by its socket.
type server struct {
	*sql.DB
	socket string
}

func connect(ctx context.Context, socket string) (*server, error) {
	db, err := dial(socket, "root", "", "")
	if err == nil {
		if err = db.PingContext(ctx); err != nil {
			db.Close()
		}
	}
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot connect to the database server as root at %s: %w; the account needs MariaDB: install and start mariadb-server", socket, err)
	}
	return &server{db, socket}, nil
}

func dial(socket, user, password, name string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "unix", socket, user, password, name
	c.InterpolateParams = true // CREATE USER takes no others
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 5*time.Second, time.Minute, time.Minute
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// opens tells whether a user can log in, and use the database where one is named.
func (s *server) opens(ctx context.Context, l login, name string) (bool, error) {
	if l.host != "localhost" {
		return s.granted(ctx, l, name)
	}
	db, err := dial(s.socket, l.user, l.password, name)
	if err != nil {
		return false, err
	}
	defer db.Close()
	err = db.PingContext(ctx)
	if me, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch me.Number {
		case 1044, 1045, 1049, 1698: // access denied, to the database or at all; no such database
			return false, nil
		}
	}
	return err == nil, cannotDatabase(name, err)
}

// granted tells whether a user has the rights that bring gives. One who comes from an address cannot be asked by the socket.
func (s *server) granted(ctx context.Context, l login, name string) (bool, error) {
	var rights int
	err := s.QueryRowContext(ctx, `SELECT COUNT(*) FROM mysql.db WHERE User = ? AND Host = ? AND Db IN (?, ?)`, l.user, l.host, name, literal(name)).Scan(&rights)
	return rights > 0, cannotDatabase(name, err)
}

// literal is a name in GRANT, which reads a bare _ as any character.
func literal(name string) string { return strings.NewReplacer("_", `\_`, "%", `\%`).Replace(name) }

func cannotDatabase(name string, err error) error {
	if err == nil {
		return nil
	}
	return core.Errorf(core.CodeUnavailable, "cannot bring the database %s here: %w", name, err)
}

// look sees what there is of a database and of its users. A user of the same name with another password is somebody else.
func (s *server) look(ctx context.Context, d *database) error {
	var databases, tables, marks int
	err := s.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?),
		(SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?),
		(SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?)`,
		d.name, d.name, d.name, unfinished).Scan(&databases, &tables, &marks)
	if err != nil {
		return cannotDatabase(d.name, err)
	}
	switch {
	case databases == 0:
		d.found = absent
	case tables == 0:
		d.found = empty
	case marks > 0:
		d.found = cut
	default:
		d.found = full
	}
	d.unlocked = true
	for _, l := range d.users {
		opens, err := s.opens(ctx, l, d.name)
		if err != nil {
			return err
		}
		d.unlocked = d.unlocked && opens
		if err := s.stranger(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) stranger(ctx context.Context, l login) error {
	// One from an address cannot be asked by the socket, so its hash is compared: that of mysql_native_password, which MariaDB
	// makes unless it is told otherwise.
	var there, other int
	if err := s.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN authentication_string LIKE '*%'
		AND authentication_string <> CONCAT('*', UPPER(SHA1(UNHEX(SHA1(?))))) THEN 1 END)
		FROM mysql.user WHERE User = ? AND Host = ?`, l.password, l.user, l.host).Scan(&there, &other); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot look for the database user %s: %w", l.user, err)
	}
	if there == 0 {
		return nil
	}
	known, err := other == 0, error(nil)
	if l.host == "localhost" {
		known, err = s.opens(ctx, l, "")
	}
	if err == nil && !known {
		err = core.Errorf(core.CodeConflict, "cannot make the database user %s@%s: it is there with another password than the account's configuration has", l.user, l.host)
	}
	return err
}

// bring makes the database, opens it to its users, and imports its dump.
func (s *server) bring(ctx context.Context, d *database) error {
	name := "`" + d.name + "`"
	if d.found == cut {
		if err := s.do(ctx, d, "DROP DATABASE "+name); err != nil {
			return err
		}
	}
	if err := s.do(ctx, d, "CREATE DATABASE IF NOT EXISTS "+name+" CHARACTER SET utf8mb4"); err != nil {
		return err
	}
	for _, l := range d.users {
		if err := s.do(ctx, d, "CREATE USER IF NOT EXISTS ?@? IDENTIFIED BY ?", l.user, l.host, l.password); err != nil {
			return err
		}
		if err := s.do(ctx, d, "GRANT ALL PRIVILEGES ON "+literal(name)+".* TO ?@?", l.user, l.host); err != nil {
			return err
		}
	}
	if d.dump == "" {
		return nil
	}
	if err := s.do(ctx, d, fmt.Sprintf("CREATE TABLE %s.%s (at TIMESTAMP)", name, unfinished)); err != nil {
		return err
	}
	if err := s.load(ctx, d); err != nil {
		return err
	}
	fault.Point("imported")
	return s.do(ctx, d, fmt.Sprintf("DROP TABLE IF EXISTS %s.%s", name, unfinished))
}

func (s *server) do(ctx context.Context, d *database, statement string, args ...any) error {
	_, err := s.ExecContext(ctx, statement, args...)
	fault.Point("statement done")
	return cannotDatabase(d.name, err)
}
