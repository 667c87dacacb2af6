package cms

import "strings"

// heredoc reads <<<LABEL … LABEL, and <<<'LABEL', in which nothing is an escape; ok is false where there is none.
// The label's own indentation is taken off every line; see https://www.php.net/manual/en/language.types.string.php.
func (lx *lexer) heredoc() (t token, ok bool) {
	rest := strings.TrimLeft(lx.src[lx.pos+3:], " \t")
	quote := ""
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		quote, rest = rest[:1], rest[1:]
	}
	label := rest[:nameLength(rest)]
	rest, closed := strings.CutPrefix(rest[len(label):], quote)
	_, body, line := cutLine(rest)
	if label == "" || !closed || !line || strings.Trim(rest[:len(rest)-len(body)], "\r\n") != "" {
		return token{}, false
	}
	text, indent, after, found := cutHeredoc(body, label)
	if !found {
		return lx.end(), true
	}
	lx.pos = len(lx.src) - len(after)
	text = unindent(text, indent)
	switch {
	case quote == "'":
		return token{kind: tokString, text: text}, true
	case hasVariables(text):
		return token{kind: tokTemplate, text: text}, true
	}
	return token{kind: tokString, text: unescapeDouble(text, 0)}, true
}

// cutLine splits s after its first line.
func cutLine(s string) (line, after string, found bool) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// cutHeredoc finds the line that begins with label; text ends before the newline in front of it.
func cutHeredoc(body, label string) (text string, indent int, after string, found bool) {
	for at := 0; at < len(body); {
		line, _, more := cutLine(body[at:])
		trimmed := strings.TrimLeft(line, " \t")
		if end, ok := strings.CutPrefix(trimmed, label); ok && (end == "" || !isNameByte(end[0])) {
			text = strings.TrimSuffix(strings.TrimSuffix(body[:at], "\n"), "\r")
			return text, len(line) - len(trimmed), body[at+len(line)-len(end):], true
		}
		if !more {
			break
		}
		at += len(line) + 1
	}
	return "", 0, "", false
}

func unindent(s string, indent int) string {
	if indent == 0 {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		blanks := len(line) - len(strings.TrimLeft(line, " \t"))
		lines[i] = line[min(indent, blanks):]
	}
	return strings.Join(lines, "\n")
}

func hasVariables(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if startsVariable(s[i:]) || startsBraces(s[i:]) {
			return true
		}
	}
	return false
}
