package cli

import (
	"time"

	"github.com/dustin/go-humanize"
)

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// moment is a time here, "" for none.
func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

// localMoment is a time of the API as here; what is no such time stays.
func localMoment(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return moment(&t)
}

// size is a number of bytes.
func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// sizeOrNot is a number of bytes that may not be known.
func sizeOrNot(n *int64) string {
	if n == nil {
		return "-"
	}
	return size(*n)
}
