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
	for i, r := range records {
		instances[i] = listed{r.Instance, c.listProcess(r)}
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
	Evidence  string              `json:"evidence"`
}

func (c *call) health(r core.Record) healthAnswer {
	return healthAnswer{r.Running(), r.Instance.Status, c.backend.Manager.Runtime.Mode(), c.usage(r), r.ReadAt, "recorded state"}
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
	}{true, r.Instance, c.backend.Manager.Runtime.Process(r), c.health(r), nil, r.Usage.DiskUsage, c.usage(r), r.ReadAt}, nil
}

func (a *API) status(c *call) (any, error) {
	r, err := c.read(func(ctx context.Context, in instanceID) (core.Record, error) {
		return c.backend.Manager.Record(ctx, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Success    bool   `json:"success"`
		InstanceID string `json:"instance_id"`
		core.Process
	}{true, r.Instance.InstanceID, c.backend.Manager.Runtime.Process(r)}, nil
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
