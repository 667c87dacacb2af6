package usage

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Account is what the whole hosting account uses at the moment, vpm itself too. A figure that the host does not
// show is absent, never 0.
type Account struct {
	// Source is where the figures are from: "/proc/lve/list" or "/proc".
	Source string `json:"source"`
	// Evidence is "measured", or "partial: …" where the time did not suffice.
	Evidence string `json:"evidence"`
	// MemoryBytes is the memory in use. MemoryAs says how it is counted: "pss" (each process with its share of
	// what several have), "rss" (each with all it has), "pss or rss" (pss where the host shows it), or "lve" (as
	// CloudLinux counts against its limit, with shared memory and cache).
	MemoryBytes      *int64 `json:"memory_bytes,omitempty"`
	MemoryAs         string `json:"memory_as,omitempty"`
	MemoryLimitBytes *int64 `json:"memory_limit_bytes,omitempty"`
	Processes        *int64 `json:"processes,omitempty"`
	ProcessLimit     *int64 `json:"process_limit,omitempty"`
	// CPUSeconds is the processor time used: by the processes that live ("/proc"), or by all since CloudLinux
	// began to count ("/proc/lve/list"). The difference of two readings is a rate only for the latter.
	CPUSeconds *float64 `json:"cpu_seconds,omitempty"`
}

// Host is where the figures of an account are read.
type Host struct {
	Proc string // where proc(5) is mounted
	UID  int    // of the account
}

// accountTime is how long Account looks at processes, of which a host can have thousands.
const accountTime = 200 * time.Millisecond

// Account gives what the host shows of the account; false where it shows nothing. It prefers CloudLinux's figures,
// which are those that its limits apply to. CloudLinux's lveps prints the same figures, and would cost a process.
func (h Host) Account(ctx context.Context) (Account, bool) {
	ctx, cancel := context.WithTimeout(ctx, accountTime)
	defer cancel()
	if text, err := os.ReadFile(filepath.Join(h.Proc, "lve", "list")); err == nil {
		if a, ok := parseLVE(string(text), h.UID); ok {
			return a, true
		}
	}
	return h.processes(ctx)
}

// processes adds up the processes of the account. Where /proc hides those of others (hidepid), that is no loss.
func (h Host) processes(ctx context.Context) (Account, bool) {
	dir, err := os.Open(h.Proc)
	if err != nil {
		return Account{}, false
	}
	defer dir.Close()
	var all processes
	evidence := "measured"
	for {
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			if ctx.Err() != nil {
				evidence = "partial: the time for it was over"
				names, err = nil, ctx.Err()
				break
			}
			if _, err := strconv.Atoi(name); err == nil {
				all.add(filepath.Join(h.Proc, name), h.UID)
			}
		}
		if err != nil || len(names) == 0 {
			break
		}
	}
	if all.count == 0 {
		return Account{}, false
	}
	a := all.account()
	a.Source, a.Evidence = "/proc", evidence
	return a, true
}
