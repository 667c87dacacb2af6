package core

import (
	"context"
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

// Monitor reports an instance for pages that ask every few seconds: it measures only where there is no
// measurement at all, and then for a moment only; Resources keeps it fresh.
func (m *Manager) Monitor(ctx context.Context, id string) (Record, error) {
	r, err := m.Record(ctx, id)
	if err != nil || !r.Usage.MeasuredAt.IsZero() {
		return r, err
	}
	return m.measure(ctx, r, 300*time.Millisecond)
}

func (m *Manager) measure(ctx context.Context, r Record, budget time.Duration) (Record, error) {
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	r.Usage = m.Measure(limited, r.Instance)
	r.Usage.MeasuredAt = m.Now()
	return r, m.Store.SaveUsage(ctx, r.Instance.InstanceID, r.Usage)
}
