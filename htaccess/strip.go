package htaccess

import "bytes"

// lines are the lines of a file, each with its end, and which of them are ours.
type lines struct {
	text [][]byte
	ours []bool
}

func splitLines(file []byte) lines {
	text := bytes.SplitAfter(file, []byte("\n"))
	return lines{text, make([]bool, len(text))}
}

// strip takes the blocks of the chosen instances out of a file. found counts them, and the pieces of them; made tells
// whether the file was made for one.
//
// Ours is what a marker proves to be ours, and nothing else:
//   - Between the two markers of a block, the lines that SUMS lists, in whatever order. Where some of them are
//     missing, as many foreign lines in their place: they were changed. Any further line was inserted, and stays.
//   - Below a begin marker whose end is gone, the lines that SUMS lists, in its order, up to the first that is
//     not the next of them nor a later one. The last line of a file that was cut off counts when it begins like a
//     line of a gate. Above an end marker whose begin is gone, likewise upwards.
//   - A line in the place of a marker that begins like one was the marker, and was changed.
//
// A line that merely looks like a marker is not ours, nor are lines that have lost both their markers.
func strip(file []byte, chosen selection) (rest []byte, found int, made bool) {
	at := top(file)
	l := splitLines(file[at:])
	for i := 0; i < len(l.text); i++ {
		m, ok := parseMarker(l.text[i])
		if !ok || !chosen(m.instance) {
			continue
		}
		found++
		made = made || m.made
		l.ours[i] = true
		switch last := l.partner(i, m); {
		case m.which == end:
			l.takeUp(i-1, m)
		case last > 0:
			l.takeBetween(i+1, last, m)
			l.ours[last] = true
			i = last
		default:
			l.takeDown(i+1, m)
		}
	}
	if found == 0 {
		return file, 0, false
	}
	rest = append(rest, file[:at]...)
	for i, text := range l.text {
		if !l.ours[i] {
			rest = append(rest, text...)
		}
	}
	return rest, found, made
}

// partner finds the end of the block that begins at line i; 0: the next marker, if any, is another.
func (l lines) partner(i int, m marker) int {
	for j := i + 1; j < len(l.text); j++ {
		if n, ok := parseMarker(l.text[j]); ok {
			if m.partner(n) {
				return j
			}
			return 0
		}
	}
	return 0
}

// takeBetween takes the lines between two markers, from first up to before last.
func (l lines) takeBetween(first, last int, m marker) {
	next, run := 0, first // of the block, the line that should come; of the file, the first of a run of foreign lines
	changed := func(until, missing int) {
		for i := run; i < until && missing > 0; i, missing = i+1, missing-1 {
			l.ours[i] = true
		}
	}
	for i := first; i < last; i++ {
		sum := lineSum(l.text[i])
		if m.find(sum, 0) < 0 {
			continue
		}
		l.ours[i] = true
		if found := m.find(sum, next); found >= 0 {
			changed(i, found-next)
			next = found + 1
		}
		run = i + 1
	}
	changed(last, m.lines()-next)
}

// takeDown takes what is left of a block below its begin marker.
func (l lines) takeDown(i int, m marker) {
	next := 0
	for ; i < len(l.text); i++ {
		found := m.find(lineSum(l.text[i]), next)
		if found < 0 {
			break
		}
		l.ours[i] = true
		next = found + 1
	}
	if i == len(l.text) {
		return
	}
	text, isLast := l.text[i], i == len(l.text)-1
	if looksLike(text, end) || isLast && next < m.lines() && cutOff(text) || isLast && next == m.lines() && endCutOff(text) {
		l.ours[i] = true
	}
}

// takeUp takes what is left of a block above its end marker.
func (l lines) takeUp(i int, m marker) {
	next := m.lines() - 1
	for ; i >= 0 && !l.ours[i]; i-- {
		found := next
		for found >= 0 && m.find(lineSum(l.text[i]), found) != found {
			found--
		}
		if found < 0 {
			break
		}
		l.ours[i] = true
		next = found - 1
	}
	if i >= 0 && !l.ours[i] && looksLike(l.text[i], begin) {
		l.ours[i] = true
	}
}
