package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
)

// MySQL says how to reach a MySQL or MariaDB server.
type MySQL struct {
	Host     string // "localhost" means the server's unix socket where one is found, as it does in PHP
	Port     int    // 0: 3306
	Socket   string // path; "" to use Host
	Database string
	User     string
	Password string
}

// connectTimeout bounds dialling and the handshake together, and the first statement of a request: a dead or frozen
// server is reported within 3 seconds, also where a process manager takes a second to begin the process.
const connectTimeout = 1800 * time.Millisecond

// lockWait is how long a change waits for another one of the same instance, in seconds.
const lockWait = 5

// sockets are where servers put their socket: Debian, Red Hat, FreeBSD and MySQL's own default.
var sockets = []string{"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/var/run/mysql/mysql.sock", "/tmp/mysql.sock"}

func openMySQL(m MySQL) (*sql.DB, error) {
	c, err := newMySQLConnector(m)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

func newMySQLConnector(m MySQL) (driver.Connector, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = m.Address()
	cfg.DBName, cfg.User, cfg.Passwd = m.Database, m.User, m.Password
	// One round trip a statement instead of three: the driver quotes the parameters itself, which is
	// safe in utf8mb4, the only character set we use.
	cfg.InterpolateParams = true
	cfg.Timeout = connectTimeout
	cfg.ReadTimeout = (lockWait + 5) * time.Second
	cfg.WriteTimeout = 5 * time.Second
	cfg.Logger = &mysql.NopLogger{} // stderr is the host's error log; errors are returned anyway
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot use the MySQL settings: %w", err)
	}
	return boundedConnector{c}, nil
}

// Address is where to connect to, as net.Dial wants it.
func (m MySQL) Address() (network, addr string) {
	if m.Socket != "" {
		return "unix", m.Socket
	}
	if m.Host == "" || m.Host == "localhost" {
		for _, s := range sockets {
			if _, err := os.Stat(s); err == nil {
				return "unix", s
			}
		}
	}
	host := m.Host
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	port := m.Port
	if port == 0 {
		port = 3306
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(port))
}

// boundedConnector gives up on a server that accepts the connection and then says nothing, and gives connections that bound
// the wait for locks.
type boundedConnector struct{ driver.Connector }

func (c boundedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := c.Connector.Connect(ctx)
	if _, refused := errors.AsType[*mysql.MySQLError](err); err != nil && !refused {
		// A server that ends amid the greetings gives an error that the driver keeps to itself.
		return nil, fmt.Errorf("%w: %w", mysql.ErrInvalidConn, err)
	}
	if err != nil {
		return nil, err
	}
	return &mysqlConn{fullMySQLConn: conn.(fullMySQLConn)}, nil
}

var mysqlDialect = dialect{
	name:          "mysql",
	forUpdate:     " FOR UPDATE",
	schemaVersion: "(SELECT version FROM vpm_schema WHERE id = 1)",
	later:         "CURRENT_TIMESTAMP + INTERVAL ? SECOND",
	earlier:       "CURRENT_TIMESTAMP - INTERVAL ? SECOND",
	base:          mysqlBaseTables,
	own:           mysqlOwnTables,
	gates:         mysqlGates,
	watch:         mysqlWatch,
	tokens:        mysqlTokens,
	hasColumn:     "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?",
	upsert:        " ON DUPLICATE KEY UPDATE ",
	inserted:      func(column string) string { return "VALUES(" + column + ")" },
	// 0 is what other programs may have stored for no moment, 0000-00-00, and no TIMESTAMP of the strict mode.
	at:           "FROM_UNIXTIME(NULLIF(?, 0))",
	unix:         "NULLIF(CAST(UNIX_TIMESTAMP(%s) AS SIGNED), 0)",
	snapshot:     []string{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"},
	joinsUpdates: true,
	exclusively:  mysqlExclusively,
	setVersion: func(ctx context.Context, ex execer, version int) error {
		_, err := ex.ExecContext(ctx, `INSERT INTO vpm_schema (id, version) VALUES (1, ?) ON DUPLICATE KEY UPDATE version = VALUES(version)`, version)
		return err
	},
	classify: classifyMySQL,
}

// mysqlExclusively holds a named lock: MySQL commits before and after every CREATE TABLE, so a transaction
// would not keep two processes apart. The server gives the lock back when the connection ends.
func mysqlExclusively(ctx context.Context, db *sql.DB, f func(execer) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// ALTER TABLE waits for every transaction that has read the table, a whole day by default, and all others behind it.
	if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = "+strconv.Itoa(lockWait)); err != nil {
		return err
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, `SELECT GET_LOCK(CONCAT('vpm:', LEFT(SHA1(DATABASE()), 16)), ?)`, lockWait).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return core.Errorf(core.CodeBusy, "cannot set up the database: another process is at it, try again in a moment")
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), `DO RELEASE_LOCK(CONCAT('vpm:', LEFT(SHA1(DATABASE()), 16)))`)
	return f(conn)
}

// classifyMySQL goes by the numbers of dev.mysql.com/doc/mysql-errors and mariadb.com/kb/en/mariadb-error-codes.
func classifyMySQL(err error) failure {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return failUnavailable
	}
	me, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return failUnknown
	}
	switch me.Number {
	case 1205, 3572: // lock wait timeout
		return failBusy
	case 1213, 1020: // deadlock; MariaDB's snapshot conflict
		return failDeadlock
	case 1146, 1054: // no such table; no such column, which our statements name in a table of an older version only
		return failNoTable
	case 1062, 1586:
		return failDuplicate
	case 1264, 1265, 1292, 1366, 1406, 3140, 4025: // out of range, truncated, wrong date, wrong value, too long, bad JSON, check failed
		return failBadValue
	case 1267, 1270, 1271: // two collations in one comparison
		return failCollations
	case 1044, 1045, 1049, 1142, 1143, 1227, 1698:
		return failDenied
	case 1021, 1114, 1041: // disk full, table full, out of memory
		return failFull
	case 1290, 1792, 1836, 1036: // read-only server, transaction or table
		return failReadOnly
	case 1040, 1053, 1129, 1203, 1226, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 3024, 1969, 1317:
		return failUnavailable
	}
	return failUnknown
}
