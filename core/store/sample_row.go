package store

import (
	"context"
	"math"
	"strings"
	"time"

	"vpm/core"
)

const sampleColumns = `instance_row, at, span, ticks, healthy, unhealthy, memory, disk_usage, database_size, queries, probe, probe_max`

// sampleRow is a row of vpm_samples.
type sampleRow struct {
	instance                  int64
	at, span                  int64 // seconds
	ticks, healthy, unhealthy int64
	figures                   [5]number // memory, disk usage, database size, queries; probe in microseconds
	probeMax                  number    // microseconds
}

func (r *sampleRow) dest() []any {
	f := &r.figures
	return []any{&r.instance, &r.at, &r.span, &r.ticks, &r.healthy, &r.unhealthy, &f[0], &f[1], &f[2], &f[3], &f[4], &r.probeMax}
}

func rowOf(instance int64, s core.Sample) sampleRow {
	return sampleRow{instance: instance, at: s.At.Unix(), span: int64(s.Span / time.Second),
		ticks: int64(max(s.Ticks, 1)), healthy: int64(s.Healthy), unhealthy: int64(s.Unhealthy),
		figures:  [5]number{numberOf(s.Memory, 1), numberOf(s.DiskUsage, 1), numberOf(s.DatabaseSize, 1), numberOf(s.Queries, 1), numberOf(s.Probe, time.Microsecond)},
		probeMax: numberOf(s.ProbeMax, time.Microsecond)}
}

func (r sampleRow) sample() core.Sample {
	f := r.figures
	return core.Sample{At: time.Unix(r.at, 0), Span: time.Duration(r.span) * time.Second,
		Ticks: int(r.ticks), Healthy: int(r.healthy), Unhealthy: int(r.unhealthy),
		Memory: figure[int64](f[0], 1), DiskUsage: figure[int64](f[1], 1), DatabaseSize: figure[int64](f[2], 1), Queries: figure[int64](f[3], 1),
		Probe: figure(f[4], time.Microsecond), ProbeMax: figure(r.probeMax, time.Microsecond)}
}

func numberOf[T ~int64](v *T, unit T) number {
	if v == nil {
		return number{}
	}
	return number{int64(*v / unit), true}
}

func figure[T ~int64](n number, unit T) *T {
	if !n.Valid {
		return nil
	}
	v := T(n.Int64) * unit
	return &v
}

// insertSamples stores rows, replacing those of the same instance and second.
func insertSamples(ctx context.Context, tx execer, rows []sampleRow) error {
	if len(rows) == 0 {
		return nil
	}
	var args []any
	for _, r := range rows {
		args = append(args, r.instance, r.at, r.span, r.ticks, r.healthy, r.unhealthy)
		for _, n := range append(r.figures[:], r.probeMax) {
			args = append(args, n.value())
		}
	}
	_, err := tx.ExecContext(ctx, "REPLACE INTO vpm_samples ("+sampleColumns+") VALUES (?"+strings.Repeat(", ?", 11)+")"+
		strings.Repeat(", (?"+strings.Repeat(", ?", 11)+")", len(rows)-1), args...)
	return err
}

// mean puts samples together, averaged by their ticks.
type mean struct {
	row          sampleRow
	sums, weight [5]float64 // of figures; whole numbers of bytes and ticks stay exact up to 2^53
}

func (m *mean) add(r sampleRow) {
	m.row.ticks += r.ticks
	m.row.healthy += r.healthy
	m.row.unhealthy += r.unhealthy
	for i, n := range r.figures {
		if n.Valid {
			m.sums[i] += float64(n.Int64) * float64(r.ticks)
			m.weight[i] += float64(r.ticks)
		}
	}
	longest := r.probeMax
	if !longest.Valid {
		longest = r.figures[4]
	}
	if longest.Valid && (!m.row.probeMax.Valid || longest.Int64 > m.row.probeMax.Int64) {
		m.row.probeMax = longest
	}
}

func (m *mean) result() sampleRow {
	for i, weight := range m.weight {
		if weight > 0 {
			m.row.figures[i] = number{int64(math.Round(m.sums[i] / weight)), true}
		}
	}
	return m.row
}
