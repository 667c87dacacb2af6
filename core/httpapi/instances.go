package httpapi

import (
	"context"
	"net/http"
	"time"

	"vpm/core"
)

// instanceID is the query of every read of one instance.
type instanceID struct {
	ID    string `schema:"instance_id"`
	Fresh bool   `schema:"fresh"`
}

// change is the body of every change of one instance. What follows the reason is for stop only.
type change struct {
	ID            string `json:"instance_id" schema:"instance_id"`
	Reason        string `json:"reason" schema:"reason"`
	Until         string `json:"until" schema:"until"`       // RFC 3339
	Duration      string `json:"duration" schema:"duration"` // as 90m or 1h30m
	IncludeNested bool   `json:"include_nested" schema:"include_nested"`
	Verify        *bool  `json:"verify" schema:"verify"` // nil: yes
}

// stop gives what a stop is asked for.
func (in change) stop(now time.Time) (core.Stop, error) {
	s := core.Stop{Reason: in.Reason, IncludeNested: in.IncludeNested, Verify: in.Verify == nil || *in.Verify}
	switch {
	case in.Until != "" && in.Duration != "":
		return core.Stop{}, core.Errorf(core.CodeInvalid, "cannot use both 'until' and 'duration'")
	case in.Until != "":
		until, err := time.Parse(time.RFC3339, in.Until)
		if err != nil {
			return core.Stop{}, core.Errorf(core.CodeInvalid, "cannot use field 'until': it must be a time as 2026-11-24T10:00:00Z")
		}
		s.Until = until.Truncate(time.Second)
	case in.Duration != "":
		d, err := time.ParseDuration(in.Duration)
		if err != nil || d < time.Second || d > 366*24*time.Hour {
			return core.Stop{}, core.Errorf(core.CodeInvalid, "cannot use field 'duration': it must be a time as 90m or 1h30m, a year at most")
		}
		s.Until = now.Add(d).Truncate(time.Second)
	}
	return s, nil
}

// changed is the answer to a start, stop or restart. virtual_pid is there in virtual mode only, both PIDs only
// when something runs. spared are sites nested below a stopped one that stay open though nobody registered them.
type changed struct {
	Success    bool           `json:"success"`
	InstanceID string         `json:"instance_id"`
	VirtualPID string         `json:"virtual_pid,omitempty"`
	PID        *core.PID      `json:"pid,omitempty"`
	Status     core.RunStatus `json:"status"`
	Mode       core.Mode      `json:"mode"`
	Message    string         `json:"message"`
	Changed    bool           `json:"changed"`
	Until      *time.Time     `json:"until,omitempty"`
	Spared     []string       `json:"spared,omitempty"`
	seen
}

// The sentences of the contract, and those where nothing was to be done.
const (
	startDone    = "Instance activated successfully"
	startAlready = "Instance is already running"
	stopDone     = "Instance deactivated successfully"
	stopAlready  = "Instance is already stopped"
	restartDone  = "Instance restarted successfully"
)

type changeFunc func(ctx context.Context, by core.Actor, in change) (core.Result, error)

func (c *call) change(act changeFunc, done, already string) (any, error) {
	var in change
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	res, err := act(c.Context(), c.actor(), in)
	if err != nil {
		return nil, err
	}
	return newChanged(res, done, already), nil
}

// newChanged is the answer to a change that was made (done) or was not needed (already).
func newChanged(res core.Result, done, already string) changed {
	out := changed{Success: true, InstanceID: res.InstanceID, Status: res.Process.Status, Mode: res.Process.Mode,
		Message: done, Changed: res.Changed, Spared: res.Spared, seen: newSeen(res.Wanted, res.Evidence)}
	if until := res.Stop.Until; !until.IsZero() {
		until = until.UTC()
		out.Until = &until
	}
	if !res.Changed {
		out.Message = already
	}
	if pid := res.Process.PID; pid != (core.PID{}) {
		out.PID, out.VirtualPID = &pid, pid.Virtual
	}
	return out
}

// reasoned are changes that take a reason only.
func reasoned(act func(ctx context.Context, by core.Actor, id, reason string) (core.Result, error)) changeFunc {
	return func(ctx context.Context, by core.Actor, in change) (core.Result, error) {
		return act(ctx, by, in.ID, in.Reason)
	}
}

func (a *API) start(c *call) (any, error) {
	return c.change(reasoned(c.backend.Manager.Start), startDone, startAlready)
}

func (a *API) stop(c *call) (any, error) {
	m := c.backend.Manager
	stop := func(ctx context.Context, by core.Actor, in change) (core.Result, error) {
		s, err := in.stop(m.Now())
		if err != nil {
			return core.Result{}, err
		}
		return m.Stop(ctx, by, in.ID, s)
	}
	return c.change(stop, stopDone, stopAlready)
}

func (a *API) restart(c *call) (any, error) {
	return c.change(reasoned(c.backend.Manager.Restart), restartDone, "")
}

func (a *API) delete(c *call) (any, error) {
	var in change
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	res, err := c.backend.Manager.Delete(c.Context(), c.actor(), in.ID, in.Reason)
	if err != nil {
		return nil, err
	}
	return struct {
		messageAnswer
		InstanceID string `json:"instance_id"`
	}{messageAnswer{true, "Instance deleted successfully; its files and database are untouched"}, res.InstanceID}, nil
}

// Layout is what create is asked for besides the instance itself.
type Layout struct {
	// Wanted is whether the instance's directory is to be laid out; nil: where that is possible.
	Wanted *bool `json:"layout" schema:"layout"`
	// The database of the site, for WordPress's configuration. They are neither answered nor logged.
	DatabaseUser     string `json:"database_user" schema:"database_user"`
	DatabasePassword string `json:"database_password" schema:"database_password"`
	DatabaseHost     string `json:"database_host" schema:"database_host"`
}

// LaidOut is what became of the instance's directory.
type LaidOut struct {
	Created bool     `json:"created"` // false: it was left as it is
	Steps   []string `json:"steps"`   // what was done, in this order
	Next    string   `json:"next"`    // what people do now; "" nothing
}

func (a *API) create(c *call) (any, error) {
	var in struct {
		InstanceID       string `json:"instance_id" schema:"instance_id"`
		Name             string `json:"instance_name" schema:"instance_name"`
		CMSType          string `json:"cms_type" schema:"cms_type"`
		Domain           string `json:"domain" schema:"domain"`
		PathPrefix       string `json:"path_prefix" schema:"path_prefix"`
		DatabaseName     string `json:"database_name" schema:"database_name"`
		DatabasePrefix   string `json:"database_prefix" schema:"database_prefix"`
		MemoryLimit      string `json:"memory_limit" schema:"memory_limit"`
		MaxExecutionTime number `json:"max_execution_time" schema:"max_execution_time"`
		MaxChildren      number `json:"max_children" schema:"max_children"`
		Path             string `json:"path" schema:"path"`
		Docroot          string `json:"docroot" schema:"docroot"`
		URL              string `json:"url" schema:"url"`
		Layout
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	m := c.backend.Manager
	r, laid, err := c.backend.Create(c.Context(), c.actor(), core.NewInstance{
		InstanceID: in.InstanceID, Name: in.Name, CMSType: in.CMSType, Domain: in.Domain, PathPrefix: in.PathPrefix,
		DatabaseName: in.DatabaseName, DatabasePrefix: in.DatabasePrefix, MemoryLimit: in.MemoryLimit,
		MaxExecutionTime: int(in.MaxExecutionTime), MaxChildren: int(in.MaxChildren),
		Path: in.Path, Docroot: in.Docroot, URL: in.URL,
	}, in.Layout)
	if err != nil {
		return nil, err
	}
	process, err := m.Runtime.Process(c.Context(), r)
	if err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	type created struct {
		core.Instance
		Path    string       `json:"path"`
		Process core.Process `json:"process"`
	}
	return struct {
		messageAnswer
		Instance created `json:"instance"`
		Layout   LaidOut `json:"layout"`
	}{messageAnswer{true, "Instance created successfully"}, created{r.Instance, r.Instance.Path(m.Base), process}, laid}, nil
}

func (a *API) update(c *call) (any, error) {
	var in struct {
		ID               string  `json:"instance_id" schema:"instance_id"`
		Name             *string `json:"instance_name" schema:"instance_name"`
		Domain           *string `json:"domain" schema:"domain"`
		PathPrefix       *string `json:"path_prefix" schema:"path_prefix"`
		DatabaseName     *string `json:"database_name" schema:"database_name"`
		DatabasePrefix   *string `json:"database_prefix" schema:"database_prefix"`
		MemoryLimit      *string `json:"memory_limit" schema:"memory_limit"`
		MaxExecutionTime *number `json:"max_execution_time" schema:"max_execution_time"`
		MaxChildren      *number `json:"max_children" schema:"max_children"`
		TotalMemory      *string `json:"total_memory" schema:"total_memory"`
		CPULimit         *number `json:"cpu_limit" schema:"cpu_limit"`
		TasksLimit       *number `json:"tasks_limit" schema:"tasks_limit"`
		Path             *string `json:"path" schema:"path"`
		Docroot          *string `json:"docroot" schema:"docroot"`
		URL              *string `json:"url" schema:"url"`
		HealthPath       *string `json:"health_path" schema:"health_path"`
		HealthExpect     *string `json:"health_expect" schema:"health_expect"`
		DiskAlert        *string `json:"disk_alert" schema:"disk_alert"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	m := c.backend.Manager
	r, err := m.Update(c.Context(), c.actor(), in.ID, core.InstanceUpdate{
		Name: in.Name, Domain: in.Domain, PathPrefix: in.PathPrefix, DatabaseName: in.DatabaseName, DatabasePrefix: in.DatabasePrefix,
		MemoryLimit: in.MemoryLimit, MaxExecutionTime: (*int)(in.MaxExecutionTime), MaxChildren: (*int)(in.MaxChildren),
		TotalMemory: in.TotalMemory, CPULimit: (*int)(in.CPULimit), TasksLimit: (*int)(in.TasksLimit),
		Path: in.Path, Docroot: in.Docroot, URL: in.URL, HealthPath: in.HealthPath, HealthExpect: in.HealthExpect, DiskAlert: in.DiskAlert,
	})
	if err != nil {
		return nil, err
	}
	answer, err := c.instanceV1(m.Observed(c.Context(), r))
	if err != nil {
		return nil, err
	}
	return struct {
		messageAnswer
		Instance instanceV1 `json:"instance"`
	}{messageAnswer{true, "Instance changed"}, answer}, nil
}
