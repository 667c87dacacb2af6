package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of times in /proc/PID/stat: 100 a second on every Linux that Go runs on (USER_HZ).
const clockTick = 10 * time.Millisecond

// descendants are the processes that this one has begun, and theirs.
type descendants struct {
	cpu time.Duration // they and those of theirs that have ended have used so far
	rss map[string]float64
}

// look gives what all that is measured has used: web servers, programs and databases, and nothing of this process. rss is the
// most that one process of a name has now, in MB.
func look() (descendants, error) {
	d := descendants{rss: map[string]float64{}}
	var ended syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &ended); err != nil {
		return d, fmt.Errorf("cannot see what was used: %w", err)
	}
	d.cpu = time.Duration(ended.Utime.Nano() + ended.Stime.Nano())
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return d, err
	}
	parents, used, names := map[int]int{}, map[int]time.Duration{}, map[int]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name, in brackets, may hold anything (proc_pid_stat(5)).
		open, end := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')')
		fields := strings.Fields(string(text[end+1:]))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text[:open])))
		parents[pid], _ = strconv.Atoi(fields[1])
		names[pid] = string(text[open+1 : end])
		for _, field := range fields[11:15] { // utime, stime, cutime, cstime
			n, _ := strconv.ParseInt(field, 10, 64)
			used[pid] += time.Duration(n) * clockTick
		}
	}
	for pid := range used {
		if pid == os.Getpid() || !descends(pid, parents) {
			continue
		}
		d.cpu += used[pid]
		if mb, err := residentMB(filepath.Join("/proc", strconv.Itoa(pid))); err == nil {
			d.rss[names[pid]] = max(d.rss[names[pid]], mb)
		}
	}
	return d, nil
}

func descends(pid int, parents map[int]int) bool {
	for ; pid > 1; pid = parents[pid] {
		if parents[pid] == os.Getpid() {
			return true
		}
	}
	return false
}
