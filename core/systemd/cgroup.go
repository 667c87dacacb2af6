package systemd

import (
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Cgroups reads what the kernel accounts to a unit, under cgroup v2 and v1. In a hybrid layout the controllers are v1's.
type Cgroups struct {
	Root string // where they are mounted: /sys/fs/cgroup
	Proc string // /proc
}

// Resources is what a unit uses, and may. Memory is that of its cgroup, with the page cache of files it has read.
type Resources struct {
	Memory, MemoryPeak, MemoryLimit Figure // bytes
	CPU                             Figure // microseconds, since the unit was started
	CPULimit                        Figure // percent of one processor
	Tasks, TasksLimit               Figure // processes and threads
	OOMKills                        Figure // processes that were killed for want of memory
	At                              time.Time
}

// CPUShare is how much of one processor was used between two readings, in percent; ok is false where the readings do not
// tell: one has no figure, or the unit was started between them.
func CPUShare(before, after Resources) (percent float64, ok bool) {
	passed, used := after.At.Sub(before.At), after.CPU.Value-before.CPU.Value
	if !before.CPU.Known || !after.CPU.Known || passed <= 0 || used < 0 {
		return 0, false
	}
	return 100 * float64(used) / float64(passed.Microseconds()), true
}

// Read reads the figures of a control group, as Detail.ControlGroup has it. What is not there is unavailable.
func (c Cgroups) Read(group string) Resources {
	if group == "" { // which would be the whole machine
		return Resources{At: time.Now()}
	}
	group = path.Clean("/" + group)
	var r Resources
	if c.unified() {
		r = parseV2(func(file string) string { return readSmall(filepath.Join(c.Root, group, file)) })
	} else {
		r = parseV1(func(controller, file string) string {
			return readSmall(filepath.Join(c.Root, controller, group, file))
		})
	}
	r.At = time.Now()
	return r
}

// unified tells whether cgroup v2 is what is mounted.
func (c Cgroups) unified() bool {
	_, err := os.Stat(filepath.Join(c.Root, "cgroup.controllers"))
	return err == nil
}

// parseV2 reads the files of cgroup v2, see the kernel's admin-guide/cgroup-v2.rst. memory.peak is there since Linux 5.19.
func parseV2(file func(name string) string) Resources {
	r := Resources{
		Memory: fileFigure(file("memory.current")), MemoryPeak: fileFigure(file("memory.peak")), MemoryLimit: fileFigure(file("memory.max")),
		CPU:   keyFigure(file("cpu.stat"), "usage_usec"),
		Tasks: fileFigure(file("pids.current")), TasksLimit: fileFigure(file("pids.max")),
		OOMKills: keyFigure(file("memory.events"), "oom_kill"),
	}
	if quota, period, ok := strings.Cut(file("cpu.max"), " "); ok {
		r.CPULimit = percentOf(quota, period)
	}
	return r
}

// parseV1 reads the files of cgroup v1, see the kernel's admin-guide/cgroup-v1. A limit there has no word of its own for
// "none", but a number.
func parseV1(file func(controller, name string) string) Resources {
	r := Resources{
		Memory:      fileFigure(file("memory", "memory.usage_in_bytes")),
		MemoryPeak:  fileFigure(file("memory", "memory.max_usage_in_bytes")),
		MemoryLimit: fileFigure(file("memory", "memory.limit_in_bytes")),
		CPU:         fileFigure(file("cpuacct", "cpuacct.usage")),
		CPULimit:    percentOf(file("cpu", "cpu.cfs_quota_us"), file("cpu", "cpu.cfs_period_us")),
		Tasks:       fileFigure(file("pids", "pids.current")), TasksLimit: fileFigure(file("pids", "pids.max")),
		OOMKills: keyFigure(file("memory", "memory.oom_control"), "oom_kill"),
	}
	r.CPU.Value /= 1000 // nanoseconds
	if !r.CPU.Known {   // systemd does not use cpuacct where it is mounted apart from cpu; a hybrid layout has v2's file
		r.CPU = keyFigure(file("unified", "cpu.stat"), "usage_usec")
	}
	return r
}

// percentOf is the share of one processor that a quota of a period is. "max" and -1 are no limit.
func percentOf(quota, period string) Figure {
	quota = strings.TrimSpace(quota)
	if quota == "max" || quota == "-1" {
		return Figure{Unlimited: true}
	}
	q, p := fileFigure(quota), fileFigure(period)
	if !q.Known || !p.Known || p.Value == 0 || q.Value > math.MaxInt64/100 {
		return Figure{}
	}
	return known(q.Value * 100 / p.Value)
}

// keyFigure finds "key number" among lines of that form.
func keyFigure(text, key string) Figure {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, " "); ok && name == key {
			return fileFigure(value)
		}
	}
	return Figure{}
}

// MainPID finds the master among the processes of a control group: the one that is no child of another. It is cheaper
// than asking systemd for each unit where there are many. ok is false where there is not exactly one.
func (c Cgroups) MainPID(group string) (pid int, ok bool) {
	if group == "" {
		return 0, false
	}
	hierarchy := ""
	if !c.unified() {
		hierarchy = "systemd"
	}
	pids := strings.Fields(readSmall(filepath.Join(c.Root, hierarchy, path.Clean("/"+group), "cgroup.procs")))
	inside := make(map[string]bool, len(pids))
	for _, p := range pids {
		inside[p] = true
	}
	for _, p := range pids {
		parent := parentOf(readSmall(filepath.Join(c.Proc, p, "stat")))
		if parent == "" || inside[parent] {
			continue
		}
		if pid != 0 {
			return 0, false
		}
		pid, _ = strconv.Atoi(p) // a number, or /proc would not have it
	}
	return pid, pid != 0
}

// parentOf reads the parent's PID from /proc/PID/stat, where the name before it may hold anything, brackets too.
func parentOf(stat string) string {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return ""
	}
	return fields[1]
}

// readSmall reads a file of the kernel's, "" where it cannot be read.
func readSmall(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil { // memory.current of a group that is just being removed
		return ""
	}
	return string(data)
}
