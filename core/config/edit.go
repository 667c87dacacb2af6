package config

import "strings"

// Edit gives the text of a settings file in which change has decided on each setting: on its value, and whether its line
// stays. Comments and lines whose value does not change stay as they are.
func Edit(text string, change func(name, value string) (is string, stays bool)) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		pairs, err := parseFile("", line, true)
		if err != nil || len(pairs) == 0 {
			b.WriteString(line)
			continue
		}
		switch is, stays := change(pairs[0].name, pairs[0].value); {
		case !stays:
		case is == pairs[0].value:
			b.WriteString(line)
		default:
			b.WriteString(pairs[0].name + "=" + quote(is) + "\n")
		}
	}
	return b.String()
}
