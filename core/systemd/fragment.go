package systemd

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Fragment is an instance's part of the web server's configuration. It is root's, and .htaccess files of the site have
// no say: a SetHandler or RewriteRule of theirs could send a request to another instance's socket, and run code there as
// that one's user. Where the document root is below a directory of the instance's ("web/htdocs"), Apache reads
// the .htaccess of that one, where only the gate is put.
type Fragment struct {
	Slug    string
	Path    string   // where visitors find it: "/shop1", or "/" for all of the host
	Docroot string   // below the instance's directory: "htdocs"
	Uploads []string // below the document root: directories that visitors fill, where no PHP runs
	Timeout int64    // of a request, in seconds: 1 to 3660
}

func (f Fragment) check() error {
	err := errors.Join(CheckSlug(f.Slug), checkRelative("the document root", f.Docroot),
		checkRange("the time-out of a request", f.Timeout, 1, 3660))
	if f.Path != "/" {
		err = errors.Join(err, checkPath("the URL path", f.Path))
	}
	for _, dir := range f.Uploads {
		err = errors.Join(err, checkRelative("a directory of uploads", dir))
	}
	return err
}

func (f Fragment) dir() string    { return "/srv/vpm/" + f.Slug + "/" + f.Docroot }
func (f Fragment) socket() string { return "/run/vpm/" + f.Slug + "/php.sock" }

// prefix is the URL path with a slash at its end.
func (f Fragment) prefix() string { return strings.TrimSuffix(f.Path, "/") + "/" }

// Apache gives the text of /etc/apache2/vpm.d/SLUG.conf, for Apache 2.4 with mod_alias, mod_dir and mod_proxy_fcgi.
func (f Fragment) Apache() (string, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	alias := fmt.Sprintf("Alias %s %s\n", f.Path, f.dir())
	if f.Path == "/" {
		alias = fmt.Sprintf("Alias / %s/\n", f.dir())
	}
	var b strings.Builder
	b.WriteString(alias)
	if gate := path.Dir(f.Docroot); gate != "." {
		fmt.Fprintf(&b, "<Directory /srv/vpm/%s/%s>\n AllowOverride FileInfo\n</Directory>\n", f.Slug, gate)
	}
	// ProxyFCGISetEnvIf: what a client says about PHP's settings does not count. CGIPassAuth: PHP checks passwords and
	// tokens itself, as it does under mod_php.
	fmt.Fprintf(&b, `<Directory %[1]s>
 Require all granted
 AllowOverride None
 Options SymLinksIfOwnerMatch
 CGIPassAuth On
 <FilesMatch "\.php$">
  SetHandler "proxy:unix:%[2]s|fcgi://%[3]s"
 </FilesMatch>
 DirectoryIndex index.php index.html
 FallbackResource %[4]sindex.php
 ErrorDocument 503 /.vpm/stopped.html
 ProxyFCGISetEnvIf "true" !PHP_VALUE
 ProxyFCGISetEnvIf "true" !PHP_ADMIN_VALUE
 <FilesMatch "^(wp-config\.php|\..*|.*\.(log|sql|ini))$">
  Require all denied
 </FilesMatch>
</Directory>
<DirectoryMatch "^%[5]s/(.*/)?\.(git|svn|hg)(/|$)">
 Require all denied
</DirectoryMatch>
`, f.dir(), f.socket(), f.Slug, f.prefix(), regexp.QuoteMeta(f.dir()))
	for _, uploads := range f.Uploads {
		fmt.Fprintf(&b, `<Directory %s/%s>
 <FilesMatch "\.php$">
  SetHandler none
  Require all denied
 </FilesMatch>
</Directory>
`, f.dir(), uploads)
	}
	fmt.Fprintf(&b, `<Proxy "unix:%s|fcgi://%s">
 ProxySet connectiontimeout=3 timeout=%d retry=0
</Proxy>
`, f.socket(), f.Slug, f.Timeout)
	return b.String(), nil
}

// Nginx gives the text of /etc/nginx/vpm.d/SLUG.conf.
func (f Fragment) Nginx() (string, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	quoted := regexp.QuoteMeta(f.prefix())
	var b strings.Builder
	if f.Path == "/" {
		// A pattern, for the host has a "location /" as often as not, and nginx takes only one. It has all of the host that
		// is not kept from patterns by ^~, as what other instances and the panel have.
		fmt.Fprintf(&b, "location ~ ^/ {\n  root %s;", f.dir())
	} else {
		fmt.Fprintf(&b, "location ^~ %s {\n  alias %s/;", f.prefix(), f.dir())
	}
	b.WriteString(" index index.php index.html; disable_symlinks if_not_owner;\n")
	fmt.Fprintf(&b, "  include /etc/nginx/vpm.d/%s.rules*;\n", f.Slug) // none is well
	b.WriteString("  location ~ /(wp-config\\.php|\\.[^/]*|[^/]*\\.(?:log|sql|ini)|\\.(?:git|svn|hg)/.*)$ { deny all; }\n")
	for _, uploads := range f.Uploads {
		fmt.Fprintf(&b, "  location ~ ^%s%s/.*\\.php$ { deny all; }\n", quoted, regexp.QuoteMeta(uploads))
	}
	fmt.Fprintf(&b, `  location ~ ^%s(?<vpm_path>.+\.php)$ {
%s    fastcgi_param SCRIPT_FILENAME %s/$vpm_path;
  }
  try_files $uri $uri/ @vpm_%s;
}
`, quoted, f.toPool(), f.dir(), f.Slug)
	// A name, for try_files takes the prefix of an alias off a URI that has variables in it.
	fmt.Fprintf(&b, `location @vpm_%s {
%s    fastcgi_param SCRIPT_FILENAME %s/index.php;
    fastcgi_param SCRIPT_NAME %sindex.php;
}
`, f.Slug, f.toPool(), f.dir(), f.prefix())
	return b.String(), nil
}

// toPool sends an nginx request to the pool. HTTP_PROXY is how a client's header would pose as a setting of PHP
// libraries (CVE-2016-5385).
func (f Fragment) toPool() string {
	return fmt.Sprintf(`    include fastcgi_params;
    fastcgi_param HTTP_PROXY "";
    fastcgi_connect_timeout 3s; fastcgi_read_timeout %ds;
    fastcgi_pass unix:%s;
`, f.Timeout, f.socket())
}
