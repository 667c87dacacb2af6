package provision

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
	"vpm/core/fault"
)

// withDatabase connects as root, whom the server knows by its socket: no password is stored anywhere.
func (p Paths) withDatabase(ctx context.Context, f func(context.Context, *sql.Conn) error) error {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "unix", p.MariaDB
	config.Timeout, config.ReadTimeout, config.WriteTimeout = 5*time.Second, 30*time.Second, 30*time.Second
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot connect to the database server as root at %s: %w", p.MariaDB, err)
	}
	defer conn.Close()
	if err := f(ctx, conn); err != nil {
		return core.Errorf(core.CodeNotEffective, "cannot make or remove the instance's database account: %w", err)
	}
	return nil
}

func (p Paths) databaseDo(ctx context.Context, statements ...string) error {
	return p.withDatabase(ctx, func(ctx context.Context, conn *sql.Conn) error {
		for _, s := range statements {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return err
			}
			fault.Point("statement done")
		}
		return nil
	})
}

// socketLogin is how accounts are named that the kernel's word is enough for.
func socketLogin(ctx context.Context, conn *sql.Conn) (string, error) {
	var version string
	if err := conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return "", err
	}
	if strings.Contains(version, "MariaDB") {
		return "VIA unix_socket", nil
	}
	return "WITH auth_socket", nil // MySQL's name for it
}

// makeDatabase makes a database and an account that is the instance's user: the server takes the kernel's word for who
// is at its socket. Names are made of slugs, so they need no quoting but the underscore, a wildcard in a grant. Accounts
// that the site has already are its own.
func (r *run) makeDatabase() error {
	if !r.request.Database {
		return nil
	}
	name, account := databaseOf(r.slug), userOf(r.slug)
	there := func(ctx context.Context, conn *sql.Conn, question, arg string) (n int, err error) {
		return n, conn.QueryRowContext(ctx, question, arg).Scan(&n)
	}
	err := r.withDatabase(r.ctx, func(ctx context.Context, conn *sql.Conn) error {
		databases, err := there(ctx, conn, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", name)
		if err == nil && databases == 0 {
			err = r.note(undo{Kind: undoDatabase, Name: name})
		}
		if err != nil {
			return err
		}
		accounts, err := there(ctx, conn, "SELECT COUNT(*) FROM mysql.user WHERE Host = 'localhost' AND User = ?", account)
		if err == nil && accounts == 0 {
			err = r.note(undo{Kind: undoAccount, Name: account})
		}
		if err != nil {
			return err
		}
		by, err := socketLogin(ctx, conn)
		if err != nil {
			return err
		}
		for _, s := range []string{
			"CREATE DATABASE IF NOT EXISTS `" + name + "` CHARACTER SET utf8mb4",
			"CREATE USER IF NOT EXISTS '" + account + "'@'localhost' IDENTIFIED " + by,
			"GRANT ALL PRIVILEGES ON `" + strings.ReplaceAll(name, "_", `\_`) + "`.* TO '" + account + "'@'localhost'",
		} {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return err
			}
			fault.Point("statement done")
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.state.Database, r.result.Database = true, name
	return nil
}
