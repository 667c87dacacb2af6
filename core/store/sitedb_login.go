package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
)

// SiteLogin is how a site logs in to its own MySQL or MariaDB database. Host, Port and Socket are as in MySQL.
type SiteLogin struct {
	Host     string
	Port     int
	Socket   string
	Name     string // of the database
	User     string
	Password string `json:"-"`
	Prefix   string // what the names of the site's tables begin with
}

// Format prints nothing of a login but that it is one.
func (SiteLogin) Format(f fmt.State, _ rune) { io.WriteString(f, "a site's login") }

const (
	// siteLimit is how long a look at a site's database may take where the context sets no earlier end.
	siteLimit = 2 * time.Second
	// siteAnswer is far more than the answers to our few statements take, in bytes. What a site's configuration calls
	// a server may be anything and send without end.
	siteAnswer = 1 << 20
)

// siteSession keeps a server from working on when nobody waits any more, and has MySQL 8, which caches statistics for a
// day, look at them afresh. Each server takes the comments that are meant for it as part of the statement.
const siteSession = `SET SESSION lock_wait_timeout = 2 /*M!100100 , SESSION max_statement_time = 2 */
	/*!80000 , SESSION max_execution_time = 2000, SESSION information_schema_stats_expiry = 0 */`

// MeasureSite is SiteTables with the site's own login, on whatever server that names. It connects once, for 2 seconds at
// most. A database that does not exist or has no table of the site is CodeNotFound, a server that is out of connections
// CodeBusy, and all else CodeUnavailable. No error holds what the server said.
func MeasureSite(ctx context.Context, login SiteLogin) (size, tables int64, err error) {
	err = withSite(ctx, login, func(ctx context.Context, conn *sql.Conn) error {
		size, tables, err = siteTables(ctx, conn, login.Name, login.Prefix)
		return err
	})
	switch {
	case err != nil:
		return 0, 0, err
	case tables == 0:
		return 0, 0, errNoSiteTables()
	}
	return size, tables, nil
}

// PingSite tells whether the site can reach its database and has tables there; its errors are those of MeasureSite.
func PingSite(ctx context.Context, login SiteLogin) error {
	found := false
	err := withSite(ctx, login, func(ctx context.Context, conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE `+ofSite+`)`,
			ofSiteArgs(login.Name, login.Prefix)...).Scan(&found)
	})
	if err == nil && !found {
		return errNoSiteTables()
	}
	return err
}

// withSite runs f with a connection to a site's database.
func withSite(ctx context.Context, login SiteLogin, f func(context.Context, *sql.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, siteLimit)
	defer cancel()
	connector, err := mysql.NewConnector(login.config())
	if err != nil {
		return siteError(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return siteError(err)
	}
	defer conn.Close()
	// What a server does not know of this, it does without: if it has gone, f will tell.
	_, _ = conn.ExecContext(ctx, siteSession)
	if err := f(ctx, conn); err != nil {
		return siteError(err)
	}
	return nil
}

// config leaves everything off by which a server could take more from a client than its login: files, the password as
// it is, further statements.
func (login SiteLogin) config() *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = MySQL{Host: login.Host, Port: login.Port, Socket: login.Socket}.Address()
	cfg.DBName, cfg.User, cfg.Passwd = login.Name, login.User, login.Password
	cfg.AllowAllFiles, cfg.AllowCleartextPasswords, cfg.AllowOldPasswords, cfg.MultiStatements = false, false, false, false
	cfg.InterpolateParams = true // see openMySQL
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = siteLimit, siteLimit, siteLimit
	cfg.Logger = &mysql.NopLogger{}
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &boundedConn{Conn: conn, left: siteAnswer}, nil
	}
	return cfg
}

// boundedConn ends after so many bytes have been read.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

func errNoSiteTables() error {
	return core.Errorf(core.CodeNotFound, "cannot find the site's tables: its database has none with its prefix")
}
