package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// nobody is the user that MariaDB runs as when a lab is started by root: it refuses to run as root.
const nobody = 65534

// startTries is how often a server is started when others take the port that was chosen for it.
const startTries = 3

// MariaDBOptions says what a MariaDB is to have besides its socket.
type MariaDBOptions struct {
	TCP     bool   // listen on 127.0.0.1 too, at MariaDB.Port
	Preload string // a library that the linker puts between the server and the C library; "" none
}

// MariaDB is a running server with a data directory of its own. Its databases are made durable like a real one's.
type MariaDB struct {
	Socket string // path of the unix socket, which every local user may use
	Port   int    // on 127.0.0.1; 0 without MariaDBOptions.TCP

	dir     string
	preload string
	server  *server
}

// StartMariaDB makes an empty data directory and starts a server on it. It returns once the server greets clients.
func StartMariaDB(options ...MariaDBOptions) (*MariaDB, error) {
	dir, err := newDir()
	if err != nil {
		return nil, err
	}
	db := &MariaDB{Socket: filepath.Join(dir, "mariadb.sock"), dir: dir}
	if err := db.install(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	tcp := len(options) > 0 && options[0].TCP
	if len(options) > 0 {
		db.preload = options[0].Preload
	}
	for try := 1; ; try++ {
		if tcp {
			if db.Port, err = FreePort(); err != nil {
				return nil, errors.Join(err, os.RemoveAll(dir))
			}
		}
		if err = db.start(); err == nil {
			return db, nil
		}
		if !tcp || try == startTries || !strings.Contains(err.Error(), "Address already in use") {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
}

// install makes the data directory. Nothing is lost when this is cut short, so it need not wait for the disk.
func (db *MariaDB) install() error {
	if os.Geteuid() == 0 {
		if err := os.Chown(db.dir, nobody, nobody); err != nil {
			return fmt.Errorf("cannot give the database directory away: %w", err)
		}
	}
	cmd := db.command("mariadb-install-db",
		"--auth-root-authentication-method=normal",
		"--skip-test-db",
		"--innodb-flush-log-at-trx-commit=0",
		"--innodb-flush-method=nosync",
	)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot make a MariaDB data directory (see scripts/setup): %w\n%s", err, output)
	}
	return nil
}

// command is a MariaDB server program run on this data directory.
func (db *MariaDB) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, append([]string{
		"--no-defaults",
		"--datadir=" + filepath.Join(db.dir, "data"),
		"--tmpdir=" + db.dir,
		"--skip-name-resolve",
		"--innodb-log-file-size=8M",
	}, args...)...)
	cmd.Dir = db.dir
	// mariadbd is in sbin, which is not in every PATH.
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin", "TMPDIR="+db.dir)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// start starts the server on the data directory there is. Memory is small, durability is as in production.
func (db *MariaDB) start() error {
	listen := []string{"--skip-networking"}
	if db.Port != 0 {
		listen = []string{"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", db.Port)}
	}
	cmd := db.command("/usr/sbin/mariadbd", append(listen,
		"--socket="+db.Socket,
		"--pid-file="+filepath.Join(db.dir, "mariadb.pid"),
		"--innodb-flush-log-at-trx-commit=1",
		"--innodb-buffer-pool-size=16M",
		"--innodb-buffer-pool-dump-at-shutdown=0",
		"--innodb-buffer-pool-load-at-startup=0",
		"--key-buffer-size=1M",
		"--aria-pagecache-buffer-size=1M",
		// As Debian and the hosts configure it; the built-in default is latin1.
		"--character-set-server=utf8mb4",
		"--collation-server=utf8mb4_general_ci",
	)...)
	if db.preload != "" {
		cmd.Env = append(cmd.Env, "LD_PRELOAD="+db.preload)
	}
	server, err := startServer(cmd, db.log())
	if err != nil {
		return err
	}
	if err := server.waitReady(db.greets); err != nil {
		server.kill()
		return fmt.Errorf("cannot start MariaDB: %w\n%s", err, db.Log())
	}
	db.server = server
	return nil
}

func (db *MariaDB) log() string { return filepath.Join(db.dir, "mariadb.log") }

// greets tells whether a new connection gets the greeting of the MySQL protocol, which the server sends only when it
// is ready to serve: a 4-byte header, then the protocol version, 10. An error packet has 0xff there.
func (db *MariaDB) greets() bool {
	conn, err := net.Dial("unix", db.Socket)
	if err != nil {
		return false
	}
	defer conn.Close()
	greeting := make([]byte, 5)
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, greeting)
	return err == nil && greeting[4] == 10
}
