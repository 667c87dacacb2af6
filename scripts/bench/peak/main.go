// Command peak runs the program in its first argument and reports on stderr, in kB, how large it grew. It is a
// program of its own because Linux counts what the parent had at the time of the start as the child's
// (setmax_mm_hiwater_rss in fs/exec.c), so the parent must be smaller than what it measures.
package main

import (
	"os"
	"strconv"
	"syscall"
)

func main() {
	p, err := os.StartProcess(os.Args[1], os.Args[1:], &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	state, err := p.Wait()
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Stderr.WriteString(strconv.FormatInt(int64(state.SysUsage().(*syscall.Rusage).Maxrss), 10))
	os.Exit(state.ExitCode())
}
