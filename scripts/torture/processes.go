package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// programs lists the processes of the account whose program's path contains part; "" all of them.
func (w *world) programs(part string) (pids []int) {
	for _, pid := range processes() {
		info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != w.host.UID {
			continue
		}
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err == nil && strings.Contains(exe, part) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// apaches lists the processes of the host's Apache, the first of them being the parent of all.
func (w *world) apaches() (pids []int) {
	dir := filepath.Dir(filepath.Dir(w.host.Home))
	for _, pid := range processes() {
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.HasPrefix(string(command), "/usr/sbin/apache2") && strings.Contains(string(command), dir) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func processes() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// descriptors counts what a process has open; 0: it is gone.
func descriptors(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list)
}
