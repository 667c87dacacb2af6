package config

import (
	"strings"

	"vpm/core"
)

// pair is one NAME=value line.
type pair struct {
	name, value string
	line        int
}

// parseFile reads NAME=value lines as PHP's dotenv loaders do, which differ from a shell in one point that
// matters: a $ in a password is just a $. In strict files a line of another form is an error; in others it
// is passed over.
func parseFile(path, text string, strict bool) ([]pair, error) {
	var pairs []pair
	text = strings.TrimPrefix(text, "\uFEFF") // Windows editors begin a file so
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !found || !isName(name) {
			if strict {
				return nil, core.Errorf(core.CodeUnavailable, "cannot read the settings in %s: line %d is not NAME=value", path, i+1)
			}
			continue
		}
		value, ok := unquote(strings.TrimSpace(value))
		if !ok && strict {
			return nil, core.Errorf(core.CodeUnavailable, "cannot read the settings in %s: the quotes of %s in line %d do not match", path, name, i+1)
		}
		pairs = append(pairs, pair{name, value, i + 1})
	}
	return pairs, nil
}

// isName tells whether a setting can have that name: visible ASCII, so that it is read the same in whichever line it stands.
func isName(s string) bool {
	other := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"'#", r) }
	return s != "" && !strings.ContainsFunc(s, other)
}

// unquote reads a value: 'literal', "with \" \\ \$ and \n", or bare up to white space and #.
func unquote(s string) (string, bool) {
	if s == "" {
		return "", true
	}
	switch s[0] {
	case '\'':
		end := strings.IndexByte(s[1:], '\'')
		if end < 0 {
			return s, false
		}
		return s[1 : 1+end], true
	case '"':
		return unquoteDouble(s)
	}
	for i := 1; i < len(s); i++ {
		if s[i] == '#' && (s[i-1] == ' ' || s[i-1] == '\t') {
			return strings.TrimSpace(s[:i]), true
		}
	}
	return s, true
}

func unquoteDouble(s string) (string, bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), true
		case s[i] == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case '"', '\\', '$':
				b.WriteByte(s[i])
			default:
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return s, false
}

// quote writes a value so that unquote reads it back.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`).Replace(s) + `"`
}
