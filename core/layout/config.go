package layout

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"vpm/core"
)

// Database is how a site reaches its own.
type Database struct {
	Name, User, Password string
	Host                 string // as WordPress has it: host, host:port or host:/socket
	Prefix               string // of its tables
}

// Check refuses what WordPress or MySQL would refuse, and never says what the password is.
func (d Database) Check() error {
	for _, f := range []struct {
		name, value string
		max         int
	}{{"database_user", d.User, 80}, {"database_password", d.Password, 1000}, {"database_host", d.Host, 255}} {
		switch {
		case utf8.RuneCountInString(f.value) > f.max:
			return core.Errorf(core.CodeInvalid, "cannot use field '%s': it is longer than %d characters", f.name, f.max)
		case strings.ContainsRune(f.value, 0), f.name != "database_password" && strings.ContainsFunc(f.value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return core.Errorf(core.CodeInvalid, "cannot use field '%s': it has control characters", f.name)
		}
	}
	if strings.ContainsFunc(d.Prefix, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return core.Errorf(core.CodeInvalid, "cannot use field 'database_prefix': WordPress takes letters, digits and _ only")
	}
	return nil
}

// configuration is the text of wp-config.php, see wp-config-sample.php.
func configuration(d Database) string {
	var b strings.Builder
	b.WriteString("<?php\n")
	define := func(name, value string) { fmt.Fprintf(&b, "define( '%s', %s );\n", name, quote(value)) }
	define("DB_NAME", d.Name)
	define("DB_USER", d.User)
	define("DB_PASSWORD", d.Password)
	define("DB_HOST", d.Host)
	define("DB_CHARSET", "utf8mb4")
	define("DB_COLLATE", "")
	b.WriteString("\n")
	for _, name := range []string{"AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT"} {
		define(name, salt())
	}
	fmt.Fprintf(&b, "\n$table_prefix = %s;\n\n", quote(d.Prefix))
	b.WriteString("if ( ! defined( 'ABSPATH' ) ) {\n\tdefine( 'ABSPATH', __DIR__ . '/' );\n}\nrequire_once ABSPATH . 'wp-settings.php';\n")
	return b.String()
}

// salt is 64 characters with 384 random bits.
func salt() string {
	var b [48]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(b[:])
}

// quote makes a PHP string literal of any bytes. In single quotes only the quote and the backslash mean something; see
// php.net/manual/language.types.string.php#language.types.string.syntax.single.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
