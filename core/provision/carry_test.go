package provision

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func texts(lines []Line) (all []string) {
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return all
}

func TestCarried(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`Redirect /a /b`: `redirect "302" "/a" "/b"`,
		`Redirect permanent /a https://b.example/c`:            `redirect "301" "/a" "https://b.example/c"`,
		`RedirectPermanent /a /b`:                              `redirect "301" "/a" "/b"`,
		`redirect gone /a`:                                     `redirect "410" "/a"`,
		`RedirectMatch 301 "^/x(.*)$" /y$1`:                    `redirectmatch "301" "^/x(.*)$" "/y$1"`,
		`Header set X-Frame-Options "SAMEORIGIN"`:              "<IfModule mod_headers.c>\n Header \"set\" \"X-Frame-Options\" \"SAMEORIGIN\"\n</IfModule>",
		`Header always unset X-Powered-By`:                     "<IfModule mod_headers.c>\n Header always \"unset\" \"X-Powered-By\"\n</IfModule>",
		`ErrorDocument 404 /404.html`:                          `errordocument "404" "/404.html"`,
		`AddType image/webp .webp`:                             `addtype "image/webp" ".webp"`,
		`ExpiresByType image/png "access plus 1 month 2 days"`: "<IfModule mod_expires.c>\n expiresbytype \"image/png\" \"access plus 1 month 2 days\"\n</IfModule>",
		`DirectoryIndex index.php home.html`:                   `directoryindex "index.php" "home.html"`,
		`AddDefaultCharset utf-8`:                              `adddefaultcharset "utf-8"`,
		`Deny from all`:                                        `Require all denied`,
		`ExpiresDefault "access plus 1 week"`:                  "<IfModule mod_expires.c>\n expiresdefault \"access plus 1 week\"\n</IfModule>",
	} {
		rules, carried, left := carry("", line+"\n")
		if len(left) != 0 || len(carried) != 1 || apacheRules("/d", rules) != "<Directory \"/d\">\n "+want+"\n</Directory>\n" {
			t.Errorf("%s: %s, left %v", line, apacheRules("/d", rules), left)
		}
	}
}

func TestLeftOut(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`SetHandler "proxy:unix:/run/vpm/b/php.sock|fcgi://b"`, `RewriteRule ^x /etc/passwd [L]`, `RewriteRule . index.php [P]`, `RewriteRule . http://evil.example/index.php [L]`,
		`Redirect 301 /a "https://b.example/\`, `Redirect 301 /../a /b`, `Redirect 301 /a %{HTTP_HOST}`, `Redirect 301 /a ${X}`, `Redirect 200 /a /b`, `Redirect /a javascript:x`, `Redirect 301 /a /b$1`,
		`RedirectMatch ( /b`, `RedirectMatch ^/a>b /c`, `RedirectMatch ^/a /b$x`, `Header set X "%{SSL_CLIENT_CERT}s"`, `Header set X y env=z`, `Header edit Set-Cookie ^ x`, `Header set Transfer-Encoding x`,
		`Header set X "a\"b"`, `ErrorDocument 404 "text"`, `ErrorDocument 404 http://b.example/`, `ErrorDocument 503 /x.html`, `AddType application/x-httpd-php .html`, `AddType text/html .php`, `AddType text/html .phtml`,
		`AddHandler cgi-script .cgi`, `Options +ExecCGI`, `Options Indexes`, `php_value memory_limit 1G`, `DirectoryIndex ../x`, `ExpiresDefault "access plus 1 x"`, `Require ip 10.0.0.0/8`, `AuthType Basic`,
		`<If "true">`, `Redirect`, `Header`, `Header always set`, `Header set "a b" c`, `Header set X "a\b"`, `ErrorDocument "404 /x`, `Header set X y"z`, `Header set X` + "\x01", `Header set X é`, `Header set 'X' y`, `Redirect /a "/b"c`,
	} {
		rules, _, left := carry("", line+"\n")
		if len(rules) != 0 || len(left) != 1 && !strings.HasPrefix(line, "<") {
			t.Errorf("%q: %s, %v", line, apacheRules("/d", rules), left)
		}
	}
	rules, _, left := carry("", "<If \"true\">\nHeader set X y\n</If>\n<Limit GET>\nDeny from all\n</Limit>\n<Files \"a\\\"b\">\nDeny from all\n</Files>\nHeader set \\\nX y\n")
	if len(rules) != 0 || len(left) != 5 {
		t.Errorf("%v, %v", rules, texts(left))
	}
	if rules, _, left := carry("a b", "Deny from all\n"); len(rules) != 0 || len(left) != 1 {
		t.Errorf("a directory of two words: %v, %v", rules, left)
	}
	if _, _, left := carry("", "SetEnv PASSWORD secret\n"); strings.Contains(left[0].Text, "secret") {
		t.Errorf("a secret: %v", left)
	}
}

// TestClosedFiles stay closed with both web servers, and where one cannot say it, that is told.
func TestClosedFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<Files \"*.log\">\nDeny from all\n</Files>\n":             "location ~ \"^/x/sub/(.*/)?[^/]*\\.log$\" { deny all; }\n",
		"<FilesMatch \"^secret\">\nDeny from all\n</FilesMatch>\n": "location ~ \"^/x/sub/(.*/)?secret\" { deny all; }\n",
		"Deny from all\n": "location ~ \"^/x/sub(/|$)\" { deny all; }\n",
	} {
		rules, _, left := carry("sub", text)
		if nginx, none := nginxRules("/x", rules); nginx != want || len(left)+len(none) > 0 {
			t.Errorf("%s: %s, left %v and %v", text, nginx, texts(left), none)
		}
	}
	for _, text := range []string{"<Files\nDeny from all\n", "<FilesMatch \"(\">\nDeny from all\n</FilesMatch>\n", "<FilesMatch \"\u00e9\">\nDeny from all\n</FilesMatch>\n", "RewriteRule .\n",
		"RewriteRule . index.php [L] x\n"} {
		if _, carried, left := carry("", text); len(left) == 0 || len(carried) > 1 {
			t.Errorf("%s: carried %v, left %v", text, texts(carried), texts(left))
		}
	}
	if _, carried, left := carry("", "RewriteRule . index.php\n"); len(carried) != 1 || len(left) != 0 {
		t.Errorf("a rule without flags: left %v", texts(left))
	}
}

func TestStockRules(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Joomla": "RewriteEngine On\nRewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]\nRewriteCond %{REQUEST_URI} !^/index\\.php\nRewriteCond %{REQUEST_FILENAME} !-f\n" +
			"RewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule .* index.php [L]\n",
		"Drupal": "<IfModule mod_rewrite.c>\nRewriteEngine on\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteCond %{REQUEST_URI} !=/favicon.ico\nRewriteRule ^ index.php [L]\n</IfModule>\n",
	} {
		rules, carried, left := carry("", text)
		if len(rules) != 0 || len(left) != 0 || len(carried) != strings.Count(text, "Rewrite") {
			t.Errorf("%s: %v, left %v", name, carried, texts(left))
		}
	}
	// The fragment has these of its own for the whole site; below a directory they would be another's.
	for _, line := range []string{"Require all granted", "FallbackResource /index.php"} {
		if rules, carried, left := carry("", line+"\n"); len(rules) != 0 || len(carried) != 1 || len(left) != 0 {
			t.Errorf("%s: %v, carried %v, left %v", line, rules, texts(carried), texts(left))
		}
		if rules, carried, left := carry("sub", line+"\n"); len(rules) != 0 || len(carried) != 0 || len(left) != 1 {
			t.Errorf("%s below: %v, carried %v, left %v", line, rules, texts(carried), texts(left))
		}
	}
	if _, _, left := carry("", "RewriteCond %{HTTPS} off\nRewriteRule . /index.php [L]\n"); len(left) != 2 {
		t.Errorf("a condition of the site's own: %v", texts(left))
	}
	if _, _, left := carry("sub", "RewriteRule . index.php [L]\n"); len(left) != 1 {
		t.Errorf("below: %v", texts(left))
	}
}

func FuzzCarry(f *testing.F) {
	f.Add("", "Redirect 301 /a /b\n<Files \"x*\">\nDeny from all\n</Files>\n")
	f.Add("a/b", "Header set X \"y\"\nRewriteCond %{X} y\n")
	f.Add("a", "<FilesMatch \"\\.(a|b)$\">\nRequire all denied\n</FilesMatch>\n\\\n\n</x>")
	f.Add("", "\xff\n\\\n \\\n")
	name := regexp.MustCompile(`^(</?(Directory|IfModule|FilesMatch)[ >]|redirect |redirectmatch |Header |errordocument |addtype |expires|adddefaultcharset |directoryindex |Require all denied$)`)
	f.Fuzz(func(t *testing.T, dir, text string) {
		rules, carried, left := carry(dir, text)
		for line := range strings.Lines(apacheRules("/d", rules)) {
			line = strings.TrimSuffix(strings.TrimLeft(line, " "), "\n")
			if !name.MatchString(line) || strings.Count(line, `"`)%2 != 0 || strings.Contains(line, "${") || strings.Contains(line, "%{") || strings.Contains(line, `\"`) || strings.HasSuffix(line, `\`) ||
				strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q", line)
			}
		}
		nginx, _ := nginxRules("/x", rules)
		if strings.Count(nginx, "{") != strings.Count(nginx, "}") || strings.Count(nginx, "{") != strings.Count(nginx, "\n") {
			t.Errorf("%q", nginx)
		}
		if slices.ContainsFunc(append(carried, left...), func(l Line) bool { return l.Line < 1 }) {
			t.Error("a line without a number")
		}
	})
}
