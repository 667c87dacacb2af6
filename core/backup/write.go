// Package backup keeps the panel's own state in one file, and brings it back, on the same host or another and whichever
// of the two databases either has. The sites themselves are not in it.
//
// A backup is lines of JSON, compressed by gzip: a head, then for each table a line with its columns and a line for each
// row, and at the end the number of rows and the SHA-256 of all lines before. A file that was cut off has no end.
package backup

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"vpm/core/store"
)

// Format is the version of the file's form.
const Format = 1

// Head is the first line.
type Head struct {
	Format int       `json:"vpm_backup"`
	Schema int       `json:"schema"` // version of the tables
	MadeAt time.Time `json:"made_at"`
}

// table is the line before the rows of a table.
type table struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// end is the last line.
type end struct {
	Rows   *int   `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Write writes a backup of these rows, and gives their number.
func Write(w io.Writer, madeAt time.Time, rows iter.Seq2[store.Row, error]) (n int, err error) {
	packed := gzip.NewWriter(w)
	sum := sha256.New()
	buffered := bufio.NewWriter(io.MultiWriter(packed, sum))
	lines := json.NewEncoder(buffered)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(Head{Format, store.SchemaVersion, madeAt.UTC().Truncate(time.Second)}); err != nil {
		return 0, fmt.Errorf("cannot write the backup: %w", err)
	}
	var last table
	for row, err := range rows {
		if err != nil {
			return n, err
		}
		if row.Table != last.Table || !slices.Equal(row.Columns, last.Columns) {
			last = table{row.Table, row.Columns}
			err = lines.Encode(last)
		}
		if err == nil {
			err = lines.Encode(row.Values)
		}
		if err != nil {
			return n, fmt.Errorf("cannot write the backup: %w", err)
		}
		n++
	}
	if err := buffered.Flush(); err != nil {
		return n, fmt.Errorf("cannot write the backup: %w", err)
	}
	if err := json.NewEncoder(packed).Encode(end{&n, hex.EncodeToString(sum.Sum(nil))}); err != nil {
		return n, fmt.Errorf("cannot write the backup: %w", err)
	}
	if err := packed.Close(); err != nil {
		return n, fmt.Errorf("cannot write the backup: %w", err)
	}
	return n, nil
}
