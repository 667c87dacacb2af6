package relocate

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core"
	"vpm/scripts/lab"
)

// TestDatabaseByAddress: a configuration with 127.0.0.1 is one that connects by TCP, as many hosts advise. Its import goes
// through, its user gets in that way, and the next plan finds nothing to do.
func TestDatabaseByAddress(t *testing.T) {
	t.Parallel()
	skipUnlessRoot(t)
	db := lab.NewMariaDB(t, lab.MariaDBOptions{TCP: true})
	home := restored(t, strings.Replace(settingsOfYou, `"mysql"`, `"sqlite"`, 1))
	write(t, home, map[string]string{"you_wp.sql": pagesDump, "public_html/blog/wp-config.php": `<?php define('DB_NAME', 'you_wp'); define('DB_USER', 'you_wp');
		define('DB_PASSWORD', 's'); define('DB_HOST', '127.0.0.1'); $table_prefix = 'wp_';`})
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	prepare := func() *Plan {
		p := &Plan{options: Options{From: home, MariaDB: db.Socket}, account: a, awaited: map[string]bool{}}
		must(t, p.databaseSteps(t.Context()))
		return p
	}
	mine := func(password string) {
		t.Helper()
		_, err := db.Exec("CREATE OR REPLACE USER you_wp@127.0.0.1 IDENTIFIED BY '" + password + "'")
		must(t, err)
	}
	mine("anothers")
	if err := (&Plan{options: Options{From: home, MariaDB: db.Socket}, account: a, awaited: map[string]bool{}}).databaseSteps(t.Context()); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("with somebody else's user of this name: %v", err)
	}
	mine("s")
	p := prepare()
	if len(p.steps) != 1 || !strings.Contains(p.steps[0].detail, "import "+filepath.Join(home, "you_wp.sql")) {
		t.Fatalf("the steps are %+v", p.steps)
	}
	must(t, p.steps[0].do(context.WithoutCancel(t.Context())))
	site, err := sql.Open("mysql", fmt.Sprintf("you_wp:s@tcp(127.0.0.1:%d)/you_wp", db.Port))
	must(t, err)
	defer site.Close()
	var pages int
	if err := site.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pages").Scan(&pages); err != nil || pages != 2 {
		t.Errorf("the site finds %d pages, %v", pages, err)
	}
	if p = prepare(); len(p.steps) != 0 {
		t.Errorf("the second time the steps are %+v", p.steps)
	}
}
