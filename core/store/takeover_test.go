package store

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// installation is a database as PHP code made and filled it.
type installation struct {
	name            string
	charset, runs   string // of the tables, and of virtual_processes where that differs
	json            string // the type of the JSON columns
	key             bool   // virtual_processes refers to instances
	garbage         string // in every JSON column
	userConstraints string // of the columns of admin_users
}

var installations = []installation{
	{name: "foreign key", charset: "utf8mb4 COLLATE utf8mb4_unicode_ci", json: "JSON", key: true, garbage: "[]", userConstraints: "NOT NULL"},
	{name: "general_ci without key", charset: "utf8mb4 COLLATE utf8mb4_general_ci", json: "LONGTEXT", garbage: `{"path": 7, broken`},
	{name: "utf8mb3", charset: "utf8mb3 COLLATE utf8mb3_unicode_ci", json: "LONGTEXT", key: true, garbage: "\x01 nonsense"},
	{name: "latin1", charset: "latin1 COLLATE latin1_swedish_ci", json: "LONGTEXT", garbage: ""},
	{name: "two collations", charset: "utf8mb4 COLLATE utf8mb4_unicode_ci", runs: "utf8mb4 COLLATE utf8mb4_general_ci", json: "LONGTEXT", garbage: "null"},
}

const oldID = "Old_Site-with-CAPITALS_and_an_id_of_exactly_sixty-four_characters" // cut to 64 below

func (in installation) fill(t *testing.T, db *DB) {
	t.Helper()
	key, runs := "", in.charset
	if in.key {
		key = ", FOREIGN KEY (instance_id) REFERENCES instances(instance_id) ON DELETE CASCADE"
	}
	if in.runs != "" {
		runs = in.runs
	}
	for _, statement := range []string{
		`CREATE TABLE instances (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, instance_id VARCHAR(64) UNIQUE NOT NULL, instance_name VARCHAR(255) NOT NULL,
			cms_type ENUM('wordpress','joomla','drupal','native') NOT NULL, cms_version VARCHAR(50), domain VARCHAR(255), path_prefix VARCHAR(100),
			database_name VARCHAR(64) NOT NULL, database_prefix VARCHAR(20) DEFAULT '', status ENUM('active','inactive','maintenance','error') DEFAULT 'active',
			config ` + in.json + `, resources ` + in.json + `, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, activated_at TIMESTAMP NULL, extra INT DEFAULT 5) CHARSET ` + in.charset,
		`CREATE TABLE virtual_processes (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, instance_id VARCHAR(64) NOT NULL UNIQUE, virtual_pid VARCHAR(20) NOT NULL,
			status ENUM('running','stopped','error'), started_at TIMESTAMP NULL, stopped_at TIMESTAMP NULL, last_activity TIMESTAMP NULL,
			created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP` + key + `) CHARSET ` + runs,
		`CREATE TABLE admin_users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50) UNIQUE ` + in.userConstraints + `, password VARCHAR(255) ` + in.userConstraints + `,
			full_name VARCHAR(100), email VARCHAR(100), role ENUM('admin','manager','viewer'), permissions ` + in.json + `, status ENUM('active','inactive') DEFAULT 'active',
			created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL) CHARSET ` + in.charset,
		`CREATE TABLE admin_sessions (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, token VARCHAR(512) CHARACTER SET ascii UNIQUE, expires_at DATETIME,
			created_at TIMESTAMP NULL, FOREIGN KEY (user_id) REFERENCES admin_users(id)) CHARSET ` + in.charset,
		`CREATE TABLE login_attempts (id INT AUTO_INCREMENT PRIMARY KEY, ip_address VARCHAR(45), username VARCHAR(100), attempted_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP) CHARSET ` + in.charset,
		`INSERT INTO instances (instance_id, instance_name, cms_type, database_name, database_prefix, status, config, resources)
			VALUES ('` + oldID[:64] + `', 'Größe', 'drupal', 'd', NULL, NULL, NULL, NULL)`,
		`INSERT INTO instances (instance_id, instance_name, cms_type, database_name) VALUES ('plain', 'Plain', 'native', 'd')`,
		`INSERT INTO virtual_processes (instance_id, virtual_pid, status) VALUES ('plain', '', NULL)`,
		`INSERT INTO admin_users (username, password, role, status) VALUES ('root', '$2y$10$hash', 'admin', 'active')`,
		`INSERT INTO admin_sessions (user_id, token, expires_at) VALUES (1, 'eyJhbGciOiJIUzI1NiJ9.e30.abc', NOW() + INTERVAL 1 HOUR), (1, NULL, NULL), (NULL, 'x', NULL)`,
	} {
		execute(t, db, statement)
	}
	for _, column := range []string{"instances SET config", "instances SET resources", "admin_users SET permissions"} {
		execute(t, db, "UPDATE "+column+" = ? WHERE id <> 2 OR 1", in.garbage)
	}
	if in.userConstraints == "" {
		execute(t, db, `INSERT INTO admin_users (username, password, role, status) VALUES ('nobody', NULL, NULL, 'active'), ('asleep', 'h', 'admin', NULL), (NULL, NULL, NULL, NULL)`)
	}
}

var counter = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

func definitions(t *testing.T, db *DB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"instances", "virtual_processes", "admin_users", "admin_sessions", "login_attempts"} {
		var name, definition string
		must(t, db.sql.QueryRowContext(t.Context(), "SHOW CREATE TABLE "+table).Scan(&name, &definition))
		all.WriteString(counter.ReplaceAllString(definition, "") + "\n")
	}
	return all.String()
}

// TestInstallationIsTakenOver uses what PHP code left behind, in every way there is, and compares its tables
// before and after.
func TestInstallationIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, in := range installations {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, emptyMariaDB(t))
			in.fill(t, db)
			before := definitions(t, db)
			useAccounts(t, db)
			if in.userConstraints == "" {
				useAccountsOfNulls(t, db)
			}
			useInstances(t, db, in)
			if after := definitions(t, db); after != before {
				t.Errorf("the tables were\n%s\nand are\n%s", before, after)
			}
			wantValue(t, db, "5", `SELECT extra FROM instances ORDER BY id LIMIT 1`)
		})
	}
}

func useAccounts(t *testing.T, db *DB) {
	t.Helper()
	has, err := db.HasAdmin(t.Context())
	if err != nil || !has {
		t.Errorf("HasAdmin is %v, %v; want true", has, err)
	}
	s, err := db.Session(t.Context(), "sha256:none", "eyJhbGciOiJIUzI1NiJ9.e30.abc")
	must(t, err)
	if s.User.Username != "root" || !s.User.May(core.PermissionManage) || s.Outdated {
		t.Errorf("the session of a PHP token is %+v", s)
	}
	a, err := db.BeginAttempt(t.Context(), "192.0.2.1", "root", time.Minute)
	if err != nil || a.FromAddress != 1 || a.ForUsername != 1 {
		t.Errorf("the first attempt is %+v, %v", a, err)
	}
	l, err := db.Login(t.Context(), "root")
	if err != nil || !l.Known || l.PasswordHash != "$2y$10$hash" {
		t.Errorf("the login is %+v, %v", l, err)
	}
	if _, err = db.CreateSession(t.Context(), l.User.ID, "sha256:new", time.Hour); err != nil {
		t.Error(err)
	}
	if _, err = db.Session(t.Context(), "sha256:new", "other"); err != nil {
		t.Error(err)
	}
	must(t, db.SetPassword(t.Context(), "root", "$2y$10$new", event("", core.ActionReset, "")))
	must(t, db.ForgiveAttempts(t.Context(), "192.0.2.1", "root"))
	wantValue(t, db, "0", `SELECT COUNT(*) FROM login_attempts`)
}

func useAccountsOfNulls(t *testing.T, db *DB) {
	t.Helper()
	l, err := db.Login(t.Context(), "nobody")
	if err != nil || !l.Known || l.PasswordHash != "" || l.User.May(core.PermissionView) {
		t.Errorf("the login of a user without password and role is %+v, %v", l, err)
	}
	execute(t, db, `DELETE FROM admin_users WHERE username = 'root'`)
	execute(t, db, `DELETE FROM admin_users WHERE username = 'nobody'`)
	l, err = db.Login(t.Context(), "asleep")
	if err != nil || l.Known {
		t.Errorf("the login of a user who is not active is %+v, %v", l, err)
	}
	execute(t, db, `DELETE FROM admin_users WHERE username = 'asleep'`)
	if l, err = db.Login(t.Context(), "root"); err != nil || l.Known {
		t.Errorf("with a user of NULLs only, the login is %+v, %v", l, err)
	}
}

func useInstances(t *testing.T, db *DB, in installation) {
	t.Helper()
	for _, id := range []string{oldID[:64], "plain"} {
		r, err := db.Record(t.Context(), id)
		must(t, err)
		if r.Instance.InstanceID != id || r.Instance.Status != core.StatusActive || r.Running() || *r.Instance.Config != in.garbage {
			t.Errorf("stored is %+v", r)
		}
		if path := r.Instance.Path("/base"); path != "/base/"+id {
			t.Errorf("its path is %q", path)
		}
		pid := fmt.Sprint("v-", len(id))
		must(t, db.ChangeInstance(t.Context(), id, start(pid)))
		must(t, db.ChangeInstance(t.Context(), id, stop))
		must(t, db.ChangeInstance(t.Context(), id, start(pid)))
		must(t, db.SaveUsage(t.Context(), id, core.Usage{MeasuredAt: at, DiskUsage: 12}))
		r, err = db.Record(t.Context(), id)
		if err != nil || !r.Running() || r.Run.VirtualPID != pid || r.Usage.DiskUsage != 12 {
			t.Errorf("after a start it is %+v, %v", r, err)
		}
		watchInstance(t, db, r.Instance)
	}
	create(t, db, "new")
	records, total, err := db.Records(t.Context(), core.Query{Search: "größe", Limit: 5})
	if err != nil || total != 1 || len(records) != 1 {
		t.Errorf("the search finds %d, %v; want 1", total, err)
	}
	for _, strange := range []string{"😀", "日本", "\xff\xfe", "a\x00b"} {
		if _, _, err := db.Records(t.Context(), core.Query{Search: strange}); err != nil && core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("searching %q: %v", strange, err)
		}
		if _, err := db.Login(t.Context(), strange); err != nil && core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("login of %q: %v", strange, err)
		}
		if _, err := db.BeginAttempt(t.Context(), "192.0.2.9", strange, time.Minute); err != nil && core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("attempt of %q: %v", strange, err)
		}
	}
	for _, id := range []string{"new", "plain"} {
		must(t, db.ChangeInstance(t.Context(), id, forget))
	}
	wantValue(t, db, "1", `SELECT COUNT(*) FROM instances`)
	wantValue(t, db, "1", `SELECT COUNT(*) FROM virtual_processes`)
	wantValue(t, db, "create delete", historyOf(db), "new")
}

// watchInstance does to an instance of others what a tick does.
func watchInstance(t *testing.T, db *DB, in core.Instance) {
	t.Helper()
	execute(t, db, `UPDATE virtual_processes SET last_activity = NULL WHERE instance_id = ?`, in.InstanceID)
	must(t, db.Active(t.Context(), in, at.AddDate(-2, 0, 0)))
	wantValue(t, db, "2024-11-23 08:11:51", `SELECT last_activity FROM virtual_processes WHERE instance_id = ?`, in.InstanceID)
	must(t, db.Mute(t.Context(), in, at))
	must(t, fillInstance(t.Context(), db, in))
	unseen, err := db.Unseen(t.Context(), at.Add(time.Hour), at.Add(2*time.Hour), 1000)
	if err != nil || !slices.ContainsFunc(unseen, func(r core.Record) bool { return r.Instance.InstanceID == in.InstanceID && r.Watch.Alarms.Drift == 7 }) {
		t.Errorf("unseen are %+v, %v", unseen, err)
	}
	samples, err := db.Samples(t.Context(), in, at.Add(-time.Hour), at.Add(time.Hour), time.Hour)
	if err != nil || len(samples) != 1 {
		t.Errorf("the history is %+v, %v", samples, err)
	}
	events, err := db.Events(t.Context(), in.InstanceID, 0, 1)
	if err != nil || len(events) != 1 || events[0].InstanceID != in.InstanceID {
		t.Errorf("the events are %+v, %v", events, err)
	}
}

// TestMissingTablesMatchThoseThere: tables that compare text alike can be joined and refer to one another.
func TestMissingTablesMatchThoseThere(t *testing.T) {
	t.Parallel()
	for _, in := range installations {
		db := open(t, emptyMariaDB(t))
		in.fill(t, db)
		execute(t, db, `DROP TABLE virtual_processes`)
		_, err := db.Migrate(t.Context())
		must(t, err)
		const collation = `SELECT collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'instance_id' AND table_name = `
		wantValue(t, db, value(t, db, collation+`'instances'`), collation+`'virtual_processes'`)
		wantValue(t, db, "1", `SELECT COUNT(*) FROM information_schema.referential_constraints
			WHERE constraint_schema = DATABASE() AND table_name = 'virtual_processes' AND delete_rule = 'CASCADE'`)
	}
}

// TestTablesThatCannotBeReferredTo are of another engine or type; ours come without the reference then.
func TestTablesThatCannotBeReferredTo(t *testing.T) {
	t.Parallel()
	for _, change := range []string{`ALTER TABLE instances ENGINE=MyISAM`, `ALTER TABLE instances MODIFY instance_id VARCHAR(64) NOT NULL COLLATE utf8mb4_bin, DROP KEY instance_id`} {
		db := open(t, emptyMariaDB(t))
		in := installations[0]
		in.key = false
		in.fill(t, db)
		execute(t, db, `DROP TABLE virtual_processes`)
		execute(t, db, change)
		_, err := db.Migrate(t.Context())
		must(t, err)
		must(t, db.ChangeInstance(t.Context(), "plain", start("v1")))
		wantValue(t, db, "v1", `SELECT virtual_pid FROM virtual_processes`)
		watchInstance(t, db, instance(t, db, "plain"))
	}
}
