package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/fault"
)

// thinned is how many instances are thinned in one transaction, an hour or a day of each: some thousand rows.
const thinned = 100

// thinning puts samples of one span together to samples of a longer one.
type thinning struct {
	from, to int64 // spans, in seconds
	before   int64 // seconds since 1970: the end of the last whole span that is past its age
}

func newThinning(from, to time.Duration, now time.Time, age time.Duration) thinning {
	unit := int64(to / time.Second)
	return thinning{int64(from / time.Second), unit, floor(now.Add(-age).Unix(), unit)}
}

// ThinSamples puts samples together that are past their age.
func (db *DB) ThinSamples(ctx context.Context, now time.Time) (gone int, err error) {
	for _, t := range []thinning{
		newThinning(0, core.SampleHour, now, core.RawSamplesFor),
		newThinning(core.SampleHour, core.SampleDay, now, core.HourlySamplesFor),
	} {
		for more := true; more; {
			var n int
			n, more, err = db.thinSome(ctx, t)
			gone += n
			if ctx.Err() != nil { // the time is up, and what is stored is whole
				return gone, nil
			}
			if err != nil {
				return gone, db.wrap(err, "cannot thin the history")
			}
		}
	}
	return gone, nil
}

// thinSome thins the oldest span of some instances.
func (db *DB) thinSome(ctx context.Context, t thinning) (gone int, more bool, err error) {
	var oldest number
	err = db.sql.QueryRowContext(ctx, `SELECT MIN(at) FROM vpm_samples WHERE span = ? AND at < ?`, t.from, t.before).Scan(&oldest)
	if err != nil || !oldest.Valid {
		return 0, false, err
	}
	begin := floor(oldest.Int64, t.to)
	instances, err := db.numbers(ctx, `SELECT DISTINCT instance_row FROM vpm_samples WHERE span = ? AND at >= ? AND at < ? LIMIT ?`,
		t.from, begin, begin+t.to, thinned)
	if err != nil || len(instances) == 0 { // another process has just done it
		return 0, err == nil, err
	}
	err = db.inTx(ctx, func(tx execer) (err error) {
		gone, err = db.replaceSpan(ctx, tx, instances, begin, t.to)
		return err
	})
	return gone, true, err
}

// replaceSpan puts all samples of instances from begin to the end of the span together to one each: late ones too, and
// those of an earlier thinning. Where a late one takes its day back to an hour, that is thinned to the day again.
func (db *DB) replaceSpan(ctx context.Context, tx execer, instances []any, begin, span int64) (gone int, err error) {
	where := " WHERE instance_row IN (?" + strings.Repeat(", ?", len(instances)-1) + ") AND at >= ? AND at < ?"
	args := append(slices.Clone(instances), begin, begin+span)
	rows, err := tx.QueryContext(ctx, "SELECT "+sampleColumns+" FROM vpm_samples"+where+" ORDER BY instance_row, at"+db.forUpdate, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var means []mean
	for rows.Next() {
		var r sampleRow
		if err := rows.Scan(r.dest()...); err != nil {
			return 0, err
		}
		if n := len(means); n == 0 || means[n-1].row.instance != r.instance {
			means = append(means, mean{row: sampleRow{instance: r.instance, at: begin, span: span}})
		}
		means[len(means)-1].add(r)
		gone++
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	fault.Point("samples read")
	if _, err := tx.ExecContext(ctx, "DELETE FROM vpm_samples"+where, args...); err != nil {
		return 0, err
	}
	fault.Point("samples deleted")
	whole := make([]sampleRow, len(means))
	for i := range means {
		whole[i] = means[i].result()
	}
	err = insertSamples(ctx, tx, whole)
	fault.Point("samples put together")
	return gone - len(whole), err
}

// numbers reads a column of integers, as parameters of another statement.
func (db *DB) numbers(ctx context.Context, query string, args ...any) ([]any, error) {
	rows, err := db.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []any
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}
