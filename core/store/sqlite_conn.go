package store

import (
	"context"
	"database/sql/driver"
	"os"

	"vpm/core"
)

// sqliteConnector gives connections that end when the database is no longer where they opened it. SQLite would
// go on in a file that was moved or removed, and what a long-running process stores there nobody finds again.
type sqliteConnector struct {
	driver.Connector
	path    string
	current func() bool // see Options
}

// Connect opens the file that is at the path now.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	file, err := os.Stat(c.path)
	if err != nil {
		return nil, errNoFile(c.path, err)
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if c.current != nil && !c.current() {
		conn.Close()
		return nil, core.Errorf(core.CodeUnavailable, "cannot go on with this request: vpm's settings have changed since it began; try again")
	}
	return &sqliteConn{conn.(fullConn), c.path, file}, nil
}

// fullConn is everything database/sql uses of the driver's connection.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteConn struct {
	fullConn
	path string
	file os.FileInfo
}

// ResetSession is called before a connection is used again.
func (c *sqliteConn) ResetSession(ctx context.Context) error {
	if now, err := os.Stat(c.path); err != nil || !os.SameFile(now, c.file) {
		return driver.ErrBadConn // database/sql then opens another
	}
	return c.fullConn.ResetSession(ctx)
}

func errNoFile(path string, err error) error {
	return core.Errorf(core.CodeUnavailable, "cannot find the database %s: was its directory moved or removed? Put it back where it was", path).Because(err)
}
