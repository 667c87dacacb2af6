package move

import (
	"context"
	"encoding/json"

	"vpm/core"
	"vpm/core/provision"
)

// The limits of an instance that says nothing of its own, as in vpm-php@.service.
const (
	usualMemory = 256 << 20
	usualTasks  = 64
	usualCPU    = 100
)

// settings are what an instance's PHP is to be like, and what all its processes may use together: by its config, within
// what real mode can do. Without a word about the memory of all it is twice that of one PHP request.
func settings(in core.Instance) (provision.PHP, provision.Limits) {
	var c struct {
		MemoryLimit      string `json:"memory_limit"`
		TotalMemory      string `json:"total_memory"`
		MaxExecutionTime int64  `json:"max_execution_time"`
		MaxChildren      int64  `json:"max_children"`
		CPULimit         int64  `json:"cpu_limit"`
		TasksLimit       int64  `json:"tasks_limit"`
	}
	if in.Config != nil {
		// What holds something else sets nothing; the usual values follow.
		_ = json.Unmarshal([]byte(*in.Config), &c)
	}
	size := func(text string, usual int64) int64 {
		if n, err := core.ParseSize(text); err == nil {
			return n
		}
		return usual
	}
	php := provision.PHP{Manager: "ondemand", MemoryLimit: within(size(c.MemoryLimit, 0), usualMemory, 16<<20, 4<<30),
		MaxChildren: within(c.MaxChildren, 5, 1, 200), MaxExecutionTime: within(c.MaxExecutionTime, 60, 1, 3600)}
	return php, provision.Limits{Memory: within(size(c.TotalMemory, 0), 2*php.MemoryLimit, 32<<20, 1<<40),
		CPU: within(c.CPULimit, usualCPU, 1, 12800), Tasks: within(c.TasksLimit, usualTasks, 4, 4096)}
}

// within is n, or the usual value where that is 0, and at least and at most what is possible.
func within(n, usual, least, most int64) int64 {
	if n == 0 {
		n = usual
	}
	return min(max(n, least), most)
}

// Limit has what an instance's config says of its limits count, without a restart: the kernel's at once, those of PHP from
// the next request on. Where they count already it does nothing. It is for systemd.Runtime.
func Limit(ctx context.Context, client provision.Client, slug string, in core.Instance) error {
	php, limits := settings(in)
	if client.Limited(slug, php, limits) {
		return nil
	}
	_, err := client.Do(ctx, slug, provision.Request{Operation: provision.Limit, Instance: in.InstanceID, PHP: php, Limits: limits})
	return err
}
