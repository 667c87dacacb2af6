package cms

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

func unescapeSingle(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '\'') {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescapeDouble gives what a string in double quotes stands for; quote 0 is a heredoc, where \" is no escape. An
// escape that PHP does not know stays as it is written.
func unescapeDouble(s string, quote byte) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		text, n := escapeAt(s[i+1:], quote)
		b.WriteString(text)
		i += 1 + n
	}
	return b.String()
}

// escapeAt gives what the escape stands for whose part behind the backslash s begins with, and that part's length.
func escapeAt(s string, quote byte) (text string, n int) {
	c := s[0]
	switch {
	case c == '\\' || c == '$' || quote != 0 && c == quote:
		return s[:1], 1
	case c >= '0' && c <= '7':
		n = digits(s, 3, "01234567")
		code, _ := strconv.ParseUint(s[:n], 8, 16)
		return string([]byte{byte(code)}), n
	case c == 'x':
		if n = digits(s[1:], 2, hexDigits); n > 0 {
			code, _ := strconv.ParseUint(s[1:1+n], 16, 8)
			return string([]byte{byte(code)}), 1 + n
		}
	case strings.HasPrefix(s, "u{"):
		n = digits(s[2:], 8, hexDigits)
		if code, err := strconv.ParseUint(s[2:2+n], 16, 32); err == nil && code <= utf8.MaxRune && strings.HasPrefix(s[2+n:], "}") {
			return string(rune(code)), 2 + n + 1
		}
	}
	if i := strings.IndexByte("ntrvef", c); i >= 0 {
		return "\n\t\r\v\x1b\f"[i : i+1], 1
	}
	return `\` + s[:1], 1
}

const hexDigits = "0123456789abcdefABCDEF"

// digits counts those at the beginning of s, at most limit.
func digits(s string, limit int, of string) int {
	n := 0
	for n < len(s) && n < limit && strings.IndexByte(of, s[n]) >= 0 {
		n++
	}
	return n
}
