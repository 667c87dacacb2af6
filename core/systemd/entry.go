package systemd

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Entry is one of the journal's.
type Entry struct {
	At   time.Time // UTC
	Text string
}

// Entries gives a unit's last entries, at most n, oldest first, with their times.
func (j Journal) Entries(ctx context.Context, unit string, n int) ([]Entry, error) {
	if err := checkUnit(unit); err != nil {
		return nil, err
	}
	out, err := j.run(ctx, unit, []string{"--unit=" + unit, "--lines=" + strconv.Itoa(min(max(n, 1), maxLines)), "--output=json",
		"--output-fields=MESSAGE", "--no-pager", "--quiet"})
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, e := range entries(out) {
		all = append(all, e.Entry)
	}
	return all, nil
}

// sent is an entry, and the identifier of who sent it.
type sent struct {
	Entry
	from string
}

// entries reads what journalctl prints, an object a line. One that it cannot read is left out.
func entries(text []byte) []sent {
	var all []sent
	for line := range bytes.Lines(text) {
		var e struct {
			Time    string          `json:"__REALTIME_TIMESTAMP"` // µs
			Message json.RawMessage `json:"MESSAGE"`
			From    json.RawMessage `json:"SYSLOG_IDENTIFIER"`
		}
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if µs, err := strconv.ParseInt(e.Time, 10, 64); err == nil {
			all = append(all, sent{Entry{time.UnixMicro(µs).UTC(), spoken(e.Message)}, spoken(e.From)})
		}
	}
	return all
}

// spoken gives a message: a string, or the bytes of one that is none in UTF-8. What is too large is null.
func spoken(message json.RawMessage) string {
	var text string
	if json.Unmarshal(message, &text) == nil {
		return text
	}
	var numbers []int // a []byte would be base64
	_ = json.Unmarshal(message, &numbers)
	raw := make([]byte, len(numbers))
	for i, n := range numbers {
		raw[i] = byte(n)
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}
