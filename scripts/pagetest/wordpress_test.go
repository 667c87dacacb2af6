package pagetest

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const wordPressConfig = `<?php
define('DB_NAME', '%s');
define('DB_USER', '%s');
define('DB_PASSWORD', '%s');
define('DB_HOST', 'localhost:%s');
$table_prefix = 'wp_';
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('WP_DEFAULT_THEME', 'plain');
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`

// installWordPress puts Debian's WordPress in a directory of the docroot, has its own installer set it up, and gives
// the name of its database.
func (s *site) installWordPress(at string) string {
	s.t.Helper()
	dir := filepath.Join(s.Docroot, at)
	must(s.t, copyWordPress(dir))
	db := database(s.t)
	for name, text := range map[string]string{
		"wp-config.php":                     fmt.Sprintf(wordPressConfig, db["name"], db["user"], db["password"], db["socket"]),
		"wp-content/themes/plain/style.css": "/*\nTheme Name: Plain\n*/\n",
		"wp-content/themes/plain/index.php": "<!doctype html><title><?php bloginfo('name') ?></title>",
	} {
		path := filepath.Join(dir, name)
		must(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(s.t, os.WriteFile(path, []byte(text), 0o644))
	}
	must(s.t, s.Chown(dir))
	resp, err := http.PostForm(s.URL+"/"+at+"/wp-admin/install.php?step=2", url.Values{"weblog_title": {"A blog"}, "user_name": {"editor"},
		"admin_password": {password}, "admin_password2": {password}, "pw_weak": {"on"}, "admin_email": {"editor@example.org"}, "Submit": {"Install"}})
	must(s.t, err)
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(page), "<h1>Success!</h1>") {
		s.t.Fatalf("the installer of WordPress answers %d, %v: %.2000s", resp.StatusCode, err, page)
	}
	return db["name"].(string)
}

// copyWordPress copies Debian's files, but for its own settings and the editor's scripts, which are half of it.
func copyWordPress(dir string) error {
	const from = "/usr/share/wordpress"
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		to := filepath.Join(dir, strings.TrimPrefix(path, from))
		switch {
		case err != nil:
			return err
		case path == from+"/wp-includes/js/dist", path == from+"/wp-includes/js/tinymce":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(to, 0o755)
		case entry.Name() == ".htaccess", entry.Name() == "wp-config.php":
			return nil
		}
		data, err := os.ReadFile(path) // of what a link leads to, too
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
}
