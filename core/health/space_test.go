package health

import (
	"path/filepath"
	"testing"

	"vpm/core"
)

func TestSpace(t *testing.T) {
	t.Parallel()
	const mb, gb = 1e6, 1e9
	for name, c := range map[string]struct {
		v    volume
		want core.CheckResult
	}{
		"much":                           {volume{100 * gb, 50 * gb, 1e6, 5e5}, core.CheckOK},
		"6 %":                            {volume{100 * gb, 6 * gb, 0, 0}, core.CheckOK},
		"4 %":                            {volume{100 * gb, 4 * gb, 0, 0}, core.CheckWarning},
		"half a percent":                 {volume{100 * gb, gb / 2, 0, 0}, core.CheckFailed},
		"few bytes, a large share":       {volume{200 * mb, 150 * mb, 0, 0}, core.CheckWarning},
		"no bytes, a large share":        {volume{30 * mb, 19 * mb, 0, 0}, core.CheckFailed},
		"nothing":                        {volume{100 * gb, 0, 0, 0}, core.CheckFailed},
		"half a percent of a large disk": {volume{20_000 * gb, 100 * gb, 0, 0}, core.CheckOK},
		"4 % of the inodes":              {volume{100 * gb, 50 * gb, 1e6, 4e4}, core.CheckWarning},
		"half a percent of the inodes":   {volume{100 * gb, 50 * gb, 1e6, 5e3}, core.CheckFailed},
		"no inode":                       {volume{100 * gb, 50 * gb, 1e6, 0}, core.CheckFailed},
		"half a percent of many inodes":  {volume{100 * gb, 50 * gb, 1e9, 5e6}, core.CheckOK},
		"inodes are not counted":         {volume{100 * gb, 50 * gb, 0, 0}, core.CheckOK},
		"little space, no inode":         {volume{100 * gb, 4 * gb, 1e6, 0}, core.CheckFailed},
	} {
		got := DefaultSpace().judge(c.v)
		wantCheck(t, name, got, c.want, "file system")
		if _, counted := got.Details["free_inodes"]; counted != (c.v.inodes > 0) || got.Details["free_bytes"] != c.v.freeBytes {
			t.Errorf("%s: the details are %v", name, got.Details)
		}
	}
	wantCheck(t, "own limits", Space{WarnBytes: 10, FailBytes: 5}.judge(volume{bytes: 100, freeBytes: 7}), core.CheckWarning, "")
}

func TestSpaceOfDirectories(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := Subject{Dir: dir, Space: Space{WarnBytes: 1}}
	got := checkOf(t, Examine(t.Context(), s), "disk_space")
	wantCheck(t, "real", got, core.CheckOK, "")
	if free, ok := got.Details["free_bytes"].(uint64); !ok || free == 0 || free%512 != 0 {
		t.Errorf("the details are %v", got.Details)
	}
	s.Space.FailBytes = 1 << 63
	wantCheck(t, "own limits", checkOf(t, Examine(t.Context(), s), "disk_space"), core.CheckFailed, "")
	s.Dir = "/proc"
	wantCheck(t, "no size", checkOf(t, Examine(t.Context(), s), "disk_space"), core.CheckUnknown, "how large")
	s.Dir = filepath.Join(dir, "none")
	wantCheck(t, "none", checkOf(t, Examine(t.Context(), s), "disk_space"), core.CheckUnknown, "no such file")
	s.Dir = fifo(t, dir, "fifo")
	wantCheck(t, "a FIFO", checkOf(t, Examine(t.Context(), s), "disk_space"), core.CheckFailed, "")
}
