package htaccess

import (
	"bytes"
	"strings"
)

// block is what stands in a file: the markers and the lines between them.
type block struct {
	instance string
	made     bool
	lines    []string
}

// newBlock indents the lines, starting with one space: people write "RewriteEngine On" too, but not " RewriteEngine
// On", so that what is left of a damaged block is never taken for theirs, nor theirs for ours.
func newBlock(instance string, lines []string) block {
	b := block{instance: instance}
	depth := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "</") {
			depth--
		}
		b.lines = append(b.lines, " "+strings.Repeat("  ", depth)+line)
		if strings.HasPrefix(line, "<") && !strings.HasPrefix(line, "</") {
			depth++
		}
	}
	return b
}

// parseBlock reads a block as text gives it.
func parseBlock(text string) (block, bool) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	m, ok := parseMarker([]byte(lines[0]))
	if !ok || len(lines) < 2 {
		return block{}, false
	}
	b := block{instance: m.instance, made: m.made, lines: lines[1 : len(lines)-1]}
	return b, b.text() == text
}

// marks are the lines around the block.
func (b block) marks() (first, last string) {
	var sums strings.Builder
	for _, line := range b.lines {
		sums.WriteString(lineSum([]byte(line)))
	}
	m := marker{begin, b.instance, b.made, sums.String()}
	first = m.String()
	m.which = end
	return first, m.String()
}

func (b block) text() string {
	first, last := b.marks()
	return first + "\n" + strings.Join(b.lines, "\n") + "\n" + last + "\n"
}

// with gives the block for a file that was there, or was made for it.
func (b block) with(made bool) block {
	b.made = made
	return b
}

// top gives where a block belongs in a file: behind the mark of UTF-8, which has to be first.
func top(file []byte) int {
	if bytes.HasPrefix(file, []byte("\xef\xbb\xbf")) {
		return 3
	}
	return 0
}
