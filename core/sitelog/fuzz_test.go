package sitelog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzTail: whatever a site writes into its log, and however many lines are asked for, what is given is the end of it in
// lines of UTF-8, no more than asked, and says whether there is more.
func FuzzTail(f *testing.F) {
	f.Add([]byte("a\nb\nc\n"), uint(0), 2)
	f.Add([]byte("a\nb"), uint(480), 1000)
	f.Add([]byte("\n\n"), uint(479), 5)
	f.Add([]byte("\xff\x00\r\n"), uint(3), 0)
	f.Add([]byte(""), uint(481), -1)
	f.Add([]byte(""), uint(0), 1<<62)
	f.Fuzz(func(t *testing.T, end []byte, before uint, lines int) {
		if before %= 512; before >= 448 { // some are about as long as what is read
			before += mostBytes - 480
		}
		file := filepath.Join(t.TempDir(), "error_log")
		text := strings.Repeat("x", int(before)) + string(end)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		tail, err := read(file, lines)
		if err != nil {
			t.Fatal(err)
		}
		if len(tail.Lines) > min(max(lines, 1), MaxLines) {
			t.Errorf("%d lines of %d", len(tail.Lines), lines)
		}
		given := strings.Join(tail.Lines, "\n")
		whole := strings.TrimSuffix(strings.ToValidUTF8(text, "\uFFFD"), "\n")
		if !utf8.ValidString(given) || !strings.HasSuffix(whole, given) && before <= mostBytes/2 {
			t.Errorf("of %q are given %q", end, given)
		}
		if !tail.Truncated && (len(text) > mostBytes || given != whole) {
			t.Errorf("of %d bytes and %q are given all, as %q", before, end, given)
		}
		for _, line := range tail.Lines {
			if strings.Contains(line, "\n") {
				t.Errorf("a line is %q", line)
			}
		}
	})
}
