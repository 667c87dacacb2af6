package cms

import "strings"

type tokenKind uint8

const (
	tokEOF      tokenKind = iota
	tokName               // identifier, keyword or namespaced name, without a leading backslash
	tokVariable           // text is the name without the dollar sign
	tokString             // text is what the literal stands for
	tokTemplate           // a string with variables in it; text is as written between the quotes
	tokNumber             // as written
	tokCast               // text is the type in lower case
	tokOp                 // operator or punctuation; ?> is ";"
)

type token struct {
	kind  tokenKind
	text  string
	quote byte // of a template: '"', '`', or 0 for a heredoc
}

func (t token) is(op string) bool { return t.kind == tokOp && t.text == op }

// maxNesting bounds every recursion over the text: no configuration comes near it.
const maxNesting = 100

// lexer splits PHP into tokens, on demand: a file is never held as a slice of them. After something that is not
// PHP, such as a string without an end, it gives tokEOF for ever. It may be copied to look ahead.
type lexer struct {
	src   string
	pos   int
	php   bool // inside <?php … ?>
	depth int  // of tokens within tokens: "{$a["{$b}"]}"
}

func (lx *lexer) next() token {
	if !lx.php {
		if echo := lx.enter(); echo {
			return token{kind: tokName, text: "echo"}
		}
	}
	if !lx.skipBlanks() || lx.pos >= len(lx.src) {
		return lx.end()
	}
	rest := lx.src[lx.pos:]
	c := rest[0]
	switch {
	case strings.HasPrefix(rest, "?>"):
		lx.pos, lx.php = lx.pos+2, false
		return token{kind: tokOp, text: ";"}
	case isNameStart(c) || c == '\\' && len(rest) > 1 && isNameStart(rest[1]):
		n := 1
		for n < len(rest) && (isNameByte(rest[n]) || rest[n] == '\\') {
			n++
		}
		lx.pos += n
		return token{kind: tokName, text: strings.TrimPrefix(rest[:n], `\`)}
	case c == '$' && len(rest) > 1 && isNameStart(rest[1]):
		n := nameLength(rest[1:])
		lx.pos += 1 + n
		return token{kind: tokVariable, text: rest[1 : 1+n]}
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return lx.number(rest)
	case c == '\'':
		return lx.single()
	case c == '"' || c == '`':
		return lx.double(c)
	case strings.HasPrefix(rest, "<<<"):
		if t, ok := lx.heredoc(); ok {
			return t
		}
	case c == '(':
		if name, n := castAt(rest); n > 0 {
			lx.pos += n
			return token{kind: tokCast, text: name}
		}
	}
	op := operatorAt(rest)
	lx.pos += len(op)
	return token{kind: tokOp, text: op}
}

// end stops the lexer for good.
func (lx *lexer) end() token {
	lx.pos, lx.php = len(lx.src), true
	return token{}
}

// enter skips what lies outside of PHP, up to and with the next opening tag, and tells whether that is <?=.
// Whether the shorter <? opens PHP too is a setting of the server; no stock configuration has it.
func (lx *lexer) enter() (echo bool) {
	for {
		i := strings.Index(lx.src[lx.pos:], "<?")
		if i < 0 {
			lx.end()
			return false
		}
		lx.pos += i + 2
		rest := lx.src[lx.pos:]
		if strings.HasPrefix(rest, "=") {
			lx.pos, lx.php = lx.pos+1, true
			return true
		}
		if len(rest) >= 3 && strings.EqualFold(rest[:3], "php") && (len(rest) == 3 || isBlank(rest[3])) {
			lx.pos, lx.php = lx.pos+3, true
			return false
		}
	}
}

func (lx *lexer) number(rest string) token {
	n := 0
	for n < len(rest) && (isNameByte(rest[n]) || rest[n] == '.' && n+1 < len(rest) && isDigit(rest[n+1])) {
		n++
	}
	lx.pos += max(n, 1)
	return token{kind: tokNumber, text: rest[:max(n, 1)]}
}
