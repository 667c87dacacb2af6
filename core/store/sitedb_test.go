package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
	"vpm/scripts/lab"
)

// siteDatabase makes a database with a user of its own, as a hosting panel does, and runs SQL in it.
func siteDatabase(t *testing.T, on *lab.MariaDB, statements ...string) SiteLogin {
	t.Helper()
	o := emptyDatabaseOn(t, on).MySQL
	_, err := on.Exec("USE " + o.Database + "; " + strings.Join(statements, "; "))
	must(t, err)
	return SiteLogin{Socket: o.Socket, Name: o.Database, User: o.User, Password: o.Password, Prefix: "wp_"}
}

func wantSite(t *testing.T, login SiteLogin, size, tables int64) {
	t.Helper()
	gotSize, gotTables, err := MeasureSite(t.Context(), login)
	if err != nil || gotSize != size || gotTables != tables {
		t.Errorf("prefix %q has %d tables of %d bytes, %v; want %d of %d", login.Prefix, gotTables, gotSize, err, tables, size)
	}
	must(t, PingSite(t.Context(), login))
}

// wantSiteError checks an error of MeasureSite and PingSite: no word of the login, of addresses or of the server is in it.
func wantSiteError(t *testing.T, login SiteLogin, code core.Code, words string) {
	t.Helper()
	_, _, err := MeasureSite(t.Context(), login)
	for what, err := range map[string]error{"measure": err, "ping": PingSite(t.Context(), login)} {
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Code != code || !strings.Contains(e.Message, words) {
			t.Errorf("%s: the error is %v; want one of code %q with %q", what, err, code, words)
			continue
		}
		for _, secret := range []string{login.Password, login.Name, login.User, "127.0.0.1", "denied", "Unknown", "dial", "banner"} {
			if secret != "" && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows %q: %v", what, secret, err)
			}
		}
	}
}

const fill = "CREATE TABLE %[1]s (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(4000), k INT, KEY (k)); INSERT INTO %[1]s (v, k) SELECT REPEAT('x', 4000), seq FROM seq_1_to_%[2]d; ANALYZE TABLE %[1]s"

// TestMeasureSiteByHand compares with what root adds up table by table, and with what is known of the rows.
func TestMeasureSiteByHand(t *testing.T) {
	t.Parallel()
	login := siteDatabase(t, server, fmt.Sprintf(fill, "wp_posts", 300), fmt.Sprintf(fill, "wp_2_posts", 50), "CREATE TABLE wp_empty (id INT PRIMARY KEY)",
		fmt.Sprintf(fill, "other", 100), "CREATE VIEW wp_view AS SELECT * FROM wp_posts")
	var byHand int64
	for _, table := range []string{"wp_posts", "wp_2_posts", "wp_empty"} {
		out, err := server.Exec("SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = '" + login.Name + "' AND table_name = '" + table + "'")
		must(t, err)
		var n int64
		_, err = fmt.Sscan(out, &n)
		must(t, err)
		byHand += n
	}
	if rows := int64(350 * 4000); byHand < rows || byHand > 3*rows {
		t.Fatalf("350 rows of 4000 bytes are %d bytes", byHand)
	}
	wantSite(t, login, byHand, 3)
	db := ready(t, Options{MySQL: MySQL{Socket: login.Socket, Database: login.Name, User: login.User, Password: login.Password}})
	size, tables, err := db.SiteTables(t.Context(), login.Name, "wp_")
	if err != nil || size != byHand || tables != 3 {
		t.Errorf("SiteTables has %d tables of %d bytes, %v; want 3 of %d", tables, size, err, byHand)
	}
}

// TestSitesThatShareADatabase: what is a wildcard to LIKE is a letter of a prefix here.
func TestSitesThatShareADatabase(t *testing.T) {
	t.Parallel()
	var create []string
	names := []string{"wp_posts", "wp_users", "wp1_posts", "wpx_posts", "wpxposts", "WP_posts", "a%_t", "axx_t", "a!_t", "plain"}
	for _, name := range names {
		create = append(create, "CREATE TABLE `"+name+"` (id INT PRIMARY KEY)")
	}
	login := siteDatabase(t, server, create...)
	out, err := server.Exec("SELECT data_length + index_length FROM information_schema.tables WHERE table_name = 'wp1_posts' AND table_schema = '" + login.Name + "'")
	must(t, err)
	var each int64
	_, err = fmt.Sscan(out, &each)
	must(t, err)
	panel := open(t, Options{MySQL: MySQL{Socket: login.Socket, Database: login.Name, User: login.User, Password: login.Password}})
	for prefix, want := range map[string]int64{"wp_": 2, "wp1_": 1, "wpx": 2, "wp": 5, "WP_": 1, "a%_": 1, "a!": 1, "": int64(len(names))} {
		login.Prefix = prefix
		wantSite(t, login, want*each, want)
		size, tables, err := panel.SiteTables(t.Context(), login.Name, prefix)
		if err != nil || size != want*each || tables != want {
			t.Errorf("with vpm's user, prefix %q has %d tables of %d bytes, %v; want %d", prefix, tables, size, err, want)
		}
	}
	for _, prefix := range []string{"w_", "wp2_", "%", "_", "' OR 1=1 -- ", `\`} {
		login.Prefix = prefix
		wantSiteError(t, login, core.CodeNotFound, "none with its prefix")
	}
}

// TestPanelWithoutRights: vpm's user sees nothing of the site, the site's own does, whatever vpm keeps its state in.
func TestPanelWithoutRights(t *testing.T) {
	t.Parallel()
	login := siteDatabase(t, server, "CREATE TABLE wp_posts (id INT PRIMARY KEY)")
	eachPanel := map[string]*DB{"mariadb": ready(t, emptyMariaDB(t)), "sqlite": ready(t, emptySQLite(t))}
	for name, panel := range eachPanel {
		_, _, err := panel.SiteTables(t.Context(), login.Name, "wp_")
		if core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("%s: the panel's own user sees the site: %v", name, err)
		}
	}
	if _, tables, err := MeasureSite(t.Context(), login); err != nil || tables != 1 {
		t.Errorf("the site's user sees %d tables, %v", tables, err)
	}
}

func TestSiteLoginRefused(t *testing.T) {
	t.Parallel()
	good := siteDatabase(t, server, "CREATE TABLE wp_posts (id INT PRIMARY KEY)")
	neighbour := siteDatabase(t, server)
	for name, change := range map[string]func(*SiteLogin){
		"password":  func(l *SiteLogin) { l.Password = "s3cret-wrong" },
		"none":      func(l *SiteLogin) { l.Password = "" },
		"user":      func(l *SiteLogin) { l.User = "nobody_at_all" },
		"neighbour": func(l *SiteLogin) { l.User, l.Password = neighbour.User, neighbour.Password },
	} {
		login := good
		change(&login)
		t.Run(name, func(t *testing.T) {
			wantSiteError(t, login, core.CodeUnavailable, "refuses the site's user name or password")
		})
	}
	// Of a name of its own, for the server is all tests' and stays for the next count.
	user := good.Name + "_bare"
	_, err := server.Exec("GRANT ALL ON *.* TO '" + good.User + "'@'%'")
	must(t, err)
	gone := good
	gone.Name = "no_such_database"
	wantSiteError(t, gone, core.CodeNotFound, "does not exist")

	_, err = server.Exec("CREATE USER " + user + "@localhost; GRANT SELECT ON `" + strings.ReplaceAll(good.Name, "_", `\_`) + "`.* TO " + user + "@localhost")
	must(t, err)
	bare := good
	bare.User, bare.Password = user, ""
	if _, tables, err := MeasureSite(t.Context(), bare); err != nil || tables != 1 {
		t.Errorf("a user without a password sees %d tables, %v", tables, err)
	}
	_, err = server.Exec("ALTER USER " + user + "@localhost ACCOUNT LOCK")
	must(t, err)
	wantSiteError(t, bare, core.CodeUnavailable, "refuses the site's user name or password")
}

// TestSiteServerRefuses: what passes by itself is told from what somebody must see to, and none of it is in the server's words.
func TestSiteServerRefuses(t *testing.T) {
	t.Parallel()
	for number, want := range map[uint16]struct {
		code  core.Code
		words string
	}{
		1040: {core.CodeBusy, "no connection left"}, 1203: {core.CodeBusy, "no connection left"}, 1226: {core.CodeBusy, "no connection left"},
		1205: {core.CodeUnavailable, "takes too long"}, 1969: {core.CodeUnavailable, "takes too long"}, 3024: {core.CodeUnavailable, "takes too long"},
		1862: {core.CodeUnavailable, "refuses"}, 1049: {core.CodeNotFound, "does not exist"}, 1064: {core.CodeUnavailable, "reports an error"},
	} {
		err := siteError(fmt.Errorf("in a query: %w", &mysql.MySQLError{Number: number, Message: "<b>banner</b>"}))
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Code != want.code || !strings.Contains(e.Message, want.words) || (e.RetryAfter > 0) != (want.code == core.CodeBusy) || strings.Contains(err.Error(), "banner") {
			t.Errorf("%d: %v; want %s: %s", number, err, want.code, want.words)
		}
	}
}

func TestSiteOverTCP(t *testing.T) {
	t.Parallel()
	own := lab.NewMariaDB(t, lab.MariaDBOptions{TCP: true})
	login := siteDatabase(t, own, "CREATE TABLE wp_posts (id INT PRIMARY KEY)")
	login.Socket, login.Host, login.Port = "", "127.0.0.1", own.Port
	if _, tables, err := MeasureSite(t.Context(), login); err != nil || tables != 1 {
		t.Errorf("over TCP there are %d tables, %v", tables, err)
	}
	must(t, own.Pause())
	t.Cleanup(func() { own.Resume() })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := PingSite(ctx, login); core.CodeOf(err) != core.CodeUnavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a frozen server gives %v", err)
	}
}

func TestSiteServerNotThere(t *testing.T) {
	t.Parallel()
	login := SiteLogin{Host: "127.0.0.1", Port: lab.RefusingAddr(t).Port, Name: "site_db", User: "site_user", Password: "s3cret", Prefix: "wp_"}
	wantSiteError(t, login, core.CodeUnavailable, "cannot reach the site's database server")
	login.Host = "no-such-host.invalid"
	wantSiteError(t, login, core.CodeUnavailable, "cannot reach the site's database server")
	login.Host, login.Socket = "", filepath.Join(t.TempDir(), "no.sock")
	wantSiteError(t, login, core.CodeUnavailable, "cannot reach the site's database server")
}

// TestSiteSession: the server takes the limits that are meant for it, and knows nothing wrong with the others.
func TestSiteSession(t *testing.T) {
	t.Parallel()
	var limit float64
	err := withSite(t.Context(), siteDatabase(t, server), func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, siteSession); err != nil {
			return err
		}
		return conn.QueryRowContext(ctx, "SELECT @@max_statement_time").Scan(&limit)
	})
	if err != nil || limit != 2 {
		t.Errorf("statements may take %v s, %v; want 2", limit, err)
	}
	err = withSite(t.Context(), siteDatabase(t, server), func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DO 1; DO 2")
		return err
	})
	if core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("two statements in one give %v", err)
	}
}

func TestSiteLoginIsNotPrinted(t *testing.T) {
	t.Parallel()
	login := SiteLogin{Name: "site_db", Password: "s3cret"}
	if s := fmt.Sprintf("%v %+v %#v %s", login, login, &login, login); strings.Contains(s, "s3cret") || strings.Contains(s, "site_db") {
		t.Error("it is printed as", s)
	}
}
