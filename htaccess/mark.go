package htaccess

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A block stands between two marker lines, which say the same:
//
//	# BEGIN vpm gate 1 INSTANCE ORIGIN SUMS CHECK
//	# END vpm gate 1 INSTANCE ORIGIN SUMS CHECK
//
// ORIGIN is "file", or "new" where there was no file before. SUMS has 8 hex digits for each line between the markers,
// the beginning of its SHA-256, so that what is left of a damaged block can be told from other lines. CHECK has 16 of
// the SHA-256 of the marker line before it: a line with another CHECK is no marker.
type marker struct {
	which    string // begin or end
	instance string
	made     bool // the file was made for the block
	sums     string
}

const (
	begin    = "BEGIN"
	end      = "END"
	fromFile = "file"
	fromNone = "new"
)

// sumLen is the length of a line's sum: enough that a line that is not ours has it by chance never.
const sumLen = 8

// looksLike is how a marker line begins, also one whose rest was changed.
func looksLike(line []byte, which string) bool {
	return bytes.HasPrefix(line, []byte("# "+which+" vpm gate "))
}

func (m marker) String() string {
	origin := fromFile
	if m.made {
		origin = fromNone
	}
	text := strings.Join([]string{"#", m.which, "vpm", "gate", "1", m.instance, origin, m.sums}, " ")
	return text + " " + digest([]byte(text), 16)
}

// parseMarker reads a marker line; white space at its end may have been changed by an editor.
func parseMarker(line []byte) (m marker, ok bool) {
	if !looksLike(line, begin) && !looksLike(line, end) {
		return marker{}, false
	}
	text := strings.TrimRight(string(line), " \t\r\n")
	f := strings.Split(text, " ")
	if len(f) != 9 {
		return marker{}, false
	}
	m = marker{which: f[1], instance: f[5], made: f[6] == fromNone, sums: f[7]}
	return m, len(m.sums)%sumLen == 0 && m.String() == text
}

// partner tells whether n is the other marker of the same block.
func (m marker) partner(n marker) bool {
	return m.which == begin && n.which == end && m.instance == n.instance && m.made == n.made && m.sums == n.sums
}

func (m marker) lines() int { return len(m.sums) / sumLen }

// find gives the index of the first line of the block with this sum, from the index from on; -1: none.
func (m marker) find(sum string, from int) int {
	for i := from; i < m.lines(); i++ {
		if m.sums[i*sumLen:(i+1)*sumLen] == sum {
			return i
		}
	}
	return -1
}

// lineSum is the sum of a line. Spaces at its beginning count, as they make our lines differ from those that people
// write; white space at its end does not.
func lineSum(line []byte) string { return digest(bytes.TrimRight(line, " \t\r\n"), sumLen) }

func digest(text []byte, length int) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:length]
}
