package core

import (
	"context"
	"time"
)

// see does what is to be done about one instance.
func (p *pass) see(ctx context.Context, r Record) finding {
	m := p.Manager
	if u, is := m.Runtime.(*Unreachable); is { // who can reach it passes over it too, and would be contradicted
		if err := u.refuse(ctx, r.Instance); err != nil {
			return finding{err: err}
		}
	}
	r, attention, err := m.Attend(ctx, r)
	f := finding{attention: attention, err: err}
	switch CodeOf(err) {
	case "", CodeNotEffective: // a stop without effect is looked at like everything else
	default:
		return f
	}
	r, health, err := m.look(ctx, r)
	if ctx.Err() != nil { // what was found with no time left says nothing
		err = Errorf(CodeUnavailable, "the time of the tick was over")
	}
	if err != nil {
		f.err = err
		return f
	}
	f.unhealthy = health.Healthy != nil && !*health.Healthy
	after, alerts := p.Judge(r.Watch, r, health, attention)
	after.SeenAt, after.Health = m.Now(), health
	if len(p.Channels) == 0 { // nobody is told: who will be later is to hear then of what lasts
		alerts, after.Alarms = nil, Alarms{}
	}
	if err := m.noteSeen(ctx, r, health); err != nil {
		f.err = err
	}
	if err := m.Watch.SaveWatch(ctx, r.Instance, after, r.sample(m.Now(), health), alerts, p.Channels); err != nil {
		f.err = err
	}
	return f
}

// noteSeen stores what visitors were seen to meet, for the list, which looks at nothing itself.
func (m *Manager) noteSeen(ctx context.Context, r Record, h Health) error {
	if r.Gate.Pending() { // what is stored says why
		return nil
	}
	e := m.Runtime.Observe(ctx, r)
	for _, c := range h.Checks {
		if c.Name == CheckHTTP && c.Result == CheckOK && e.Observed == h.Wanted {
			e = Evidence{Observed: h.Wanted, How: HowProbe, Seen: c.Reason, At: h.CheckedAt}
		}
	}
	return m.Store.SaveGate(ctx, r.Instance, r.Gate.Generation, true, r.Gate.Entry, e)
}

// look measures an instance, where it is time for that, and examines it, side by side.
func (m *Manager) look(ctx context.Context, r Record) (Record, Health, error) {
	if !r.Usage.due(m.Now()) {
		return r, m.Examine(ctx, r), nil
	}
	var health Health
	var panicked any
	examined := make(chan struct{})
	go func() {
		defer close(examined)
		defer func() { panicked = recover() }()
		health = m.Examine(ctx, r)
	}()
	measured, err := m.measure(ctx, r, tickBudget)
	if <-examined; panicked != nil {
		panic(panicked)
	}
	return measured, health, err
}

// sample is what history keeps of this moment.
func (r Record) sample(now time.Time, h Health) *Sample {
	s := &Sample{At: now.Truncate(time.Second), Ticks: 1}
	if h.Healthy != nil {
		if *h.Healthy {
			s.Healthy = 1
		} else {
			s.Unhealthy = 1
		}
	}
	u := r.Usage
	known := func(value int64, evidence string) *int64 {
		if evidence == "" || len(evidence) >= 7 && evidence[:7] == "unknown" {
			return nil
		}
		return &value
	}
	s.Memory, s.DiskUsage = known(u.Memory, u.Evidence.Memory), known(u.DiskUsage, u.Evidence.Disk)
	s.DatabaseSize, s.Queries = known(u.DatabaseSize, u.Evidence.Database), known(u.Queries, u.Evidence.Queries)
	if took, ok := h.FirstByte(); ok {
		s.Probe, s.ProbeMax = &took, &took
	}
	return s
}
