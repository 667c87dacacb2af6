package cms

import "strings"

// skipBlanks skips blanks, comments and attributes, and tells whether all of them end.
func (lx *lexer) skipBlanks() bool {
	for lx.pos < len(lx.src) {
		rest := lx.src[lx.pos:]
		switch {
		case isBlank(rest[0]):
			lx.pos++
		case strings.HasPrefix(rest, "#["):
			if !lx.skipAttribute() {
				return false
			}
		case rest[0] == '#' || strings.HasPrefix(rest, "//"):
			lx.pos += lineComment(rest)
		case strings.HasPrefix(rest, "/*"):
			i := strings.Index(rest[2:], "*/")
			if i < 0 {
				return false
			}
			lx.pos += 2 + i + 2
		default:
			return true
		}
	}
	return true
}

// lineComment is the length of a comment that ends with its line or the PHP it is in.
func lineComment(s string) int {
	for i := range len(s) {
		if s[i] == '\n' || s[i] == '\r' || strings.HasPrefix(s[i:], "?>") {
			return i
		}
	}
	return len(s)
}

// skipAttribute skips #[…]. PHP before 8 takes it for a comment, which may be no PHP inside; that is rarer in
// configurations than an attribute in front of a class on the same line.
func (lx *lexer) skipAttribute() bool {
	lx.pos += 2
	return lx.nested("[", "]")
}

// nested skips tokens up to the one that closes a bracket which is open already.
func (lx *lexer) nested(opening, closing string) bool {
	lx.depth++
	defer func() { lx.depth-- }()
	if lx.depth > maxNesting {
		return false
	}
	for open := 1; open > 0; {
		t := lx.next()
		switch {
		case t.kind == tokEOF:
			return false
		case t.is(opening):
			open++
		case t.is(closing):
			open--
		}
	}
	return true
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isNameByte(c byte) bool { return isNameStart(c) || isDigit(c) }

// nameLength is how many bytes at the beginning of s make a name.
func nameLength(s string) int {
	if s == "" || !isNameStart(s[0]) {
		return 0
	}
	n := 1
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	return n
}
