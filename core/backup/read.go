package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"

	"vpm/core"
	"vpm/core/store"
)

// File is a backup that is whole: it was read once to its end.
type File struct {
	Head
	// Rows is how many rows it has.
	Rows int

	from io.ReadSeeker
}

// longestLine bounds a row: the longest text that a table holds has 16 MiB, and JSON may double it.
const longestLine = 34 << 20

// Open reads a backup once and checks it. CodeInvalid: it is none, it is damaged or was cut off, or a newer vpm made it.
func Open(r io.ReadSeeker) (*File, error) {
	f := &File{from: r}
	sum := sha256.New()
	var before []byte // the line before, which is not the last
	for line, err := range f.lines() {
		if err != nil {
			return nil, err
		}
		if before == nil {
			if err := f.readHead(line); err != nil {
				return nil, err
			}
		}
		sum.Write(before)
		before = append(before[:0], line...)
	}
	var e end
	switch {
	case json.Unmarshal(before, &e) != nil || e.Rows == nil:
		return nil, damaged("its end is missing")
	case e.SHA256 != hex.EncodeToString(sum.Sum(nil)):
		return nil, damaged("its checksum is another")
	}
	f.Rows = *e.Rows
	return f, nil
}

func (f *File) readHead(line []byte) error {
	switch err := json.Unmarshal(line, &f.Head); {
	case err != nil || f.Format == 0:
		return core.Errorf(core.CodeInvalid, "cannot restore this file: it is no backup of vpm")
	case f.Format > Format || f.Schema > store.SchemaVersion:
		return core.Errorf(core.CodeInvalid, "cannot restore this backup: a newer vpm has made it (tables of version %d, and this one knows %d); upload the newer program", f.Schema, store.SchemaVersion)
	}
	return nil
}

// Each gives every row, each time from the beginning.
func (f *File) Each() iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		var of table
		first := true
		for line, err := range f.lines() {
			if first {
				first = false
				continue
			}
			if err == nil && line[0] == '{' {
				of = table{}
				if err = json.Unmarshal(line, &of); err == nil {
					continue // another table, or the end
				}
				err = damaged("a table cannot be read").Because(err)
			}
			row := store.Row{Table: of.Table, Columns: of.Columns}
			if err == nil {
				row.Values, err = values(line)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// values are those of one row, integers whole: a float would lose the last digits of a moment.
func values(line []byte) ([]any, error) {
	lines := json.NewDecoder(bytes.NewReader(line))
	lines.UseNumber()
	var row []any
	if err := lines.Decode(&row); err != nil {
		return nil, damaged("a row cannot be read").Because(err)
	}
	for i, v := range row {
		switch v := v.(type) {
		case nil, string:
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, damaged("a row has a number that is none of ours").Because(err)
			}
			row[i] = n
		default:
			return nil, damaged("a row has a value that is none of ours")
		}
	}
	return row, nil
}

// lines gives each line with its end, from the beginning. It is overwritten by the next.
func (f *File) lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if _, err := f.from.Seek(0, io.SeekStart); err != nil {
			yield(nil, core.Errorf(core.CodeUnavailable, "cannot read the backup: %w", err))
			return
		}
		packed, err := gzip.NewReader(bufio.NewReader(f.from))
		if err != nil {
			yield(nil, core.Errorf(core.CodeInvalid, "cannot restore this file: it is no backup of vpm").Because(err))
			return
		}
		lines := bufio.NewScanner(packed)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			if !yield(append(lines.Bytes(), '\n'), nil) {
				return
			}
		}
		switch err := lines.Err(); {
		case errors.Is(err, io.ErrUnexpectedEOF):
			yield(nil, damaged("it was cut off").Because(err))
		case err != nil:
			yield(nil, damaged("it cannot be unpacked").Because(err))
		}
	}
}

func damaged(why string) *core.Error {
	return core.Errorf(core.CodeInvalid, "cannot restore this backup: it is damaged, %s", why)
}
