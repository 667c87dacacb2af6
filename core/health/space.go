package health

import (
	"context"
	"fmt"
	"syscall"

	"vpm/core"
)

// Space is how much must be free in the file system of an instance. A share counts only where less than Plenty is
// free: one in a hundred of a large disk is still a lot.
type Space struct {
	WarnPercent, FailPercent float64 // below this share of the bytes, and of the inodes
	WarnBytes, FailBytes     uint64  // and below so many bytes
	PlentyBytes              uint64
	PlentyInodes             uint64
}

// DefaultSpace warns below 5 % or 200 MB and fails below 1 % or 20 MB; 20 GB and a million inodes are plenty.
func DefaultSpace() Space {
	return Space{5, 1, 200e6, 20e6, 20e9, 1e6}
}

// volume is what statfs says of a file system.
type volume struct {
	bytes, freeBytes   uint64 // free for those who are not root
	inodes, freeInodes uint64 // 0 where it does not count them
}

func (x *examination) diskSpace(context.Context) core.Check {
	var st syscall.Statfs_t
	err := syscall.Statfs(x.Dir, &st)
	for err == syscall.EINTR { // by the signals that the runtime sends itself
		err = syscall.Statfs(x.Dir, &st)
	}
	if err != nil {
		return found(core.CheckUnknown, "The free space could not be seen: %s.", cause(err))
	}
	return x.Space.judge(volumeOf(&st))
}

func (s Space) judge(v volume) core.Check {
	if v.bytes == 0 {
		return found(core.CheckUnknown, "The file system does not say how large it is.")
	}
	details := map[string]any{"free_bytes": v.freeBytes, "free_percent": percent(v.freeBytes, v.bytes)}
	free := fmt.Sprintf("%d MB (%.1f %%)", v.freeBytes/1e6, percent(v.freeBytes, v.bytes))
	low := func(share float64, atLeast uint64) bool {
		return v.freeBytes < atLeast || v.freeBytes < s.PlentyBytes && percent(v.freeBytes, v.bytes) < share
	}
	lowInodes := func(float64) bool { return false }
	if v.inodes > 0 {
		details["free_inodes"], details["free_inodes_percent"] = v.freeInodes, percent(v.freeInodes, v.inodes)
		free += fmt.Sprintf(" and %d inodes (%.1f %%)", v.freeInodes, percent(v.freeInodes, v.inodes))
		lowInodes = func(share float64) bool {
			return v.freeInodes < s.PlentyInodes && percent(v.freeInodes, v.inodes) < share
		}
	}
	result, advice := core.CheckOK, "On a shared host this is the disk of all; a quota of the account does not show here."
	switch {
	case low(s.FailPercent, s.FailBytes) || lowInodes(s.FailPercent):
		result, advice = core.CheckFailed, "Delete what is not needed; on a shared host, where this is the disk of all, tell the host."
	case low(s.WarnPercent, s.WarnBytes) || lowInodes(s.WarnPercent):
		result, advice = core.CheckWarning, "That is little. On a shared host, where this is the disk of all, tell the host."
	}
	c := found(result, "Free are %s of the file system. %s", free, advice)
	c.Details = details
	return c
}

func percent(part, whole uint64) float64 { return 100 * float64(part) / float64(whole) }
