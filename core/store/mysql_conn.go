package store

import (
	"context"
	"database/sql/driver"
	"strconv"
)

// mysqlConn bounds how long changes wait for locks. It tells the server before its first change: one round trip less for a
// process that only reads.
type mysqlConn struct {
	fullMySQLConn
	bounded bool
}

// fullMySQLConn is everything database/sql uses of the driver's connection.
type fullMySQLConn interface {
	fullConn
	driver.NamedValueChecker
}

const boundLockWait = "SET innodb_lock_wait_timeout = "

func (c *mysqlConn) bound(ctx context.Context) error {
	if c.bounded {
		return nil
	}
	_, err := c.fullMySQLConn.ExecContext(ctx, boundLockWait+strconv.Itoa(lockWait), nil)
	c.bounded = err == nil
	return err
}

// BeginTx begins a transaction.
func (c *mysqlConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.bound(ctx); err != nil {
		return nil, err
	}
	return c.fullMySQLConn.BeginTx(ctx, o)
}

// ExecContext runs a statement that changes something.
func (c *mysqlConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.bound(ctx); err != nil {
		return nil, err
	}
	return c.fullMySQLConn.ExecContext(ctx, query, args)
}
