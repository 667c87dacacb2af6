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

func (c *call) listProcess(r core.Record) (listProcess, error) {
	p, err := c.backend.Manager.Runtime.Process(c.Context(), r)
	healthy, _ := r.Healthy(c.backend.Manager.Now())
	return listProcess{p.PID, p.Status, p.Mode, p.Socket, healthy && p.Status == core.RunRunning}, err
}

// lookAll sees what runs of all instances at once.
func (c *call) lookAll() error {
	ctx, err := c.backend.Manager.Runtime.Look(c.Context())
	if err == nil {
		c.Request = c.WithContext(ctx)
	}
	return err
}

func (a *API) list(c *call) (any, error) {
	records, total, err := c.backend.Manager.Store.Records(c.Context(), core.Query{})
	if err != nil {
		return nil, err
	}
	if err := c.lookAll(); err != nil {
		return nil, err
	}
	instances := make([]listed, len(records))
	now := c.backend.Manager.Now()
	for i, r := range records { // the list looks at nothing: it has the last evidence
		r = r.AsOf(now)
		p, err := c.listProcess(r)
		if err != nil {
			return nil, err
		}
		instances[i] = listed{r.Instance, p, c.seen(r)}
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
	Memory         int64              `json:"memory"`
	DiskUsage      int64              `json:"disk_usage"`
	DatabaseSize   int64              `json:"database_size"`
	Queries        int64              `json:"queries"`
	Mode           core.Mode          `json:"mode"`
	DiskAllocated  int64              `json:"disk_allocated"` // what a quota counts, in bytes
	Files          int64              `json:"files"`          // what an inode quota counts
	DatabaseTables int64              `json:"database_tables"`
	ChangedAt      *time.Time         `json:"changed_at"` // newest change seen in the tree; null: not known
	Evidence       core.UsageEvidence `json:"evidence"`
	MeasuredAt     *time.Time         `json:"measured_at"` // null: never
}

func (c *call) usage(r core.Record) usageAnswer {
	u := r.Usage
	return usageAnswer{u.Memory, u.DiskUsage, u.DatabaseSize, u.Queries, c.backend.Manager.Runtime.Mode(), u.DiskAllocated, u.Files,
		u.DatabaseTables, timeOrNull(u.ChangedAt), u.Evidence, timeOrNull(u.MeasuredAt)}
}

// healthAnswer is monitorInstanceHealth of the contract. A stopped instance that is closed is healthy as stopped.
type healthAnswer struct {
	Healthy   bool                `json:"healthy"`
	Status    core.InstanceStatus `json:"status"`
	Mode      core.Mode           `json:"mode"`
	Resources usageAnswer         `json:"resources"`
	LastCheck core.Timestamp      `json:"last_check"`
	Evidence  evidenceAnswer      `json:"evidence"`
	// Checks are those last made; healthy follows from them where checked_at is not null, and else from the gate alone.
	Checks     []core.Check `json:"checks"`
	CheckedAt  *time.Time   `json:"checked_at"`
	MutedUntil *time.Time   `json:"muted_until"`
}

func (c *call) health(r core.Record) healthAnswer {
	healthy, known := r.Healthy(c.backend.Manager.Now())
	h := healthAnswer{Healthy: healthy, Status: r.Instance.Status, Mode: c.backend.Manager.Runtime.Mode(), Resources: c.usage(r),
		LastCheck: r.ReadAt, Evidence: c.seen(r).Evidence, Checks: []core.Check{}, MutedUntil: timeOrNull(r.Watch.MutedUntil)}
	if known {
		h.Checks, h.CheckedAt = r.Watch.Health.Checks, timeOrNull(r.Watch.Health.CheckedAt)
	}
	return h
}

// cmsAnswer is what an instance's files say it is, with the estimates that the contract puts beside it.
type cmsAnswer struct {
	Type      string `json:"type"`
	Version   string `json:"version"`
	Resources struct {
		Memory   int64    `json:"memory"`
		BootTime *float64 `json:"boot_time"` // seconds to the first byte at the last check; null: not known
		Queries  int64    `json:"queries"`
	} `json:"resources"`
}

// cms is null where it is not known.
func (c *call) cms(r core.Record) *cmsAnswer {
	if r.Usage.CMS.Type == "" {
		return nil
	}
	out := &cmsAnswer{Type: r.Usage.CMS.Type, Version: r.Usage.CMS.Version}
	out.Resources.Memory, out.Resources.Queries = r.Usage.Memory, r.Usage.Queries
	if took, ok := r.Watch.Health.FirstByte(); ok {
		seconds := took.Seconds()
		out.Resources.BootTime = &seconds
	}
	return out
}

// real is what the instance's own process uses, nil where it has none.
func (c *call) real(r core.Record) any {
	if c.backend.Real == nil {
		return nil
	}
	return c.backend.Real(c.Context(), r.Instance)
}

func (a *API) monitor(c *call) (any, error) {
	r, err := c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Monitor(ctx, in.ID)
	})
	if err != nil {
		return nil, err
	}
	p, err := c.backend.Manager.Runtime.Process(c.Context(), r)
	if err != nil {
		return nil, err
	}
	return struct {
		Success   bool           `json:"success"`
		Instance  core.Instance  `json:"instance"`
		Process   core.Process   `json:"process"`
		Health    healthAnswer   `json:"health"`
		CMS       *cmsAnswer     `json:"cms"`
		DiskUsage int64          `json:"disk_usage"`
		Resources usageAnswer    `json:"resources"`
		Timestamp core.Timestamp `json:"timestamp"`
		Real      any            `json:"real,omitempty"` // of the process alone, measured
		seen
	}{true, r.Instance, p, c.health(r), c.cms(r), r.Usage.DiskUsage, c.usage(r), r.ReadAt, c.real(r), c.seen(r)}, nil
}

func (a *API) status(c *call) (any, error) {
	reading := core.Reading(c.Context())
	r, err := c.read(func(_ context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Status(reading, in.ID)
	})
	if err != nil {
		return nil, err
	}
	p, err := c.backend.Manager.Runtime.Process(reading, r)
	if err != nil {
		return nil, err
	}
	return struct {
		Success    bool   `json:"success"`
		InstanceID string `json:"instance_id"`
		core.Process
		seen
	}{true, r.Instance.InstanceID, p, c.seen(r)}, nil
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
		// Account is measured, and is that of all sites of the account together; null where the host does not show it.
		Account any `json:"account"`
		Real    any `json:"real,omitempty"` // of the process alone, measured
	}{true, r.Instance.InstanceID, c.usage(r), c.backend.Account(c.Context()), c.real(r)}, nil
}

func (a *API) health(c *call) (any, error) {
	r, err := c.examined()
	if err != nil {
		return nil, err
	}
	return struct {
		Success    bool   `json:"success"`
		InstanceID string `json:"instance_id"`
		healthAnswer
	}{true, r.Instance.InstanceID, c.health(r)}, nil
}
