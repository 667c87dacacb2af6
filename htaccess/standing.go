package htaccess

import (
	"strings"
	"time"
)

// Standing tells what a file has of an instance's gate, without knowing what the gate should be: Intact is one whole
// block, with only whole blocks above it, and until is when it ends by itself, zero for never.
func Standing(file []byte, instance string) (until time.Time, found Found) {
	_, n, _ := strip(file, only(instance))
	if n == 0 {
		return time.Time{}, None
	}
	rest := file[top(file):]
	for n == 1 && len(rest) > 0 {
		text, length := firstBlock(rest)
		if length == 0 {
			break
		}
		if b, _ := parseBlock(text); b.instance == instance {
			return b.until(), Intact
		}
		rest = rest[length:]
	}
	return time.Time{}, Damaged
}

// until reads the end of a gate from its own words.
func (b block) until() time.Time {
	const words = "RewriteCond %{TIME} <"
	for _, line := range b.lines {
		if stamp, ok := strings.CutPrefix(strings.TrimSpace(line), words); ok {
			if t, err := time.ParseInLocation("20060102150405", stamp, time.Local); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
