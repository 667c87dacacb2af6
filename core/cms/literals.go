package cms

import "strings"

// single reads a string in single quotes, in which only \\ and \' are escapes.
func (lx *lexer) single() token {
	raw := lx.src[lx.pos+1:]
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '\'':
			lx.pos += 1 + i + 1
			return token{kind: tokString, text: unescapeSingle(raw[:i])}
		}
	}
	return lx.end()
}

// double reads a string in double quotes or backticks. Within {$…} and ${…} is PHP with strings of its own.
func (lx *lexer) double(quote byte) token {
	start := lx.pos + 1
	lx.pos = start
	template := quote == '`'
	for lx.pos < len(lx.src) {
		switch c := lx.src[lx.pos]; {
		case c == quote:
			raw := lx.src[start:lx.pos]
			lx.pos++
			if template {
				return token{kind: tokTemplate, text: raw, quote: quote}
			}
			return token{kind: tokString, text: unescapeDouble(raw, quote)}
		case c == '\\':
			lx.pos += 2
		case startsVariable(lx.src[lx.pos:]):
			template = true
			lx.pos++
		case startsBraces(lx.src[lx.pos:]):
			template = true
			if c == '$' { // ${…}
				lx.pos++
			}
			lx.pos++
			if !lx.nested("{", "}") {
				return lx.end()
			}
		default:
			lx.pos++
		}
	}
	return lx.end()
}

// startsVariable tells whether s begins with a variable as strings hold it.
func startsVariable(s string) bool { return len(s) > 1 && s[0] == '$' && isNameStart(s[1]) }

// startsBraces tells whether s begins with an expression as strings hold it.
func startsBraces(s string) bool { return strings.HasPrefix(s, "{$") || strings.HasPrefix(s, "${") }
