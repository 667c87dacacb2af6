package pagetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/scripts/lab"
)

// allFine is what the check of the host finds on a good one without a certificate.
func allFine(changed map[string]string) map[string]string {
	checks := map[string]string{"Programs run": "OK", "Build": "OK", "Account": "OK", "Data directory": "OK", "HTTPS": "Note", "Memory limit": "OK",
		"Process limit": "OK", "Time limits": "OK", "Closed files": "OK", "Authorization header": "OK", "X-Auth-Token header": "OK"}
	for name, result := range changed {
		checks[name] = result
	}
	return checks
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options lab.Options
		mysql   bool
		views   bool
		spoil   func(t *testing.T, s *site)
		checks  map[string]string
	}{
		"embedded": {views: true},
		"mysql":    {options: lab.Options{FCGID: true}, mysql: true},
		"limited": {options: lab.Options{RLimitNPROC: 19}, checks: map[string]string{"Process limit": "Note", "Authorization header": "Note", "Closed files": "Failed"},
			spoil: dropAuthorization},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := upload(t, c.options)
			if c.spoil != nil {
				c.spoil(t, s)
			}
			told := map[string]any{"url": s.URL, "codeFile": s.codeFile("setup-code.txt"), "password": password, "checks": allFine(c.checks), "views": c.views}
			if c.mysql {
				told["mysql"] = given(database(t))
			}
			play(t, "setup.mjs", told)
		})
	}
}

// dropAuthorization takes out of the routing file what passes the header on and what keeps settings from visitors.
func dropAuthorization(t *testing.T, s *site) {
	t.Helper()
	path := filepath.Join(s.Docroot, "api", ".htaccess")
	text, err := os.ReadFile(path)
	must(t, err)
	rules := strings.Replace(string(text), "RewriteCond %{HTTP:Authorization} .\nRewriteRule ^ - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]\n", "", 1)
	rules = strings.Replace(rules, "Require all denied", "Require all granted", 1)
	must(t, os.WriteFile(path, []byte(rules), 0o644))
}

func TestReset(t *testing.T) {
	t.Parallel()
	s := newSite(t, lab.Options{})
	play(t, "reset.mjs", map[string]any{"url": s.URL, "codeFile": s.codeFile("reset-code.txt"), "username": admin, "password": password})
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	s := upload(t, lab.Options{})
	play(t, "trouble.mjs", map[string]any{"url": s.URL, "program": s.program()})
}

func TestTooLittleMemory(t *testing.T) {
	t.Parallel()
	s := upload(t, lab.Options{RLimitAS: 512 << 20})
	play(t, "memory.mjs", map[string]any{"url": s.URL})
}
