package install

import (
	"os"
	"strings"
)

// preview shows what a file will hold, or what changes in it, without the values that are secrets.
func preview(c content) string {
	before, err := os.ReadFile(c.path)
	if err != nil {
		return veil(marked("+ ", strings.SplitAfter(string(c.text), "\n")))
	}
	if string(before) == string(c.text) {
		return "(the content stays, owner and mode change)\n"
	}
	return veil(diff(string(before), string(c.text)))
}

// diff shows what stands between the lines that two texts begin and end with alike.
func diff(before, after string) string {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	first := 0
	for first < min(len(a), len(b)) && a[first] == b[first] {
		first++
	}
	last := 0
	for last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	return marked("  ", a[max(0, first-2):first]) + marked("- ", a[first:len(a)-last]) + marked("+ ", b[first:len(b)-last]) +
		marked("  ", a[len(a)-last:min(len(a), len(a)-last+2)])
}

func marked(mark string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if line != "" {
			b.WriteString(mark + strings.TrimRight(line, "\n") + "\n")
		}
	}
	return b.String()
}

// veil hides values of settings that are passwords or hold one.
func veil(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		name, _, setting := strings.Cut(line, "=")
		if setting && (strings.Contains(name, "PASSWORD") || strings.Contains(name, "SECRET") || strings.Contains(name, "SMTP") || strings.Contains(name, "WEBHOOK")) {
			line = name + "=(hidden)\n"
		}
		b.WriteString(line)
	}
	return b.String()
}
