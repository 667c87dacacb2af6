package relocate

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
	"vpm/scripts/lab"
)

// restoring is a database server, and one dump after the other for the same database.
type restoring struct {
	*server
	t   *testing.T
	lab *lab.MariaDB
}

func newRestoring(t *testing.T) *restoring {
	t.Helper()
	skipUnlessRoot(t)
	db := lab.NewMariaDB(t)
	s, err := connect(t.Context(), db.Socket)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return &restoring{s, t, db}
}

func (r *restoring) found(name string) *database {
	r.t.Helper()
	d := &database{name: name, users: []login{{name, "pa'ss\\", "localhost"}}, usedBy: []string{"a site"}}
	must(r.t, r.look(r.t.Context(), d))
	return d
}

// imports runs a dump.
func (r *restoring) imports(name, text string) error {
	r.t.Helper()
	d := r.found(name)
	d.dump = filepath.Join(r.t.TempDir(), name+".sql.gz")
	f, err := os.Create(d.dump)
	must(r.t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte(text))
	must(r.t, err)
	must(r.t, z.Close())
	must(r.t, f.Close())
	return r.bring(context.WithoutCancel(r.t.Context()), d)
}

func (r *restoring) rows(question string) string {
	r.t.Helper()
	out, err := r.lab.Exec(question)
	must(r.t, err)
	return out
}

const pagesDump = "/*M!999999\\- enable the sandbox mode */\nCREATE TABLE pages (text TEXT) CHARACTER SET utf8mb4;\nINSERT INTO pages VALUES ('Größe 😀'), ('a\\r\\nb');\n"

// TestImport brings a database once; one that was cut off is begun anew, and one that has tables is nobody's to change.
func TestImport(t *testing.T) {
	t.Parallel()
	r := newRestoring(t)
	if d := r.found("you_wp"); d.found != absent || d.unlocked {
		t.Errorf("at first: %+v", d)
	}
	if err := r.imports("you_wp", pagesDump+"INSERT INTO nowhere VALUES (1);\n"); core.CodeOf(err) != core.CodeNotEffective || !strings.Contains(core.Sentence(err), "nowhere") {
		t.Errorf("a dump with an error: %v", err)
	}
	if d := r.found("you_wp"); d.found != cut {
		t.Errorf("after a dump with an error: %+v", d)
	}
	must(t, r.imports("you_wp", pagesDump))
	if d := r.found("you_wp"); d.found != full || !d.unlocked {
		t.Errorf("after the import: %+v", d)
	}
	if got := r.rows("SELECT GROUP_CONCAT(HEX(text)) FROM you_wp.pages"); got != "4772C3B6C39F6520F09F9880,610D0A62" {
		t.Errorf("imported are %s", got)
	}
	if tables := r.rows("SHOW TABLES IN you_wp"); tables != "pages" {
		t.Errorf("the tables are %s", tables)
	}
	other := &database{name: "you_wp", users: []login{{"you_wp", "another", "localhost"}}}
	if err := r.look(t.Context(), other); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("the same user with another password: %v", err)
	}
}

// TestUsedDatabase is one that has tables: it is the account's where a person says so, and then no dump is run over it.
func TestUsedDatabase(t *testing.T) {
	t.Parallel()
	r := newRestoring(t)
	home := restored(t, "VPM_DB_DRIVER=sqlite\nVPM_DATA_DIR=/home/you/vpm-data\n")
	write(t, home, map[string]string{"you_wp.sql": pagesDump})
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	plan := func(use ...string) (*Plan, error) {
		p := &Plan{options: Options{From: home, MariaDB: r.lab.Socket, UseDatabases: use}, account: a, awaited: map[string]bool{}}
		return p, p.databaseSteps(t.Context())
	}
	r.rows("CREATE DATABASE you_wp")
	if p, err := plan(); err != nil || len(p.steps) != 1 || !strings.HasPrefix(p.steps[0].what, "make the database you_wp") {
		t.Errorf("with an empty one: %+v, %v", p.steps, err)
	}
	r.rows("CREATE TABLE you_wp.mine (n INT); CREATE TABLE you_wp." + unfinished + " (n INT)")
	if p, err := plan(); err != nil || len(p.steps) != 1 || !strings.Contains(p.steps[0].detail, "begun anew") {
		t.Errorf("with one that was cut off: %+v, %v", p.steps, err)
	}
	r.rows("DROP TABLE you_wp." + unfinished)
	if _, err := plan(); core.CodeOf(err) != core.CodeConflict || !strings.Contains(core.Sentence(err), "--use-database you_wp") {
		t.Errorf("with one that has tables: %v", err)
	}
	p, err := plan("you_wp")
	must(t, err)
	if len(p.steps) != 1 || !strings.HasPrefix(p.steps[0].what, "open the database you_wp") || strings.Contains(p.steps[0].detail, "import") {
		t.Fatalf("with one that a person has named the steps are %+v", p.steps)
	}
	must(t, p.steps[0].do(t.Context()))
	if tables := r.rows("SHOW TABLES IN you_wp"); tables != "mine" {
		t.Errorf("afterwards the tables are %s", tables)
	}
	if p, err = plan(); err != nil || len(p.steps) > 0 || len(p.notes) != 1 || !strings.Contains(p.notes[0], "is not imported") {
		t.Errorf("the second time: %+v, %v", p, err)
	}
}

// TestDumpsThatCannotBeImported leave a database that is known to be unfinished, and the next import begins anew.
func TestDumpsThatCannotBeImported(t *testing.T) {
	t.Parallel()
	r := newRestoring(t)
	d := r.found("you_wp")
	d.dump = filepath.Join(t.TempDir(), "you_wp.sql.gz")
	must(t, os.WriteFile(d.dump, []byte(pagesDump), 0o600)) // packed by its name only
	if err := r.bring(t.Context(), d); core.CodeOf(err) != core.CodeNotEffective || r.found("you_wp").found != cut {
		t.Errorf("one that is not packed: %v", err)
	}
	must(t, r.imports("you_wp", pagesDump))
	must(t, r.Close())
	if err := r.bring(t.Context(), d); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("without a server: %v", err)
	}
}

// TestHostileDumps get no further than the account's own database.
func TestHostileDumps(t *testing.T) {
	t.Parallel()
	r := newRestoring(t)
	r.rows("CREATE DATABASE others; CREATE TABLE others.pages (n INT); CREATE DATABASE youXwp; CREATE TABLE youXwp.pages (n INT)")
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o777))
	mark := filepath.Join(dir, "mark")
	for name, text := range map[string]string{
		"another database":  "DROP TABLE others.pages;",
		"a similar name":    "DROP TABLE youXwp.pages;",
		"rights":            "GRANT ALL ON *.* TO you_wp@localhost;",
		"a new user":        "CREATE USER evil@localhost;",
		"a file":            "SELECT 1 INTO OUTFILE '" + mark + "';",
		"a command":         "\\! touch " + mark + "\n",
		"a command by name": "system touch " + mark + "\n",
		"another file":      "source /etc/passwd\n",
		"a local file":      "CREATE TABLE a (t TEXT); LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE a;",
		"comments":          "SET @x = 1;\n/*\\! touch " + mark + "*/\n\\. /etc/passwd\n",
	} {
		if err := r.imports("you_wp", text); err == nil {
			t.Errorf("%s: a dump with %q was imported", name, text)
		}
	}
	if exists(mark) {
		t.Error("a dump has run a command or written a file")
	}
	if got := r.rows("SELECT GROUP_CONCAT(TABLE_SCHEMA) FROM information_schema.TABLES WHERE TABLE_NAME = 'pages'"); !strings.Contains(got, "others") || !strings.Contains(got, "youXwp") {
		t.Errorf("of the other databases are left %s", got)
	}
}

// TestOpenedDatabase is one that somebody has restored by hand: its users get to it, and nothing else is done.
func TestOpenedDatabase(t *testing.T) {
	t.Parallel()
	r := newRestoring(t)
	r.rows("CREATE DATABASE you_wp; CREATE TABLE you_wp.pages (n INT); INSERT INTO you_wp.pages VALUES (7)")
	d := r.found("you_wp")
	if d.found != full || d.unlocked {
		t.Fatalf("at first: %+v", d)
	}
	must(t, r.bring(t.Context(), d))
	if d = r.found("you_wp"); !d.unlocked || r.rows("SELECT n FROM you_wp.pages") != "7" {
		t.Errorf("afterwards: %+v", d)
	}
}
