package store

import (
	"strings"
	"testing"

	"vpm/core"
)

func TestSiteAddress(t *testing.T) {
	t.Parallel()
	const options = `CREATE TABLE %s (option_id INT AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191) UNIQUE, option_value LONGTEXT)`
	var create []string
	for _, table := range []string{"wp_options", "b$1_options", "none_options", "null_options", "`odd-options`"} {
		create = append(create, strings.Replace(options, "%s", table, 1))
	}
	login := siteDatabase(t, server, append(create,
		`INSERT INTO wp_options (option_name, option_value) VALUES ('siteurl', 'https://files.example/wp'), ('home', 'https://größe.example/blog')`,
		`INSERT INTO b$1_options (option_name, option_value) VALUES ('home', 'http://b.example')`,
		`INSERT INTO null_options (option_name, option_value) VALUES ('home', NULL)`,
		"INSERT INTO `odd-options` (option_name, option_value) VALUES ('home', 'http://odd.example')")...)
	for prefix, want := range map[string]string{"wp_": "https://größe.example/blog", "b$1_": "http://b.example"} {
		login.Prefix = prefix
		if got, err := SiteAddress(t.Context(), login); err != nil || got != want {
			t.Errorf("with the prefix %q it is %q, %v; want %q", prefix, got, err, want)
		}
	}
	for prefix, code := range map[string]core.Code{"none_": core.CodeNotFound, "null_": core.CodeNotFound, "missing_": core.CodeUnavailable,
		"odd-": core.CodeNotFound, "wp_options` UNION SELECT user FROM mysql.user -- ": core.CodeNotFound, "ü": core.CodeNotFound, "a.b": core.CodeNotFound} {
		login.Prefix = prefix
		if got, err := SiteAddress(t.Context(), login); core.CodeOf(err) != code || got != "" {
			t.Errorf("with the prefix %q it is %q, %v; want %s", prefix, got, err, code)
		}
	}
	login.Prefix, login.Password = "wp_", "s3cret-wrong"
	_, err := SiteAddress(t.Context(), login)
	wantCode(t, err, core.CodeUnavailable)
	if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), login.User) {
		t.Errorf("the error shows the login: %v", err)
	}
}
