package cms

import "strings"

// castAt finds a cast such as "( string )" at the beginning of s; n is its length, 0 where there is none.
func castAt(s string) (name string, n int) {
	inner := strings.TrimLeft(s[1:], " \t")
	l := nameLength(inner)
	after := strings.TrimLeft(inner[l:], " \t")
	if l == 0 || l > len("boolean") || !strings.HasPrefix(after, ")") {
		return "", 0
	}
	switch name = strings.ToLower(inner[:l]); name {
	case "int", "integer", "bool", "boolean", "float", "double", "real", "string", "binary", "array", "object", "unset":
		return name, len(s) - len(after) + 1
	}
	return "", 0
}

// operatorAt gives the longest operator at the beginning of s, one byte where it is none that we know.
func operatorAt(s string) string {
	if len(s) >= 3 {
		switch s[:3] {
		case "===", "!==", "<=>", "**=", "...", "<<=", ">>=", "??=", "?->":
			return s[:3]
		}
	}
	if len(s) >= 2 {
		switch s[:2] {
		case "==", "!=", "<>", "<=", ">=", "&&", "||", "??", "++", "--", "+=", "-=", "*=", "/=", ".=", "%=",
			"&=", "|=", "^=", "->", "=>", "::", "<<", ">>", "**", "|>":
			return s[:2]
		}
	}
	return s[:1]
}
