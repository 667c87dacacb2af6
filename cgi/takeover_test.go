package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// legacySchema are the tables of the contract as an installation that is taken over has them: JSON columns
// without a check, and the foreign key or not.
const legacySchema = `
CREATE TABLE instances (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, instance_id VARCHAR(64) UNIQUE NOT NULL, instance_name VARCHAR(255) NOT NULL,
  cms_type ENUM('wordpress','joomla','drupal','native') NOT NULL, cms_version VARCHAR(50), domain VARCHAR(255), path_prefix VARCHAR(100),
  database_name VARCHAR(64) NOT NULL, database_prefix VARCHAR(20) DEFAULT '', status ENUM('active','inactive','maintenance','error') DEFAULT 'active',
  config LONGTEXT, resources LONGTEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  activated_at TIMESTAMP NULL) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE virtual_processes (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, instance_id VARCHAR(64) NOT NULL UNIQUE, virtual_pid VARCHAR(20) NOT NULL,
  status ENUM('running','stopped','error'), started_at TIMESTAMP NULL, stopped_at TIMESTAMP NULL, last_activity TIMESTAMP NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP%s) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE admin_users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50) UNIQUE, password VARCHAR(255), full_name VARCHAR(100), email VARCHAR(100),
  role ENUM('admin','manager','viewer'), permissions LONGTEXT, status ENUM('active','inactive') DEFAULT 'active',
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE admin_sessions (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, token VARCHAR(512) UNIQUE, expires_at DATETIME, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (user_id) REFERENCES admin_users(id)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE login_attempts (id INT AUTO_INCREMENT PRIMARY KEY, ip_address VARCHAR(45), username VARCHAR(100), attempted_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
INSERT INTO instances (instance_id, instance_name, cms_type, database_name, config, resources, status) VALUES
  ('wp-test-001', 'Test site', 'wordpress', 'wp_test', '{not json', 'null', 'active'), ('Old_Row', 'Älter', 'joomla', 'j', NULL, '[]', NULL);
INSERT INTO virtual_processes (instance_id, virtual_pid, status, started_at) VALUES ('wp-test-001', 'v17954035109345', 'running', NOW());
INSERT INTO admin_users (id, username, password, full_name, role, permissions) VALUES
  (1, 'admin', '%s', 'Admin', 'admin', 'garbage');
INSERT INTO admin_sessions (user_id, token, expires_at) VALUES (1, '%s', NOW() + INTERVAL 1 HOUR),
  (1, 'eyJhbGciOi.J9.AbCd-_', NOW() + INTERVAL 1 HOUR), (1, 'expired0', NOW() - INTERVAL 1 SECOND);
`

// phpToken is a token that PHP code has stored bare.
var phpToken = strings.Repeat("0123456789abcdef", 4)

// takeOver lays an installation out: filled tables, and the .env beside the docroot that names them.
func takeOver(t *testing.T, st stack, foreignKey string) *site {
	t.Helper()
	st.driver = "mysql"
	s := upload(t, st)
	hash := strings.TrimSpace(s.php(`echo password_hash('swordfish', PASSWORD_BCRYPT);`))
	_, err := s.db.Exec("USE " + s.dbName + ";" + fmt.Sprintf(legacySchema, foreignKey, hash, phpToken))
	s.must(err)
	for _, id := range []string{"wp-test-001", "Old_Row"} {
		s.must(os.MkdirAll(filepath.Join(s.host.Home, "instances", id), 0o755))
	}
	s.must(s.host.Chown(filepath.Join(s.host.Home, "instances")))
	env := fmt.Sprintf("APP_NAME=An old kernel\nDB_HOST=localhost\nDB_SOCKET=%s\nDB_PORT=3306\nDB_DATABASE=%s\nDB_USERNAME=%s\nDB_PASSWORD=%s\nDB_CHARSET=utf8mb4\n",
		s.db.Socket, s.dbName, s.dbUser, s.dbPass)
	s.must(os.WriteFile(filepath.Join(s.host.Home, ".env"), []byte(env), 0o644))
	s.must(s.host.Chown(filepath.Join(s.host.Home, ".env")))
	return s
}

// php runs a line of PHP as the host's php-cgi does.
func (s *site) php(code string) string {
	s.t.Helper()
	path := filepath.Join(s.host.Docroot, "line.php")
	s.must(os.WriteFile(path, []byte("<?php "+code), 0o644))
	s.must(s.host.Chown(path))
	defer os.Remove(path)
	a := s.raw("GET /line.php HTTP/1.1\nHost: x\nConnection: close\n\n")
	if a.status != 200 {
		s.t.Fatalf("php answers %d %s", a.status, a.body)
	}
	return string(a.body)
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"without foreign key": "",
		"with foreign key": ", FOREIGN KEY (instance_id) REFERENCES instances(instance_id) ON DELETE CASCADE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := takeOver(t, stack{php: true}, key)
			before := s.tables()
			if st := s.get("/setup.php").want(200); st.field("needed") != false {
				t.Fatalf("set-up is open on an installation with an administrator: %s", st.body)
			}
			for _, token := range []string{phpToken, "eyJhbGciOi.J9.AbCd-_"} {
				s.token = token
				s.get("/instances/list.php").want(200)
			}
			for _, token := range []string{"expired0", "EYJHBGCIOI.J9.ABCD-_", strings.ToUpper(phpToken), phpToken + " "} {
				if got := s.do("GET", "/instances/list.php", nil, map[string][]string{"X-Auth-Token": {token}, "Authorization": {""}}); got.status != 401 && token != phpToken+" " {
					t.Errorf("token %q: %d", token, got.status)
				}
			}
			s.token = s.login("admin", "swordfish")
			list := s.get("/instances/list.php").want(200)
			if list.field("total") != 2.0 || !strings.Contains(string(list.body), `"config":"{not json"`) {
				t.Errorf("list: %s", list.body)
			}
			if one := s.get("/v1/instances/wp-test-001").want(200); !strings.Contains(string(one.body), `"config":{}`) {
				t.Errorf("a config that is no JSON is answered %s", one.body)
			}
			if p := s.get("/instances/status.php?instance_id=wp-test-001").want(200).field("pid"); p != "v17954035109345" {
				t.Errorf("the run that PHP began has the PID %v", p)
			}
			for _, id := range []string{"wp-test-001", "Old_Row"} {
				for _, action := range []string{"stop", "start", "restart", "stop", "delete"} {
					s.post("/instances/"+action+".php", map[string]any{"instance_id": id}).want(200)
				}
			}
			left, err := s.db.Exec("SELECT (SELECT COUNT(*) FROM " + s.dbName + ".virtual_processes), (SELECT COUNT(*) FROM " + s.dbName + ".vpm_events WHERE instance_id IS NOT NULL)")
			s.must(err)
			if left != "0\t10" {
				t.Errorf("runs and events left: %q, want 0 and 10", left)
			}
			if after := s.tables(); after != before {
				t.Errorf("the tables were altered:\n%s\nbecame\n%s", before, after)
			}
		})
	}
}

// tables describes the tables of the contract.
func (s *site) tables() string {
	s.t.Helper()
	var all string
	for _, table := range []string{"instances", "virtual_processes", "admin_users", "admin_sessions", "login_attempts"} {
		out, err := s.db.Exec("SELECT GROUP_CONCAT(column_name, ' ', column_type, ' ', is_nullable, ' ', COALESCE(column_default, '-'), ' ', extra ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = '" + s.dbName + "' AND table_name = '" + table + "'")
		s.must(err)
		all += table + ": " + out + "\n"
	}
	return all
}

// existingLogin is an api/auth/login.php as such an installation has it.
const existingLogin = `<?php
$in = json_decode(file_get_contents('php://input'), true) ?: [];
$db = new PDO('mysql:unix_socket=%s;dbname=%s', '%s', '%s');
$q = $db->prepare('SELECT * FROM admin_users WHERE username = ?');
$q->execute([$in['username'] ?? '']);
$user = $q->fetch(PDO::FETCH_ASSOC);
header('Content-Type: application/json');
if (!$user || !password_verify($in['password'] ?? '', $user['password'])) {
    http_response_code(401);
    exit(json_encode(['success' => false, 'message' => 'Invalid credentials']));
}
$token = bin2hex(random_bytes(32));
$db->prepare('INSERT INTO admin_sessions (user_id, token, expires_at) VALUES (?, ?, NOW() + INTERVAL 1 DAY)')->execute([$user['id'], $token]);
echo json_encode(['success' => true, 'token' => $token, 'by' => 'php']);
`

// TestExistingLogin leaves an api/auth/login.php in charge of logins, and its sessions count here.
func TestExistingLogin(t *testing.T) {
	t.Parallel()
	for _, fcgid := range []bool{false, true} {
		t.Run(fmt.Sprintf("fcgid=%v", fcgid), func(t *testing.T) {
			t.Parallel()
			s := takeOver(t, stack{php: true, fcgid: fcgid}, "")
			dir := filepath.Join(s.host.Docroot, "api", "auth")
			s.must(os.MkdirAll(dir, 0o755))
			s.must(os.WriteFile(filepath.Join(dir, "login.php"), fmt.Appendf(nil, existingLogin, s.db.Socket, s.dbName, s.dbUser, s.dbPass), 0o644))
			s.must(s.host.Chown(dir))
			login := s.post("/auth/login.php", map[string]any{"username": "admin", "password": "swordfish"})
			if login.status != 200 || login.field("by") != "php" {
				t.Fatalf("the existing login answers %d %s", login.status, login.body)
			}
			s.token, _ = login.field("token").(string)
			s.post("/auth/verify.php", nil).want(200)
			s.get("/instances/list.php").want(200)
			if ours := s.post("/auth/login", map[string]any{"username": "admin", "password": "swordfish"}).want(200); ours.field("by") != nil {
				t.Errorf("/auth/login without .php is answered by PHP: %s", ours.body)
			}
		})
	}
}
