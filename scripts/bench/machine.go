package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"vpm/scripts/lab"
)

// machine is what the figures of a run hold for.
type machine struct {
	When     time.Time         `json:"when"` // the run began
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	MemoryMB int               `json:"memory_mb"`
	Kernel   string            `json:"kernel"`
	Load     string            `json:"load"` // of the last 1, 5 and 15 minutes, as the run began
	Versions map[string]string `json:"versions"`
}

// describe looks at this machine.
func describe(server *lab.MariaDB) (machine, error) {
	m := machine{When: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), CPU: "unknown", Versions: map[string]string{"Go": runtime.Version()}}
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, fmt.Errorf("cannot describe the machine: %w", err)
	}
	for line := range strings.Lines(string(cpus)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	var info syscall.Sysinfo_t
	var name syscall.Utsname
	if err := syscall.Sysinfo(&info); err != nil {
		return m, fmt.Errorf("cannot describe the machine: %w", err)
	}
	if err := syscall.Uname(&name); err != nil {
		return m, fmt.Errorf("cannot describe the machine: %w", err)
	}
	m.MemoryMB = int(uint64(info.Totalram) * uint64(info.Unit) >> 20)
	for _, c := range name.Release {
		if c != 0 {
			m.Kernel += string(rune(c))
		}
	}
	m.Load = fmt.Sprintf("%.1f, %.1f, %.1f", float64(info.Loads[0])/(1<<16), float64(info.Loads[1])/(1<<16), float64(info.Loads[2])/(1<<16))
	if m.Versions["MariaDB"], err = server.Exec("SELECT VERSION()"); err != nil {
		return m, err
	}
	for program, args := range map[string][]string{"Apache": {"/usr/sbin/apache2", "-v"}, "nginx": {"/usr/sbin/nginx", "-v"}, "PHP": {"php-cgi", "-v"}, "gcc": {"gcc", "--version"}} {
		output, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		first, _, _ := strings.Cut(string(output), "\n")
		if err != nil {
			first = "not there"
		}
		m.Versions[program] = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(first), "Server version: "), "nginx version: ")
	}
	return m, nil
}

func (m machine) lines() []string {
	return []string{
		fmt.Sprintf("%s, %d cores, %d MB, Linux %s, load %s, %s", m.CPU, m.Cores, m.MemoryMB, m.Kernel, m.Load, m.When.Format("2006-01-02 15:04 MST")),
		fmt.Sprintf("%s, %s, %s, MariaDB %s, %s, %s", m.Versions["Go"], m.Versions["Apache"], m.Versions["nginx"], m.Versions["MariaDB"], m.Versions["PHP"], m.Versions["gcc"]),
	}
}
