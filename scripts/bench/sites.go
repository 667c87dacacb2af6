package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"vpm/scripts/lab"
)

// wordPressFiles are those of a small site, as far as anything reads them. In the configuration {DATABASE} and the
// others stand for the login.
var wordPressFiles = map[string]string{
	".htaccess": lab.WordPressRules,
	"index.php": "<?php\ndefine( 'WP_USE_THEMES', true );\nrequire __DIR__ . '/wp-blog-header.php';\n",
	"wp-config.php": `<?php
define( 'DB_NAME', '{DATABASE}' );
define( 'DB_USER', '{USER}' );
define( 'DB_PASSWORD', '{PASSWORD}' );
define( 'DB_HOST', 'localhost:{SOCKET}' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'AUTH_KEY', 'put your unique phrase here' );
$table_prefix = 'wp_';
define( 'WP_DEBUG', false );
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`,
	"wp-blog-header.php":                 "<?php\nrequire_once __DIR__ . '/wp-load.php';\n",
	"wp-load.php":                        "<?php\nrequire_once __DIR__ . '/wp-config.php';\n",
	"wp-login.php":                       "<?php\nrequire __DIR__ . '/wp-load.php';\n",
	"wp-includes/version.php":            "<?php\n$wp_version = '6.4.3';\n$wp_db_version = 56657;\n",
	"wp-includes/css/buttons.css":        ".button { color: #2271b1 }\n",
	"wp-admin/index.php":                 "<?php\nrequire_once __DIR__ . '/admin.php';\n",
	"wp-content/index.php":               "<?php\n// Silence is golden.\n",
	"wp-content/themes/plain/style.css":  "/* Theme Name: Plain */\n",
	"wp-content/uploads/2026/11/one.txt": "one\n",
	"wp-content/uploads/2026/11/two.txt": "two\n",
}

const frontPage = `<!DOCTYPE html><html><head><title>A site</title></head><body><h1>Hello world!</h1><p>Welcome to WordPress.</p></body></html>`

// sites are what a tick comes to: one server answers for all, and all have the login to one database.
type sites struct {
	server *http.Server
	port   int
	login  *strings.Replacer
}

func newSites(maria *lab.MariaDB) (*sites, error) {
	user, password, err := maria.CreateDatabase("sites")
	if err != nil {
		return nil, err
	}
	var tables strings.Builder
	for _, name := range strings.Fields("commentmeta comments links options postmeta posts term_relationships term_taxonomy termmeta terms usermeta users") {
		fmt.Fprintf(&tables, "CREATE TABLE sites.wp_%s (id BIGINT PRIMARY KEY, value LONGTEXT); ", name)
	}
	if _, err := maria.Exec(tables.String()); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot serve the sites: %w", err)
	}
	s := &sites{
		server: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=UTF-8")
			_, _ = io.WriteString(w, frontPage)
		})},
		port:  listener.Addr().(*net.TCPAddr).Port,
		login: strings.NewReplacer("{DATABASE}", "sites", "{USER}", user, "{PASSWORD}", password, "{SOCKET}", maria.Socket),
	}
	go s.server.Serve(listener) // until it is closed
	return s, nil
}

// layOut gives each instance of an account its files and its address, and the account the word of this server.
func (s *sites) layOut(ctx context.Context, a *account) error {
	for i := range tickInstances {
		dir := filepath.Join(filepath.Dir(a.docroot), "instances", siteID(i+1))
		for name, text := range wordPressFiles {
			path := filepath.Join(dir, name)
			err := os.MkdirAll(filepath.Dir(path), 0o755)
			if err == nil {
				err = os.WriteFile(path, []byte(s.login.Replace(text)), 0o644)
			}
			if err != nil {
				return fmt.Errorf("cannot make a site: %w", err)
			}
		}
	}
	a.env = append(a.env, fmt.Sprint("SERVER_PORT=", s.port))
	return a.change(ctx, func(exec func(query string, args ...any)) {
		for i := range tickInstances {
			id := siteID(i + 1)
			exec(`UPDATE instances SET database_name = 'sites', config = ? WHERE instance_id = ?`,
				fmt.Sprintf(`{"memory_limit":"256M","url":"http://%s.test:%d/"}`, id, s.port), id)
		}
	})
}
