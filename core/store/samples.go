package store

import (
	"context"
	"time"

	"vpm/core"
)

// maxPoints bounds the history that is given at once: a chart shows no more, and a request may not fill the memory.
const maxPoints = 5000

// Samples gives the history of an instance, at most 5,000 points of it.
func (db *DB) Samples(ctx context.Context, in core.Instance, from, to time.Time, step time.Duration) ([]core.Sample, error) {
	const what = "cannot read the history"
	rows, err := db.sql.QueryContext(ctx, "SELECT "+sampleColumns+" FROM vpm_samples WHERE instance_row = ? AND at >= ? AND at < ? ORDER BY at",
		in.ID, secondsUp(from), secondsUp(to))
	if err != nil {
		return nil, db.wrap(err, what)
	}
	defer rows.Close()
	h := history{step: step, points: []core.Sample{}}
	for rows.Next() {
		var r sampleRow
		if err := rows.Scan(r.dest()...); err != nil {
			return nil, db.wrap(err, what)
		}
		if h.add(r); len(h.points) > maxPoints {
			break
		}
	}
	if err := rows.Err(); err != nil {
		return nil, db.wrap(err, what)
	}
	if h.flush(); len(h.points) > maxPoints {
		return nil, core.Errorf(core.CodeInvalid, "cannot give more than %d points of the history at once: ask for a larger step or a shorter time", maxPoints)
	}
	return h.points, nil
}

// secondsUp gives t in seconds since 1970, rounded up: a row of that second or a later one is not before t.
func secondsUp(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}

// history puts rows, oldest first, together to points.
type history struct {
	step   time.Duration
	points []core.Sample
	mean   *mean     // of the step that is being filled; nil: of none
	begin  time.Time // of that step
}

func (h *history) add(r sampleRow) {
	s := r.sample()
	if h.step <= s.Span { // stored more coarsely than asked for, or asked for as stored
		h.flush()
		h.points = append(h.points, s)
		return
	}
	begin := time.Unix(0, floor(s.At.UnixNano(), int64(h.step)))
	if h.mean != nil && !begin.Equal(h.begin) {
		h.flush()
	}
	if h.mean == nil {
		h.mean, h.begin = new(mean), begin
	}
	h.mean.add(r)
}

// flush ends the step that is being filled.
func (h *history) flush() {
	if h.mean == nil {
		return
	}
	s := h.mean.result().sample()
	s.At, s.Span = h.begin, h.step
	h.points, h.mean = append(h.points, s), nil
}

// floor is the greatest multiple of unit that is not above n.
func floor(n, unit int64) int64 {
	rest := n % unit
	if rest < 0 {
		rest += unit
	}
	return n - rest
}
