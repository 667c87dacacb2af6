package usage

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processes is the sum over the processes of an account.
type processes struct {
	count, memory, ticks int64
	pss, rss             bool // memory has figures of the one kind, of the other
}

// ticksPerSecond is the unit of times in /proc/pid/stat: USER_HZ, which is 100 on the platforms of vpm.
const ticksPerSecond = 100

func (p *processes) account() Account {
	cpu := float64(p.ticks) / ticksPerSecond
	a := Account{Processes: &p.count, CPUSeconds: &cpu}
	if p.pss || p.rss {
		a.MemoryBytes, a.MemoryAs = &p.memory, "rss"
	}
	if p.pss {
		a.MemoryAs = "pss"
	}
	if p.pss && p.rss {
		a.MemoryAs = "pss or rss"
	}
	return a
}

// add adds the process whose directory is dir if it is one of uid. The owner of the directory does not say so: that
// is root where a process changed its user itself, as the workers of PHP-FPM do.
func (p *processes) add(dir string, uid int) {
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(dir, name)) // the process may end at any time
		return string(text)
	}
	effective, rss, ok := parseStatus(read("status"))
	if !ok || effective != uid {
		return
	}
	ticks, ok := parseStat(read("stat"))
	if !ok {
		return
	}
	p.count++
	p.ticks += ticks
	if pss, ok := parseRollup(read("smaps_rollup")); ok {
		p.memory += pss
		p.pss = true
	} else if rss > 0 {
		p.memory += rss
		p.rss = true
	}
}

// parseStatus reads the effective user and the resident memory, in bytes, from /proc/pid/status; see proc_pid_status(5).
// A process that has ended but was not waited for has no memory.
func parseStatus(text string) (uid int, rss int64, ok bool) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch fields := strings.Fields(value); {
		case name == "Uid" && len(fields) == 4:
			n, err := strconv.Atoi(fields[1])
			uid, ok = n, err == nil && n >= 0
		case name == "VmRSS":
			rss, _ = kilobytes(fields)
		}
	}
	return uid, rss, ok
}

// parseStat reads the processor time, in ticks, from /proc/pid/stat; see proc_pid_stat(5). The name of the program,
// in parentheses, can hold anything, parentheses too.
func parseStat(text string) (ticks int64, ok bool) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, false
	}
	user, err := strconv.ParseUint(fields[11], 10, 62) // the 14th of all
	system, err2 := strconv.ParseUint(fields[12], 10, 62)
	return int64(user + system), err == nil && err2 == nil
}

// parseRollup reads the proportional set size, in bytes, from /proc/pid/smaps_rollup; see proc_pid_smaps(5).
func parseRollup(text string) (pss int64, ok bool) {
	for line := range strings.Lines(text) {
		if name, value, _ := strings.Cut(line, ":"); name == "Pss" {
			return kilobytes(strings.Fields(value))
		}
	}
	return 0, false
}

// kilobytes reads a number and its unit.
func kilobytes(fields []string) (bytes int64, ok bool) {
	if len(fields) != 2 || fields[1] != "kB" {
		return 0, false
	}
	n, err := strconv.ParseUint(fields[0], 10, 53)
	if err != nil {
		return 0, false
	}
	return int64(n) << 10, true
}
