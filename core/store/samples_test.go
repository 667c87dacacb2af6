package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func pointer[T any](v T) *T { return &v }

// tick is a sample of one tick, some figures of which are known.
func tick(at time.Time, memory, probe int64) core.Sample {
	s := core.Sample{At: time.Unix(at.Unix(), 0), Ticks: 1, Healthy: 1}
	if memory > 0 {
		s.Memory, s.Queries = &memory, pointer(memory/10)
	}
	if probe > 0 {
		s.Probe, s.Healthy, s.Unhealthy = pointer(time.Duration(probe)*time.Millisecond), 0, 1
	}
	return s
}

func saveSamples(t *testing.T, db *DB, in core.Instance, samples ...core.Sample) {
	t.Helper()
	for _, s := range samples {
		must(t, db.SaveWatch(t.Context(), in, core.Watch{}, &s, nil, nil))
	}
}

// told is samples in short: hour and minute, length, ticks, healthy and unhealthy, memory, probe and its longest.
func told(samples []core.Sample) string {
	var lines []string
	for _, s := range samples {
		line := fmt.Sprintf("%s+%s %d %d/%d", s.At.UTC().Format("15:04"), s.Span, s.Ticks, s.Healthy, s.Unhealthy)
		if s.Memory != nil {
			line += fmt.Sprint(" ", *s.Memory)
		}
		if s.Probe != nil {
			line += fmt.Sprint(" ", *s.Probe)
		}
		if s.ProbeMax != nil {
			line += fmt.Sprint(" max ", *s.ProbeMax)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func minutes(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

func TestSamplesAreStored(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		in := instance(t, db, "one")
		full := core.Sample{At: time.Unix(noon.Unix(), 0), Span: core.SampleHour, Ticks: 12, Healthy: 9, Unhealthy: 2, Memory: pointer(int64(1) << 40),
			DiskUsage: pointer(int64(1) << 50), DatabaseSize: pointer(int64(0)), Queries: pointer(int64(7)),
			Probe: pointer(1500 * time.Microsecond), ProbeMax: pointer(time.Minute)}
		none := core.Sample{At: time.Unix(minutes(5).Unix(), 0), Ticks: 1}
		saveSamples(t, db, in, tick(noon, 3, 3), full, none)
		saveSamples(t, db, instance(t, db, "two"), tick(noon, 1, 1))
		got, err := db.Samples(t.Context(), in, noon, minutes(6), 0)
		if want := []core.Sample{full, none}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the history is\n%+v, %v; want\n%+v", got, err, want)
		}
		for _, c := range []struct {
			from, to time.Time
			want     int
		}{
			{noon, minutes(5), 1}, {noon, minutes(5).Add(1), 2}, {noon.Add(1), minutes(6), 1}, {time.Time{}, noon, 0}, {minutes(6), noon, 0},
		} {
			got, err := db.Samples(t.Context(), in, c.from, c.to, 0)
			if err != nil || len(got) != c.want || got == nil {
				t.Errorf("from %s to %s there are %d, %v; want %d", c.from, c.to, len(got), err, c.want)
			}
		}
	})
}

func TestSamplesArePutTogether(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		in := instance(t, db, "one")
		hour := core.Sample{At: minutes(-60), Span: core.SampleHour, Ticks: 3, Healthy: 2, Memory: pointer(int64(100)),
			Probe: pointer(2 * time.Millisecond), ProbeMax: pointer(9 * time.Millisecond)}
		saveSamples(t, db, in, hour, tick(minutes(1), 20, 0), tick(minutes(6), 41, 4), tick(minutes(11), 0, 0), tick(minutes(16), 0, 7), tick(minutes(61), 8, 0))
		for _, c := range []struct {
			step time.Duration
			want string
		}{
			{0, "11:00+1h0m0s 3 2/0 100 2ms max 9ms, 12:01+0s 1 1/0 20, 12:06+0s 1 0/1 41 4ms, 12:11+0s 1 1/0, 12:16+0s 1 0/1 7ms, 13:01+0s 1 1/0 8"},
			{10 * time.Minute, "11:00+1h0m0s 3 2/0 100 2ms max 9ms, 12:00+10m0s 2 1/1 31 4ms max 4ms, 12:10+10m0s 2 1/1 7ms max 7ms, 13:00+10m0s 1 1/0 8"},
			{time.Hour, "11:00+1h0m0s 3 2/0 100 2ms max 9ms, 12:00+1h0m0s 4 2/2 31 5.5ms max 7ms, 13:00+1h0m0s 1 1/0 8"},
			// (3×100 + 20 + 41 + 8) / 6 and (3×2 + 4 + 7) / 5
			{24 * time.Hour, "00:00+24h0m0s 8 5/2 62 3.4ms max 9ms"},
		} {
			got, err := db.Samples(t.Context(), in, minutes(-60), minutes(120), c.step)
			if err != nil || told(got) != c.want {
				t.Errorf("in steps of %s the history is\n%s, %v; want\n%s", c.step, told(got), err, c.want)
			}
		}
	})
}

// fillSamples stores a sample every so often, count of them, past the methods under test.
func fillSamples(t *testing.T, db *DB, in core.Instance, from time.Time, every time.Duration, count int) {
	t.Helper()
	for first := 0; first < count; first += 1000 {
		var rows []sampleRow
		for i := range min(1000, count-first) {
			rows = append(rows, rowOf(in.ID, tick(from.Add(time.Duration(first+i)*every), int64(10+i%7), int64(i%5))))
		}
		must(t, db.inTx(t.Context(), func(tx execer) error { return insertSamples(t.Context(), tx, rows) }))
	}
}

func TestHistoryIsBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		in := instance(t, db, "one")
		fillSamples(t, db, in, noon, time.Minute, maxPoints+1)
		ask := func(from time.Time, step time.Duration) ([]core.Sample, error) {
			return db.Samples(t.Context(), in, from, noon.AddDate(1, 0, 0), step)
		}
		for _, step := range []time.Duration{0, time.Minute} {
			_, err := ask(noon, step)
			wantCode(t, err, core.CodeInvalid)
			if got, err := ask(minutes(1), step); err != nil || len(got) != maxPoints {
				t.Errorf("there are %d points, %v; want %d", len(got), err, maxPoints)
			}
		}
		if got, err := ask(noon, time.Hour); err != nil || len(got) != 84 {
			t.Errorf("there are %d points, %v; want 84", len(got), err)
		}
	})
}
