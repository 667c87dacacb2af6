// Package htaccess holds the Apache texts that vpm writes.
package htaccess

import (
	"fmt"
	"regexp"
	"strings"
)

// Rule maps addresses below api/ to a program beside the routing file. Its pattern means the same to
// Apache's regular expressions and to Go's, so that a development server can route by this table as well.
type Rule struct {
	Comment string
	Pattern string // of the path below api/, without a leading slash
	Program string
	Target  string // what is appended to the program's address, with $1 as in RewriteRule
	// IfProgram takes the rule only where its program is there: not every upload has each.
	IfProgram bool
	// UnlessFile leaves addresses of files and directories that exist to Apache.
	UnlessFile bool
}

// Programs beside the routing file. What the switch to the 32-bit program replaces is kept as vpm-amd64.cgi,
// which nobody may call.
const (
	Program    = "vpm.cgi"
	Program386 = "vpm-386.cgi"
)

// Rules is the whole mapping; the first that fits counts.
var Rules = []Rule{
	{
		Comment: "Changes to the 32-bit program where the host gives too little memory for the other",
		Pattern: `^switch386(?:\.php)?/?$`, Program: Program386, Target: "/switch386", IfProgram: true,
	},
	{
		Comment: "The API, also where files of an older one lie in the way",
		Pattern: `^((?:v1/)?(?:instances|kernel)(?:/[A-Za-z0-9_-]+)?)(?:\.php)?/?$`, Program: Program, Target: "/$1",
	},
	{
		Comment: "Set-up and the tick",
		Pattern: `^(setup|reset|migrate|tick)(?:\.php)?/?$`, Program: Program, Target: "/$1",
	},
	{
		Comment: "Everything else that is no file: an existing auth/login.php keeps serving logins",
		Pattern: `^([A-Za-z0-9_./-]+)$`, Program: Program, Target: "/$1", UnlessFile: true,
	},
}

// Match gives the rule for a path below api/ and the address it maps to. exists tells whether a file or
// directory of that path is there.
func Match(path string, exists func(path string) bool) (r Rule, target string, ok bool) {
	for _, r := range Rules {
		re := regexp.MustCompile(r.Pattern)
		m := re.FindStringSubmatchIndex(path)
		if m == nil || r.UnlessFile && exists(path) || r.IfProgram && !exists(r.Program) {
			continue
		}
		return r, r.Program + string(re.ExpandString(nil, r.Target, path, m)), true
	}
	return Rule{}, "", false
}

// Routing is the text of api/.htaccess. Every line of it was measured on mod_cgid, mod_cgi and mod_fcgid, with
// and without suEXEC:
//   - Authorization must be passed before the stop rules, or suEXEC loses it;
//   - the stop rules end the second pass that Apache makes after a rewrite, and hide the programs' own names;
//   - "?vpm=1" keeps the query from becoming arguments of the program;
//   - IgnoreInherit keeps the rules of a parent directory out.
func Routing() string {
	var b strings.Builder
	b.WriteString(routingHead)
	for _, r := range Rules {
		fmt.Fprintf(&b, "# %s.\n", r.Comment)
		if r.IfProgram {
			fmt.Fprintf(&b, "RewriteCond %%{REQUEST_FILENAME} ^(.*/)[^/]+$\nRewriteCond %%1%s -f\n", r.Program)
		}
		if r.UnlessFile {
			b.WriteString("RewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\n")
		}
		fmt.Fprintf(&b, "RewriteRule %s %s%s?vpm=1 [QSA,L]\n", r.Pattern, r.Program, r.Target)
	}
	b.WriteString("</IfModule>\n")
	return b.String()
}

const routingHead = `# vpm, the Virtual Process Manager: routes /api/… to vpm.cgi in this directory.
# If every request here ends in "500 Internal Server Error", look for "Option … not allowed here" in the error
# log and ask the host to allow .htaccess files FileInfo, Options, AuthConfig and Limit.
Options -Indexes +ExecCGI
<FilesMatch "^vpm(?:-386|-amd64)?\.cgi$">
  <IfModule mod_fcgid.c>
    SetHandler fcgid-script
  </IfModule>
  <IfModule !mod_fcgid.c>
    SetHandler cgi-script
  </IfModule>
</FilesMatch>
# Neither data nor the server's program, vpm, is for visitors.
<FilesMatch "^vpm$|\.(?:env|ini|json|ya?ml|db|sqlite3?|log|bak|new|old)(?:-[a-z]+)?$">
  Require all denied
</FilesMatch>
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteOptions IgnoreInherit
RewriteCond %{HTTP:Authorization} .
RewriteRule ^ - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteCond %{ENV:REDIRECT_STATUS} ^$
RewriteRule ^vpm(?:-386|-amd64)?\.cgi(?:/|$) - [R=404,L]
RewriteRule ^vpm(?:-386|-amd64)?\.cgi(?:/|$) - [L]
`
