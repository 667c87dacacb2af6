package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"vpm/core"
)

// stored reads the whole history of an instance.
func stored(t *testing.T, db *DB, in core.Instance) []core.Sample {
	t.Helper()
	samples, err := db.Samples(t.Context(), in, time.Time{}, noon.AddDate(10, 0, 0), 0)
	must(t, err)
	return samples
}

func wantStored(t *testing.T, db *DB, in core.Instance, want string) {
	t.Helper()
	if got := told(stored(t, db, in)); got != want {
		t.Errorf("stored is\n%s; want\n%s", got, want)
	}
}

func thin(t *testing.T, db *DB, now time.Time, want int) {
	t.Helper()
	if gone, err := db.ThinSamples(t.Context(), now); err != nil || gone != want {
		t.Errorf("%d rows went, %v; want %d", gone, err, want)
	}
}

func TestSamplesAreThinned(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		create(t, db, "two")
		in, other := instance(t, db, "one"), instance(t, db, "two")
		saveSamples(t, db, in, tick(noon, 20, 0), tick(minutes(5), 41, 4), tick(minutes(59), 0, 7), tick(minutes(60), 8, 0), tick(minutes(61), 9, 0))
		saveSamples(t, db, other, tick(minutes(2), 5, 0))
		thin(t, db, noon.Add(core.RawSamplesFor), 0)
		thin(t, db, minutes(59).Add(core.RawSamplesFor), 0) // the hour is not past its age as a whole
		thin(t, db, minutes(60).Add(core.RawSamplesFor), 2)
		const hour = "12:00+1h0m0s 3 1/2 31 5.5ms max 7ms"
		wantStored(t, db, in, hour+", 13:00+0s 1 1/0 8, 13:01+0s 1 1/0 9")
		wantStored(t, db, other, "12:00+1h0m0s 1 1/0 5")
		thin(t, db, minutes(60).Add(core.RawSamplesFor), 0)

		saveSamples(t, db, in, tick(minutes(30), 90, 3)) // by a clock that went wrong: it counts, and nothing twice
		thin(t, db, minutes(119).Add(core.RawSamplesFor), 1)
		wantStored(t, db, in, "12:00+1h0m0s 4 1/3 46 4.875ms max 7ms, 13:00+0s 1 1/0 8, 13:01+0s 1 1/0 9")
		thin(t, db, minutes(120).Add(core.RawSamplesFor), 1)
		thin(t, db, noon.Add(core.HourlySamplesFor), 0)
		midnight := minutes(12 * 60)
		thin(t, db, midnight.Add(core.HourlySamplesFor), 1)
		const day = "00:00+24h0m0s 6 3/3 34 4.875ms max 7ms" // (4×46 + 8 + 9) / 6
		wantStored(t, db, in, day)
		saveSamples(t, db, in, tick(minutes(-12*60+1), 33, 0)) // in the hour that begins with the day
		thin(t, db, midnight.Add(core.HourlySamplesFor), 1)
		wantStored(t, db, in, "00:00+24h0m0s 7 4/3 34 4.875ms max 7ms")
	})
}

// TestThinningOfMany takes several transactions, in several processes at once, and ends when its time does.
func TestThinningOfMany(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		const n, rows = thinned + 20, 30 // from noon to half past two
		db := ready(t, o)
		for i := range n {
			fillSamples(t, db, core.Instance{ID: int64(i + 1)}, noon, 5*time.Minute, rows)
		}
		now := noon.AddDate(0, 0, 30)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if gone, err := db.ThinSamples(over, now); gone != 0 || err != nil {
			t.Errorf("without any time left %d rows went, %v", gone, err)
		}
		gone := make(chan int)
		for range 3 {
			own := open(t, o)
			go func() {
				n, err := own.ThinSamples(t.Context(), now)
				if err != nil {
					t.Error(err)
				}
				gone <- n
			}()
		}
		if total := <-gone + <-gone + <-gone; total != n*(rows-3) {
			t.Errorf("%d rows went; want %d", total, n*(rows-3))
		}
		wantValue(t, db, fmt.Sprint(3*n), `SELECT COUNT(*) FROM vpm_samples WHERE span = 3600`)
		wantValue(t, db, fmt.Sprint(rows*n), `SELECT SUM(ticks) FROM vpm_samples`)
		wantValue(t, db, "3 3", concat(db, "MIN(samples)", "MAX(samples)")+` FROM (SELECT COUNT(*) AS samples FROM vpm_samples GROUP BY instance_row) s`)
	})
}

// TestThinnedByAnotherProcess: what another has put together meanwhile stays as it is.
func TestThinnedByAnotherProcess(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		create(t, db, "one")
		in := instance(t, db, "one")
		must(t, db.inTx(t.Context(), func(tx execer) error {
			gone, err := db.replaceSpan(t.Context(), tx, []any{in.ID}, 0, 3600)
			if gone != 0 {
				t.Errorf("of no samples %d are gone", gone)
			}
			return err
		}))
	})
}

func TestFloor(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int64{0: 0, 59: 0, 60: 60, 61: 60, -1: -60, -60: -60, -61: -120} {
		if got := floor(n, 60); got != want {
			t.Errorf("the minute of %d begins at %d; want %d", n, got, want)
		}
	}
}
