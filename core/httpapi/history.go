package httpapi

import (
	"context"
	"time"

	"vpm/core"
)

// samplePoint is one point of a chart. Figures that were not known are null.
type samplePoint struct {
	At           time.Time          `json:"at"`
	Ticks        int                `json:"ticks"`
	Healthy      *float64           `json:"healthy"` // share of the ticks that knew, 0 to 1
	Memory       *int64             `json:"memory"`
	DiskUsage    *int64             `json:"disk_usage"`
	DatabaseSize *int64             `json:"database_size"`
	Queries      *int64             `json:"queries"`
	Probe        *core.Milliseconds `json:"probe_ms"`
	ProbeMax     *core.Milliseconds `json:"probe_max_ms"`
}

func newSamplePoint(s core.Sample) samplePoint {
	p := samplePoint{At: s.At.UTC(), Ticks: s.Ticks, Memory: s.Memory, DiskUsage: s.DiskUsage, DatabaseSize: s.DatabaseSize,
		Queries: s.Queries, Probe: (*core.Milliseconds)(s.Probe), ProbeMax: (*core.Milliseconds)(s.ProbeMax)}
	if known := s.Healthy + s.Unhealthy; known > 0 {
		share := float64(s.Healthy) / float64(known)
		p.Healthy = &share
	}
	return p
}

// historyQuery is the query of GET instances/history. Without times it is the last day; step is in seconds, and
// without it such that a chart has a few hundred points.
type historyQuery struct {
	ID   string `schema:"instance_id"`
	From string `schema:"from"`
	To   string `schema:"to"`
	Step number `schema:"step"`
}

const pointsOfAChart = 300

func (q historyQuery) span(now time.Time) (from, to time.Time, step time.Duration, err error) {
	bad := func(field string) error {
		return core.Errorf(core.CodeInvalid, "cannot use field '%s': it must be a time as 2026-11-24T10:00:00Z", field)
	}
	to = now
	if q.To != "" {
		if to, err = time.Parse(time.RFC3339, q.To); err != nil {
			return from, to, 0, bad("to")
		}
	}
	from = to.Add(-24 * time.Hour)
	if q.From != "" {
		if from, err = time.Parse(time.RFC3339, q.From); err != nil {
			return from, to, 0, bad("from")
		}
	}
	if from, to = from.UTC(), to.UTC(); from.Year() < 0 || to.Year() > 9999 { // which the answer could not tell
		return from, to, 0, core.Errorf(core.CodeInvalid, "cannot use these times: they must be within the years 0 to 9999")
	}
	if !from.Before(to) {
		return from, to, 0, core.Errorf(core.CodeInvalid, "cannot use field 'from': it must be before 'to'")
	}
	const longestStep = 366 * 24 * 3600
	if q.Step < 0 || q.Step > longestStep {
		return from, to, 0, core.Errorf(core.CodeInvalid, "cannot use field 'step': it must be a number of seconds")
	}
	step = time.Duration(q.Step) * time.Second
	if step == 0 {
		step = max(to.Sub(from)/pointsOfAChart, time.Minute).Truncate(time.Minute)
	}
	return from, to, step, nil
}

func (a *API) history(c *call) (any, error) {
	var q historyQuery
	if err := c.decodeQuery(&q); err != nil {
		return nil, err
	}
	m := c.backend.Manager
	from, to, step, err := q.span(m.Now())
	if err != nil {
		return nil, err
	}
	r, err := m.Record(c.Context(), q.ID)
	if err != nil {
		return nil, err
	}
	samples, err := m.Watch.Samples(c.Context(), r.Instance, from, to, step)
	if err != nil {
		return nil, err
	}
	points := make([]samplePoint, len(samples))
	for i, s := range samples {
		points[i] = newSamplePoint(s)
	}
	return struct {
		Success    bool          `json:"success"`
		InstanceID string        `json:"instance_id"`
		From       time.Time     `json:"from"`
		To         time.Time     `json:"to"`
		Step       int64         `json:"step"` // seconds
		Samples    []samplePoint `json:"samples"`
	}{true, r.Instance.InstanceID, from.UTC(), to.UTC(), int64(step / time.Second), points}, nil
}

// eventAnswer is one change: who, when, why, and what came of it.
type eventAnswer struct {
	ID         int64     `json:"id"`
	At         time.Time `json:"at"`
	InstanceID string    `json:"instance_id"`
	Action     string    `json:"action"`
	Actor      string    `json:"actor"`
	Address    string    `json:"address"`
	Reason     string    `json:"reason"`
	Result     string    `json:"result"`
	PID        string    `json:"pid"`
}

// events is the history. What concerns the panel itself (people, logins, tokens), and from which address somebody came, is
// for administrators.
func (a *API) events(c *call) (any, error) {
	var q struct {
		ID     string `schema:"instance_id"`
		Before number `schema:"before"`
		Limit  number `schema:"limit"`
	}
	if err := c.decodeQuery(&q); err != nil {
		return nil, err
	}
	if q.ID != "" { // an instance that was forgotten still has its history
		if err := core.CheckID(q.ID); err != nil {
			return nil, err
		}
	}
	limit := min(int(q.Limit), largestLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	events, err := c.backend.Manager.Watch.Events(c.Context(), q.ID, int64(q.Before), limit)
	if err != nil {
		return nil, err
	}
	admin := c.session.User.May(core.PermissionAll)
	out := []eventAnswer{}
	for _, e := range events {
		if !admin {
			e.Actor.Address = ""
		}
		if admin || e.InstanceID != "" {
			out = append(out, eventAnswer{e.ID, e.At.UTC(), e.InstanceID, e.Action, e.Actor.Name, e.Actor.Address, e.Reason, e.Result, e.PID})
		}
	}
	next := int64(0)
	if len(events) == limit {
		next = events[limit-1].ID
	}
	return struct {
		Success bool          `json:"success"`
		Events  []eventAnswer `json:"events"`
		Next    int64         `json:"next_before,omitempty"` // for the page after this one
	}{true, out, next}, nil
}

func (a *API) bypass(c *call) (any, error) {
	var in struct {
		ID       string `json:"instance_id" schema:"instance_id"`
		Duration string `json:"duration" schema:"duration"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	lasts := core.DefaultBypass
	if in.Duration != "" {
		var err error
		if lasts, err = time.ParseDuration(in.Duration); err != nil {
			return nil, core.Errorf(core.CodeInvalid, "cannot use field 'duration': it must be a time as 90m or 24h")
		}
	}
	link, res, err := c.backend.Manager.Bypass(c.Context(), c.actor(), in.ID, lasts)
	if err != nil {
		return nil, err
	}
	return struct {
		messageAnswer
		InstanceID string    `json:"instance_id"`
		URL        string    `json:"url,omitempty"`
		Cookie     string    `json:"cookie"`
		Until      time.Time `json:"until"`
		seen
	}{messageAnswer{true, "Link created: whoever has it sees the site as if it ran"}, res.InstanceID, link.URL,
		core.BypassParameter + "=" + link.Secret, link.Until.UTC(), newSeen(res.Wanted, res.Evidence)}, nil
}

func (a *API) mute(c *call) (any, error) {
	var in change
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	m := c.backend.Manager
	s, err := in.stop(m.Now()) // until and duration mean what they do there
	if err != nil {
		return nil, err
	}
	if err := m.Mute(c.Context(), c.actor(), in.ID, s.Until, in.Reason); err != nil {
		return nil, err
	}
	message := "Alerts are sent again"
	if !s.Until.IsZero() {
		message = "Alerts are muted"
	}
	return struct {
		messageAnswer
		InstanceID string     `json:"instance_id"`
		MutedUntil *time.Time `json:"muted_until"`
	}{messageAnswer{true, message}, in.ID, timeOrNull(s.Until)}, nil
}

// examined reads an instance with its checks.
func (c *call) examined() (core.Record, error) {
	return c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Health(ctx, in.ID, in.Fresh)
	})
}
