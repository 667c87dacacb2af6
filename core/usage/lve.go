package usage

import (
	"math"
	"strconv"
	"strings"
)

// lvePage is the unit of memory in /proc/lve/list.
const lvePage = 4096

// parseLVE reads the row of uid in CloudLinux's /proc/lve/list, whose format is that of lve_stat_show in CloudLinux's
// kernel module kmod-lve. The first line is the version, a colon and the names of the columns, which tabs part; older
// versions name a row by the LVE, which is the uid, newer ones by "reseller,LVE". Cells can be empty. EP, NPROC and
// MEMPHY are what is used of the limits lEP, lNPROC and lMEMPHY, where 0 is no limit.
func parseLVE(text string, uid int) (Account, bool) {
	head, rows, _ := strings.Cut(text, "\n")
	version, head, ok := strings.Cut(head, ":")
	columns := strings.Split(head, "\t")
	if !ok || columns[0] != "LVE" {
		return Account{}, false
	}
	for row := range strings.Lines(rows) {
		cells := strings.Split(strings.TrimRight(row, "\n"), "\t")
		name := cells[0][strings.LastIndexByte(cells[0], ',')+1:]
		if name != strconv.Itoa(uid) || len(cells) != len(columns) {
			continue
		}
		cell := func(column string) *int64 {
			for i, c := range columns {
				if n, err := strconv.ParseInt(cells[i], 10, 64); c == column && err == nil && n >= 0 {
					return &n
				}
			}
			return nil
		}
		a := Account{Source: "/proc/lve/list", Evidence: "measured", Processes: cell("NPROC"), ProcessLimit: limit(cell("lNPROC"))}
		if a.MemoryBytes = scaled(cell("MEMPHY"), lvePage); a.MemoryBytes != nil {
			a.MemoryAs = "lve"
		}
		a.MemoryLimitBytes = limit(scaled(cell("lMEMPHY"), lvePage))
		// Only of this version it is known that it counts nanoseconds.
		if cpu := cell("CPU"); cpu != nil && version == "10" {
			seconds := float64(*cpu) / 1e9
			a.CPUSeconds = &seconds
		}
		return a, a.Processes != nil || a.MemoryBytes != nil || a.CPUSeconds != nil
	}
	return Account{}, false
}

// scaled gives n in another unit; nil where that is more than can be.
func scaled(n *int64, by int64) *int64 {
	if n == nil || *n > math.MaxInt64/by {
		return nil
	}
	*n *= by
	return n
}

func limit(n *int64) *int64 {
	if n != nil && *n == 0 {
		return nil
	}
	return n
}
