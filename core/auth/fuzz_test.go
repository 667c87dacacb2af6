package auth

import (
	"strings"
	"testing"
)

// FuzzToken: of what is presented as a token nothing is looked for that is a key only because somebody has read the table, and
// nothing that is longer than the column or not visible.
func FuzzToken(f *testing.F) {
	token, stored := newToken()
	for _, s := range []string{token, stored, strings.ToUpper(stored), "SHA256:", "", " ", "a b", "a\x00", strings.Repeat("a", 513), "vpm_" + token, "ä"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		forms, err := storedForms(token)
		if err != nil {
			if forms != nil {
				t.Errorf("%q is refused and looked for as %q", token, forms)
			}
			return
		}
		if len(forms) != 2 || forms[0] != digest(token) || forms[1] != token {
			t.Errorf("%q is looked for as %q", token, forms)
		}
		for _, form := range forms {
			if _, err := storedForms(forms[0]); err == nil {
				t.Errorf("%q opens what is stored of %q", form, token)
			}
			if len(form) > 512 || strings.Trim(form, "\x00 \t\r\n") != form || strings.ContainsFunc(form, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("%q is looked for as %q", token, form)
			}
		}
	})
}
