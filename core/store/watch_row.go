package store

import (
	"encoding/json"

	"vpm/core"
)

// watchColumns are what a list needs of vpm_watch, wholeWatchColumns the rest, with a text of any length.
const (
	watchColumns      = `, w.healthy, w.checked_at, w.wanted, w.failures, w.muted_until`
	wholeWatchColumns = `, w.seen_at, w.alarm_unhealthy, w.alarm_disk, w.alarm_drift, w.checks`
)

// watchRow scans the columns of vpm_watch, all NULL where no tick came to an instance.
type watchRow struct {
	healthy, checkedAt, failures, mutedUntil  number
	seenAt, alarmUnhealthy, alarmDisk, drifts number
	checks, wanted                            word
}

func (w *watchRow) dest() []any {
	return []any{&w.healthy, &w.checkedAt, &w.wanted, &w.failures, &w.mutedUntil}
}

func (w *watchRow) wholeDest() []any {
	return []any{&w.seenAt, &w.alarmUnhealthy, &w.alarmDisk, &w.drifts, &w.checks}
}

func (w *watchRow) watch() (core.Watch, error) {
	out := core.Watch{
		SeenAt:     w.seenAt.micros(),
		Health:     core.Health{CheckedAt: w.checkedAt.micros(), Wanted: core.Observed(w.wanted.String)},
		Failures:   int(w.failures.Int64),
		Alarms:     core.Alarms{Unhealthy: w.alarmUnhealthy.Int64 != 0, Disk: w.alarmDisk.Int64 != 0, Drift: w.drifts.Int64},
		MutedUntil: w.mutedUntil.seconds(),
	}
	if w.healthy.Valid {
		healthy := w.healthy.Int64 != 0
		out.Health.Healthy = &healthy
	}
	if !w.checks.Valid {
		return out, nil
	}
	return out, json.Unmarshal([]byte(w.checks.String), &out.Health.Checks)
}
