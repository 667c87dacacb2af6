package systemd

import (
	"context"
	"encoding/json"
	"time"

	"vpm/core"
)

// Figures is what an instance's processes use, measured: by the kernel of their control group, by PHP-FPM of its workers.
type Figures struct {
	Memory      Figure `json:"memory"` // bytes, with the page cache that is charged to them
	MemoryPeak  Figure `json:"memory_peak"`
	MemoryLimit Figure `json:"memory_limit"`
	CPU         Figure `json:"cpu_usec"`  // since the start
	CPULimit    Figure `json:"cpu_limit"` // percent of one processor
	Tasks       Figure `json:"tasks"`
	TasksLimit  Figure `json:"tasks_limit"`
	OOMKills    Figure `json:"oom_kills"`
	// Queries counts the statements in the instance's database, and QueriesFrom says which, or why that is not known.
	Queries     Figure `json:"queries"`
	QueriesFrom string `json:"queries_from"`
	// Restarts counts the starts after an end that nobody asked for, since the instance was given its process.
	Restarts int64     `json:"restarts"`
	Workers  *Workers  `json:"workers"` // nil while PHP-FPM does not answer
	At       time.Time `json:"at"`
}

// Workers is what PHP-FPM says of its workers.
type Workers struct {
	Active             int64 `json:"active"`
	Idle               int64 `json:"idle"`
	Queue              int64 `json:"queue"`                // requests that wait for one
	MaxChildrenReached int64 `json:"max_children_reached"` // how often one had to wait as pm.max_children ran
	Accepted           int64 `json:"accepted"`             // requests since the start
}

// statusWait is how long PHP-FPM may take to tell its status: pages ask every few seconds.
const statusWait = 300 * time.Millisecond

// Figures measures what an instance's processes use now.
func (rt *Runtime) Figures(ctx context.Context, in core.Instance) (Figures, error) {
	slug, err := rt.Slug(ctx, in)
	if err != nil {
		return Figures{}, err
	}
	d, err := rt.Units.Detail(ctx, slug)
	if err != nil {
		return Figures{}, err
	}
	text, err := rt.Memory.Load(ctx, in)
	if err != nil {
		return Figures{}, err
	}
	var c Crashes
	if text != "" {
		_ = json.Unmarshal([]byte(text), &c) // see Due
	}
	r := rt.Cgroups.Read(d.ControlGroup)
	f := Figures{Memory: r.Memory, MemoryPeak: r.MemoryPeak, MemoryLimit: r.MemoryLimit, CPU: r.CPU, CPULimit: r.CPULimit, Tasks: r.Tasks,
		TasksLimit: r.TasksLimit, OOMKills: r.OOMKills, Restarts: c.count(d).Total, At: r.At.UTC().Truncate(time.Second)}
	f.QueriesFrom = "unavailable: nobody counts them here"
	if rt.Queries != nil {
		ctx, cancel := context.WithTimeout(ctx, statusWait)
		defer cancel()
		n, from, err := rt.Queries(ctx, in.DatabaseName)
		if f.Queries, f.QueriesFrom = known(n), "measured: "+from; err != nil {
			f.Queries, f.QueriesFrom = Figure{}, "unavailable: "+message(err)
		}
	}
	if d.up() {
		ctx, cancel := context.WithTimeout(ctx, statusWait)
		defer cancel()
		if s, err := Status(ctx, rt.StatusSocket(slug)); err == nil {
			f.Workers = &Workers{s.Active, s.Idle, s.Queue, s.MaxChildrenReached, s.Accepted}
		}
	}
	return f, nil
}
