package provision

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"vpm/core"
)

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAdopt moves an existing site over, back, and over for good. All the time the original stays as it is.
func TestAdopt(t *testing.T) {
	t.Parallel()
	l := sharedLab(t)
	const old = "/var/www/html/moved"
	l.write(t, old+"/index.php", "<?php echo 'the copy, ', $_SERVER['REQUEST_URI'];")
	l.write(t, old+"/page.html", "the page")
	l.write(t, old+"/private/data.txt", "private")
	l.write(t, old+"/private/.htaccess", "Order deny,allow\nDeny from all\n")
	l.write(t, old+"/odd name/.htaccess", "Deny from all\n")
	l.write(t, old+"/.htaccess", `# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /moved/
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /moved/index.php [L]
</IfModule>
# END WordPress
Redirect 301 /moved/old https://new.example/place
RedirectMatch 302 ^/moved/year/([0-9]+)$ /moved/page.html?y=$1
Header always set X-Site "a b; c"
ErrorDocument 404 /moved/page.html
AddType text/x-odd .odd
<IfModule mod_expires.c>
ExpiresActive On
ExpiresByType text/html "access plus 1 hour"
</IfModule>
<Files secret.txt>
Require all denied
</Files>
<FilesMatch "\.(bak|inc)$">
Deny from all
</FilesMatch>
Options -Indexes
RewriteRule ^x$ http://evil.example/ [P]
SetHandler "proxy:unix:/run/vpm/other/php.sock|fcgi://x"
SetEnv DB_PASSWORD hidden
`)
	l.write(t, old+"/secret.txt", "secret")
	l.write(t, old+"/x.bak", "secret")
	l.root(t, "cd "+old+"; chown -R www-data .; ln -s page.html link.html; ln -s /etc/passwd out; mkfifo pipe; ln page.html hard.html; chmod 2755 private; chown root private/data.txt; ln private/data.txt private/theirs; chmod 640 page.html")
	before := l.root(t, "cd "+old+"; find . -printf '%p %i %s %T@ %C@ %m %U\\n' | sort")

	q := good("moved")
	q.CopyFrom, q.Serve = old, false
	r := l.do(t, "moved", q)
	for _, s := range r.Steps {
		t.Log(s.Name, s.Took)
	}
	if site := get(t, l.HTTPClient(), "/moved/page.html", ""); site.status == 200 && site.header.Get("X-Site") != "" {
		t.Errorf("it is served already: %+v", site)
	}
	if r.Copy.Files != 8 || r.Copy.TotalFiles != 10 || r.Copy.Passes != 2 || r.Copy.Took == 0 {
		t.Errorf("copied: %+v", r.Copy)
	}
	var skipped []string
	for _, s := range r.Skipped {
		skipped = append(skipped, s.Path)
	}
	slices.Sort(skipped)
	if !slices.Equal(skipped, []string{"out", "pipe", "private/data.txt", "private/theirs"}) {
		t.Errorf("not copied: %+v", r.Skipped)
	}
	if tree := l.root(t, "cd /srv/vpm/moved/web/htdocs; stat -c '%n %U %a %h' page.html link.html private index.php; readlink link.html; find . ! -user vpm-moved"); tree !=
		"page.html vpm-moved 640 2\nlink.html vpm-moved 777 1\nprivate vpm-moved 755 1\nindex.php vpm-moved 644 1\npage.html" && !strings.Contains(tree, "private vpm-moved 755") {
		t.Errorf("the copy: %s", tree)
	}
	var left []string
	for _, line := range r.LeftOut {
		left = append(left, line.File+": "+line.Text)
	}
	slices.Sort(left)
	if want := []string{".htaccess: RewriteRule ^x$ http://evil.example/ [P]", ".htaccess: SetEnv DB_PASSWORD …",
		`.htaccess: SetHandler "proxy:unix:/run/vpm/other/php.sock|fcgi://x"`, "odd name/.htaccess: Deny from all"}; !slices.Equal(left, want) {
		t.Errorf("left out: %q", left)
	}
	l.start(t, "moved", "v1")

	q.Serve = true
	for _, s := range l.do(t, "moved", q).Steps {
		t.Log(s.Name, s.Took)
	}
	for url, want := range map[string]page{
		"/moved/":                 {status: 200, body: "the copy, /moved/"},
		"/moved/pretty":           {status: 200, body: "the copy, /moved/pretty"},
		"/moved/old":              {status: 301, body: "https://new.example/place"},
		"/moved/old/below":        {status: 301, body: "https://new.example/place/below"},
		"/moved/year/2020":        {status: 302, body: "/moved/page.html?y=2020"},
		"/moved/secret.txt":       {status: 403},
		"/moved/x.bak":            {status: 403},
		"/moved/private/data.txt": {status: 403},
	} {
		a := get(t, l.HTTPClient(), url, "")
		if a.status != want.status || a.status == 200 && (a.body != want.body || a.header.Get("X-Site") != "a b; c") || a.status/100 == 3 && !strings.HasSuffix(a.header.Get("Location"), want.body) {
			t.Errorf("%s: %d %v %q", url, a.status, a.header, a.body)
		}
		if strings.Contains(url, "old") || strings.Contains(url, "private") || strings.Contains(url, "secret") {
			if a := get(t, l.clients()["nginx"], url, ""); a.status != want.status || a.status == 301 && a.header.Get("Location") != want.body {
				t.Errorf("nginx, %s: %d %v", url, a.status, a.header)
			}
		}
	}
	if after := l.root(t, "cd "+old+"; find . -printf '%p %i %s %T@ %C@ %m %U\\n' | sort"); after != before {
		t.Errorf("the original was\n%s\nand is\n%s", before, after)
	}

	l.do(t, "moved", Request{Operation: Undo, Instance: "moved"})
	if err := l.Wait(t.Context(), func() bool { return get(t, l.HTTPClient(), "/moved/secret.txt", "").body == "secret" }); err != nil {
		t.Error("the original does not answer:", err)
	}
	l.do(t, "moved", Request{Operation: Undo, Instance: "moved"})
	l.fail(t, "moved", Request{Operation: Finish, Instance: "moved"}, core.CodeConflict, "does not serve")
	l.root(t, "echo changed > /srv/vpm/moved/web/htdocs/own.html; chown vpm-moved /srv/vpm/moved/web/htdocs/own.html")
	l.do(t, "moved", q)
	if a := get(t, l.clients()["nginx"], "/moved/own.html", ""); a.body != "changed\n" {
		t.Errorf("the copy was copied anew: %+v", a)
	}
	l.do(t, "moved", Request{Operation: Finish, Instance: "moved"})
	l.fail(t, "moved", Request{Operation: Undo, Instance: "moved"}, core.CodeConflict, "was finished")
	if !l.exists(old + "/index.php") {
		t.Error("the original is gone")
	}
}
