package lab_test

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"vpm/scripts/lab"
)

// query runs SQL as a database's own user over TCP.
func query(db *lab.MariaDB, user, password, database, sql string) (string, error) {
	output, err := exec.Command("mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--port="+strconv.Itoa(db.Port),
		"--user="+user, "--password="+password, "--batch", "--skip-column-names", "--execute="+sql, database).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func wantExec(t *testing.T, db *lab.MariaDB, sql, want string) {
	t.Helper()
	got, err := db.Exec(sql)
	if err != nil || got != want {
		t.Errorf("Exec(%q) = %q, %v; want %q", sql, got, err, want)
	}
}

func TestDatabaseUserSeesOnlyItsDatabase(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t, lab.MariaDBOptions{TCP: true})
	user, password, err := db.CreateDatabase("site_a")
	if err != nil {
		t.Fatal(err)
	}
	// Its name matches site_a where a GRANT takes _ for any character.
	if _, _, err := db.CreateDatabase("site1a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.CreateDatabase("bad`name"); err == nil {
		t.Error("CreateDatabase took a name with a backtick")
	}
	if got, err := query(db, user, password, "site_a", "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('ä'); SELECT COUNT(*) FROM t"); err != nil || got != "1" {
		t.Errorf("in its own database: %q, %v", got, err)
	}
	if got, err := query(db, user, password, "site1a", "SELECT 1"); err == nil {
		t.Errorf("in another's database: %q, want an error", got)
	}
	wantExec(t, db, "SELECT v, HEX(v) FROM site_a.t; SELECT 2", "ä\tC3A4\n2")
	wantExec(t, db, "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite", "1\t1")
}

func TestKilledDatabaseComesBack(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	wantExec(t, db, "CREATE DATABASE d; CREATE TABLE d.t (n INT); INSERT INTO d.t VALUES (7)", "")
	db.Kill()
	if got, err := db.Exec("SELECT 1"); err == nil {
		t.Errorf("a killed server answered %q", got)
	}
	for range 2 { // after the crash, and while it runs
		if err := db.Restart(); err != nil {
			t.Fatal(err)
		}
		wantExec(t, db, "SELECT n FROM d.t", "7")
	}
}

func TestPausedDatabaseAnswersLater(t *testing.T) {
	t.Parallel()
	db := lab.NewMariaDB(t)
	if err := db.Pause(); err != nil {
		t.Fatal(err)
	}
	// The kernel accepts for a stopped server; its greeting does not come.
	conn, err := net.Dial("unix", db.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("a paused server sent %d bytes", n)
	}
	if err := db.Resume(); err != nil {
		t.Fatal(err)
	}
	wantExec(t, db, "SELECT 1", "1")
	if err := db.Pause(); err != nil { // Stop must end a paused server too
		t.Fatal(err)
	}
}
