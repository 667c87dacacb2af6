//go:build faults

package fault

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// at is the number of the point at which the process dies, from FAULT_AT; 0: at none. Where FAULT_AT is set, each
// point that is passed is told on stderr.
var at, told = func() (int64, bool) {
	s, there := os.LookupEnv("FAULT_AT")
	n, _ := strconv.ParseInt(s, 10, 64)
	return n, there
}()

var passed atomic.Int64

// Point is a place between two steps on files or in the database.
func Point(name string) {
	n := passed.Add(1)
	if told {
		os.Stderr.WriteString("fault: " + name + "\n")
	}
	if n == at {
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // until it arrives
	}
}
