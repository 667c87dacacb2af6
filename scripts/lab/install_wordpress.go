package lab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WordPress is a site to be installed.
type WordPress struct {
	Database Database
	Host     string // of the database, as wp-config.php has it; "" means its socket
	Prefix   string // of its tables; "" means wp_
	URL      string // where visitors find it, with a slash at the end
	Title    string
	Password string // of its administrator, editor
}

const wordPressConfig = `<?php
define('DB_NAME', '%[1]s');
define('DB_USER', '%[2]s');
define('DB_PASSWORD', '%[3]s');
define('DB_HOST', '%[4]s');
define('DB_CHARSET', 'utf8mb4');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) define($name, md5("$name %[3]s"));
$table_prefix = '%[5]s';
define('WP_DEFAULT_THEME', 'plain');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISABLE_WP_CRON', true);
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`

// config is the wp-config.php of the site.
func (w WordPress) config() string {
	d := w.Database
	return fmt.Sprintf(wordPressConfig, d.Name, d.User, d.Password, cmp.Or(w.Host, "localhost:"+d.Socket), cmp.Or(w.Prefix, "wp_"))
}

// InstallWordPress puts Debian's WordPress into a directory of the host and has its own installer set it up.
func (h *Host) InstallWordPress(dir string, w WordPress) error {
	if err := h.CopyWordPress(dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "wp-config.php"), []byte(w.config()), 0o644); err != nil {
		return err
	}
	if err := h.Chown(dir); err != nil {
		return err
	}
	return h.SetUpWordPress(w)
}

// SetUpWordPress runs the installer of a WordPress that has its files and its configuration.
func (h *Host) SetUpWordPress(w WordPress) error {
	resp, err := h.Client().PostForm(w.URL+"wp-admin/install.php?step=2", url.Values{"weblog_title": {w.Title}, "user_name": {"editor"},
		"admin_password": {w.Password}, "admin_password2": {w.Password}, "pw_weak": {"on"}, "admin_email": {"editor@example.org"},
		"blog_public": {"1"}, "Submit": {"Install WordPress"}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "<h1>Success!</h1>") {
		return fmt.Errorf("the installer of WordPress answers %s\n%s", resp.Status, tail(string(page)))
	}
	return nil
}

// Client returns a client to whom this host is every host there is. It follows no redirect, uses each connection once and
// gives up after three minutes.
func (h *Host) Client() *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", h.Port))
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 3 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
