package core

import (
	"context"
	"strings"
	"time"
)

// UsageMaxAge is how long a measurement is answered again before Resources measures anew.
const UsageMaxAge = 10 * time.Minute

// Resources reports what an instance uses. It measures when the last measurement is older than UsageMaxAge
// or fresh is set, and stores what it finds.
func (m *Manager) Resources(ctx context.Context, id string, fresh bool) (Record, error) {
	r, err := m.Record(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if fresh || m.Now().Sub(r.Usage.MeasuredAt) > UsageMaxAge {
		return m.measure(ctx, r, 2*time.Second)
	}
	return r, nil
}

// Monitor reports an instance for pages that ask every few seconds: it measures when the last measurement is older
// than UsageMaxAge, and then for a moment only. Resources takes longer and sees more.
func (m *Manager) Monitor(ctx context.Context, id string) (Record, error) {
	r, err := m.Status(ctx, id)
	if err != nil || m.Now().Sub(r.Usage.MeasuredAt) <= UsageMaxAge {
		return r, err
	}
	return m.measure(ctx, r, 300*time.Millisecond)
}

func (m *Manager) measure(ctx context.Context, r Record, budget time.Duration) (Record, error) {
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	u := m.Measure(limited, r.Instance)
	if old := r.Usage; strings.HasPrefix(u.Evidence.Disk, "partial") && strings.HasPrefix(old.Evidence.Disk, "measured") {
		// What was once seen whole says more than a part of it now.
		u.DiskUsage, u.Evidence.Disk = old.DiskUsage, old.Evidence.Disk
		if old.Evidence.Disk == "measured" {
			u.Evidence.Disk = "measured at " + old.MeasuredAt.UTC().Format(time.RFC3339)
		}
	}
	r.Usage = u
	r.Usage.MeasuredAt = m.Now()
	return r, m.Store.SaveUsage(ctx, r.Instance.InstanceID, r.Usage)
}
