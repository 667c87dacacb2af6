package cli

import (
	"bytes"
	"strings"

	"github.com/mattn/go-runewidth"
)

// block is a part of what people are shown.
type block interface{ write(*bytes.Buffer, *screen) }

// line is a sentence.
type line struct {
	text   string
	colour colour
}

func (l line) write(b *bytes.Buffer, s *screen) {
	b.WriteString(s.paint(l.colour, clean(l.text)))
	b.WriteByte('\n')
}

// joined are blocks without an empty line between.
type joined []block

func (j joined) write(b *bytes.Buffer, s *screen) {
	for _, one := range j {
		one.write(b, s)
	}
}

// cell is one field of a table.
type cell struct {
	text   string
	colour colour
}

func text(s string) cell { return cell{text: s} }

// column says how a column behaves where the terminal is narrow.
type column struct {
	title string
	right bool
	// least is how narrow it may be cut; 0: it is shown whole.
	least int
	// spare columns go first, the last of them before the others.
	spare bool
}

// table is rows under titles.
type table struct {
	columns []column
	rows    [][]cell
	none    string // is said where there are no rows
}

const gap = 2

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

func (t *table) write(b *bytes.Buffer, s *screen) {
	if len(t.rows) == 0 && t.none != "" {
		line{text: t.none}.write(b, s)
		return
	}
	shown, widths := t.fit(s.width)
	titles := make([]cell, len(t.columns))
	for i, c := range t.columns {
		titles[i] = cell{c.title, faint}
	}
	t.row(b, s, shown, widths, titles)
	for _, r := range t.rows {
		t.row(b, s, shown, widths, r)
	}
}

// fit chooses the columns that are shown and how wide each is, for a terminal of that width (0: any).
func (t *table) fit(width int) (shown []int, widths []int) {
	widths = make([]int, len(t.columns))
	for i, c := range t.columns {
		shown, widths[i] = append(shown, i), runewidth.StringWidth(c.title)
		for _, r := range t.rows {
			widths[i] = max(widths[i], runewidth.StringWidth(clean(r[i].text)))
		}
	}
	for width > 0 {
		total, widest, spare := -gap, -1, -1
		for at, i := range shown {
			total += widths[i] + gap
			if c := t.columns[i]; c.least > 0 && widths[i] > max(c.least, runewidth.StringWidth(c.title)) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
			if t.columns[i].spare {
				spare = at
			}
		}
		switch {
		case total <= width:
			return shown, widths
		case widest >= 0:
			c := t.columns[widest]
			widths[widest] = max(widths[widest]-(total-width), c.least, runewidth.StringWidth(c.title))
		case spare >= 0:
			shown = append(shown[:spare:spare], shown[spare+1:]...)
			t.restore(shown, widths)
		default: // what is left is shown whole, and the terminal wraps it
			return shown, widths
		}
	}
	return shown, widths
}

// restore makes columns as wide as they would be: there is room again.
func (t *table) restore(shown, widths []int) {
	for _, i := range shown {
		widths[i] = runewidth.StringWidth(t.columns[i].title)
		for _, r := range t.rows {
			widths[i] = max(widths[i], runewidth.StringWidth(clean(r[i].text)))
		}
	}
}

func (t *table) row(b *bytes.Buffer, s *screen, shown, widths []int, cells []cell) {
	var l strings.Builder
	for at, i := range shown {
		content := runewidth.Truncate(clean(cells[i].text), widths[i], "…")
		fill := strings.Repeat(" ", widths[i]-runewidth.StringWidth(content))
		last := at == len(shown)-1
		switch painted := s.paint(cells[i].colour, content); {
		case t.columns[i].right:
			l.WriteString(fill + painted)
		case last:
			l.WriteString(painted)
		default:
			l.WriteString(painted + fill)
		}
		if !last {
			l.WriteString(strings.Repeat(" ", gap))
		}
	}
	b.WriteString(strings.TrimRight(l.String(), " "))
	b.WriteByte('\n')
}

// fields is a list of names and what they are; those that are empty are left out.
type fields []field

type field struct {
	name string
	cell
}

func (f *fields) add(name string, c cell) {
	if c.text != "" {
		*f = append(*f, field{name, c})
	}
}

func (f fields) write(b *bytes.Buffer, s *screen) {
	wide := 0
	for _, one := range f {
		wide = max(wide, runewidth.StringWidth(one.name))
	}
	for _, one := range f {
		b.WriteString(s.paint(faint, runewidth.FillRight(one.name, wide+gap)) + s.paint(one.colour, clean(one.text)) + "\n")
	}
}
