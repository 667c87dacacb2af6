package cms

import (
	"strings"
	"testing"
)

// fuzzConfig reads arbitrary text as a configuration. No error may show what is in it.
func fuzzConfig(f *testing.F, cmsType string) {
	for _, src := range append(append([]string{head, joomla, drupal}, sameAsPHP...), notToTell...) {
		if !strings.HasPrefix(src, "<?php") {
			src = "<?php " + src
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		m := newMachine(func(name string) (string, bool) { return "set", len(name)%2 == 0 })
		m.read = func(string) (string, error) { return src, nil }
		m.exists = func(path string) bool { return len(path)%2 == 0 }
		d, err := databaseIn(&settings{machine: m, root: "/site", path: "/site/config.php"}, cmsType, src)
		password := d.Password.Reveal()
		if err != nil && len(password) > 8 && strings.Contains(src, password) && strings.Contains(err.Error(), password) {
			t.Errorf("the error shows the password: %v", err)
		}
		if m.steps > 2*maxSteps+8*maxElements*maxNesting {
			t.Errorf("it took %d steps", m.steps)
		}
		if d.Port < 0 || d.Port > 65535 {
			t.Errorf("the port is %d", d.Port)
		}
	})
}

func FuzzWordPress(f *testing.F) { fuzzConfig(f, "wordpress") }

func FuzzJoomla(f *testing.F) { fuzzConfig(f, "joomla") }

func FuzzDrupal(f *testing.F) { fuzzConfig(f, "drupal") }

// FuzzLexer: every token is taken from further on in the text, and after the last one there is none.
func FuzzLexer(f *testing.F) {
	for _, src := range sameAsPHP {
		f.Add("<?php " + src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		lx := lexer{src: src}
		for at := -1; ; at = lx.pos {
			if tok := lx.next(); tok.kind == tokEOF {
				break
			}
			if lx.pos <= at || lx.pos > len(src) {
				t.Fatalf("the lexer went from %d to %d of %d", at, lx.pos, len(src))
			}
		}
		if tok := lx.next(); tok.kind != tokEOF {
			t.Errorf("after the end there is %+v", tok)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(joomlaManifest)
	f.Add("<name>files_joomla</name><version><!--</version>")
	f.Fuzz(func(t *testing.T, text string) {
		version, _ := manifestVersion(text)
		if v := plainVersion(version); len(v) > 50 || strings.ContainsAny(v, "<>&\"' \n") {
			t.Errorf("the version is %q", v)
		}
	})
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost", "127.0.0.1:3307", "localhost:/path/mysqld.sock", "[::1]:3306", "::1", "unix:/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, port, socket, ok := splitHost(s)
		if ok && (port < 0 || port > 65535 || !isHost(host) || host == "" && socket == "") {
			t.Errorf("%q is %q, %d, %q", s, host, port, socket)
		}
	})
}
