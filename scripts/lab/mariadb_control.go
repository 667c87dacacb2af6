package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// shutDownLimit is far more than a small database needs to write its pages out.
const shutDownLimit = 2 * time.Minute

var databaseName = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// CreateDatabase makes a database and a user of the same name who has all rights on it and none elsewhere, as a
// hosting panel does. The user may connect through the socket and, where there is one, the port.
func (db *MariaDB) CreateDatabase(name string) (user, password string, err error) {
	if !databaseName.MatchString(name) {
		return "", "", fmt.Errorf("cannot create database %q: a name is 1 to 64 letters, digits and underscores", name)
	}
	password = rand.Text()
	pattern := strings.ReplaceAll(name, "_", `\_`) // GRANT reads a bare _ as "any character"
	_, err = db.Exec(fmt.Sprintf("CREATE DATABASE `%s`; CREATE USER `%s`@`%%` IDENTIFIED BY '%s'; GRANT ALL ON `%s`.* TO `%s`@`%%`;",
		name, name, password, pattern, name))
	if err != nil {
		return "", "", fmt.Errorf("cannot create database %s: %w", name, err)
	}
	return name, password, nil
}

// Exec runs SQL as root and returns the rows: a line each, columns separated by tabs (tabs and newlines inside a value
// as \t and \n), without column names and without the last newline. It gives up after a minute.
func (db *MariaDB) Exec(sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "mariadb", "--no-defaults", "--user=root", "--socket="+db.Socket,
		"--default-character-set=utf8mb4", "--batch", "--skip-column-names")
	cmd.Stdin = strings.NewReader(sql)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cannot run SQL: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSuffix(string(output), "\n"), nil
}

// Log returns what the server has logged so far.
func (db *MariaDB) Log() string { return readLog(db.log()) }

// Stop shuts the server down and removes everything it had. It may be called twice.
func (db *MariaDB) Stop() error {
	return errors.Join(db.shutDown(), os.RemoveAll(db.dir))
}

// Kill ends the server at once, as a crash does. The data directory stays for Restart.
func (db *MariaDB) Kill() { db.server.kill() }

// Restart starts the server again on the same data, socket and port. A server that still runs is shut down first.
func (db *MariaDB) Restart() error {
	if err := db.shutDown(); err != nil {
		return err
	}
	return db.start()
}

func (db *MariaDB) shutDown() error {
	if db.server.stop(syscall.SIGTERM, shutDownLimit) {
		return fmt.Errorf("cannot shut MariaDB down in %s: killed it", shutDownLimit)
	}
	return nil
}

// Pause freezes the server: connections stay open and nothing answers.
func (db *MariaDB) Pause() error {
	if err := db.server.process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	// Its threads stop one after the other, and one that has not may answer yet.
	for until := time.Now().Add(shutDownLimit); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if db.frozen() {
			return nil
		}
	}
	return fmt.Errorf("cannot pause MariaDB: it does not stop within %s", shutDownLimit)
}

// frozen tells whether every thread of the server is stopped: see proc(5) for the state after the name in parentheses.
func (db *MariaDB) frozen() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", db.server.process.Pid))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if _, after, found := strings.Cut(string(stat), ") "); err != nil || !found || !strings.HasPrefix(after, "T") {
			return false
		}
	}
	return true
}

// Resume lets a paused server go on.
func (db *MariaDB) Resume() error { return db.server.process.Signal(syscall.SIGCONT) }
