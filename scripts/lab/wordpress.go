package lab

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// wordPressPackage is where Debian has WordPress.
const wordPressPackage = "/usr/share/wordpress"

// plainTheme is a theme of the least there is: Debian packages themes apart from WordPress.
var plainTheme = map[string]string{
	"style.css": "/*\nTheme Name: Plain\n*/\nbody { margin: 1em }\n",
	"index.php": `<!doctype html><title><?php bloginfo('name') ?></title><?php wp_head() ?>
<body><?php while (have_posts()) { the_post(); ?><article><h1><?php the_title() ?></h1><?php the_content() ?></article><?php } ?></body>
`,
}

// CopyWordPress puts Debian's WordPress into a directory of the host, with the theme "plain" and without settings of its
// own. The editor's scripts, which are half of it, are left out.
func (h *Host) CopyWordPress(dir string) error {
	err := filepath.WalkDir(wordPressPackage, func(path string, entry fs.DirEntry, err error) error {
		to := filepath.Join(dir, strings.TrimPrefix(path, wordPressPackage))
		switch {
		case err != nil:
			return err
		case path == wordPressPackage+"/wp-includes/js/dist", path == wordPressPackage+"/wp-includes/js/tinymce":
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
	if err != nil {
		return err
	}
	theme := filepath.Join(dir, "wp-content", "themes", "plain")
	if err := os.MkdirAll(theme, 0o755); err != nil {
		return err
	}
	for name, text := range plainTheme {
		if err := os.WriteFile(filepath.Join(theme, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return h.Chown(dir)
}

// CachePHP keeps what PHP has compiled, without which each request of plain CGI takes a quarter of a second. The lines are
// further ones for php.ini.
func (h *Host) CachePHP(lines ...string) error {
	dir := filepath.Join(h.Home, "php")
	cache := filepath.Join(dir, "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return err
	}
	lines = append([]string{"opcache.file_cache=" + cache, "opcache.file_cache_only=1"}, lines...)
	if err := os.WriteFile(filepath.Join(dir, "php.ini"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return h.Chown(dir)
}

// WordPressRules is the .htaccess that WordPress writes at the top of a domain.
const WordPressRules = `# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
</IfModule>
# END WordPress
`
