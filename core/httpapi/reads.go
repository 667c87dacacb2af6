package httpapi

import (
	"context"
	"time"

	"vpm/core"
)

// listProcess is a process as the list has it.
type listProcess struct {
	PID     core.PID       `json:"pid"`
	Status  core.RunStatus `json:"status"`
	Mode    core.Mode      `json:"mode"`
	Socket  *string        `json:"socket"`
	Healthy bool           `json:"healthy"`
}

type listed struct {
	core.Instance
	Process listProcess `json:"process"`
	seen
}

// seen is the difference between what is wanted and what was seen, and how that is known.
type seen struct {
	Wanted   core.Observed  `json:"wanted"`
	Observed core.Observed  `json:"observed"`
	Evidence evidenceAnswer `json:"evidence"`
	Drift    bool           `json:"drift"` // it was seen, and is not as wanted
}

// evidenceAnswer is how something was seen. At is null where nothing was looked at yet.
type evidenceAnswer struct {
	How  string     `json:"how"`
	At   *time.Time `json:"at"`
	Seen string     `json:"seen"`
}

func newSeen(wanted core.Observed, e core.Evidence) seen {
	s := seen{Wanted: wanted, Observed: e.Observed, Evidence: evidenceAnswer{How: e.How, Seen: e.Seen}}
	if e.At.IsZero() {
		s.Observed, s.Evidence.Seen = core.ObservedUnknown, "nobody has looked yet"
	} else {
		at := e.At.UTC().Truncate(time.Second)
		s.Evidence.At = &at
	}
	s.Drift = s.Observed != core.ObservedUnknown && s.Observed != wanted
	return s
}

// seen is that of a record now.
func (c *call) seen(r core.Record) seen {
	return newSeen(r.Wanted(c.backend.Manager.Now()), r.Gate.Evidence)
}

func (c *call) listProcess(r core.Record) listProcess {
	p := c.backend.Manager.Runtime.Process(r)
	return listProcess{p.PID, p.Status, p.Mode, p.Socket, r.Running()}
}

func (a *API) list(c *call) (any, error) {
	records, total, err := c.backend.Manager.Store.Records(c.Context(), core.Query{})
	if err != nil {
		return nil, err
	}
	instances := make([]listed, len(records))
	now := c.backend.Manager.Now()
	for i, r := range records { // the list looks at nothing: it has the last evidence
		instances[i] = listed{r.AsOf(now).Instance, c.listProcess(r.AsOf(now)), c.seen(r)}
	}
	return struct {
		Success   bool     `json:"success"`
		Instances []listed `json:"instances"`
		Total     int      `json:"total"`
	}{true, instances, total}, nil
}

// read reads the instance that the query names.
func (c *call) read(get func(context.Context, instanceID) (core.Record, error)) (core.Record, error) {
	var in instanceID
	if err := c.decodeQuery(&in); err != nil {
		return core.Record{}, err
	}
	return get(c.Context(), in)
}

// usageAnswer is what an instance uses. A figure that could not be seen is 0, as the contract has no other
// word for it, and evidence says so.
type usageAnswer struct {
	Memory       int64              `json:"memory"`
	DiskUsage    int64              `json:"disk_usage"`
	DatabaseSize int64              `json:"database_size"`
	Queries      int64              `json:"queries"`
	Mode         core.Mode          `json:"mode"`
	Evidence     core.UsageEvidence `json:"evidence"`
	MeasuredAt   time.Time          `json:"measured_at"`
}

func (c *call) usage(r core.Record) usageAnswer {
	u := r.Usage
	return usageAnswer{u.Memory, u.DiskUsage, u.DatabaseSize, u.Queries, c.backend.Manager.Runtime.Mode(), u.Evidence,
		u.MeasuredAt.UTC().Truncate(time.Second)}
}

// healthAnswer is monitorInstanceHealth of the contract.
type healthAnswer struct {
	Healthy   bool                `json:"healthy"`
	Status    core.InstanceStatus `json:"status"`
	Mode      core.Mode           `json:"mode"`
	Resources usageAnswer         `json:"resources"`
	LastCheck core.Timestamp      `json:"last_check"`
	Evidence  evidenceAnswer      `json:"evidence"`
}

func (c *call) health(r core.Record) healthAnswer {
	s := c.seen(r)
	return healthAnswer{r.Running() && !s.Drift, r.Instance.Status, c.backend.Manager.Runtime.Mode(), c.usage(r), r.ReadAt, s.Evidence}
}

func (a *API) monitor(c *call) (any, error) {
	r, err := c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Monitor(ctx, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Success   bool           `json:"success"`
		Instance  core.Instance  `json:"instance"`
		Process   core.Process   `json:"process"`
		Health    healthAnswer   `json:"health"`
		CMS       any            `json:"cms"`
		DiskUsage int64          `json:"disk_usage"`
		Resources usageAnswer    `json:"resources"`
		Timestamp core.Timestamp `json:"timestamp"`
		seen
	}{true, r.Instance, c.backend.Manager.Runtime.Process(r), c.health(r), nil, r.Usage.DiskUsage, c.usage(r), r.ReadAt, c.seen(r)}, nil
}

func (a *API) status(c *call) (any, error) {
	r, err := c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Status(ctx, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Success    bool   `json:"success"`
		InstanceID string `json:"instance_id"`
		core.Process
		seen
	}{true, r.Instance.InstanceID, c.backend.Manager.Runtime.Process(r), c.seen(r)}, nil
}

func (a *API) resources(c *call) (any, error) {
	r, err := c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Resources(ctx, in.ID, in.Fresh)
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Success    bool   `json:"success"`
		InstanceID string `json:"instance_id"`
		usageAnswer
	}{true, r.Instance.InstanceID, c.usage(r)}, nil
}

func (a *API) health(c *call) (any, error) {
	r, err := c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Monitor(ctx, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Success    bool   `json:"success"`
		InstanceID string `json:"instance_id"`
		healthAnswer
	}{true, r.Instance.InstanceID, c.health(r)}, nil
}
