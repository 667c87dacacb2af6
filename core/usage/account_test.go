package usage

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lists are what /proc/lve/list has in versions of CloudLinux's kernel module; see parseLVE.
var lists = map[string]string{
	"10": "10:LVE	lCPU	lCPUW	nCPU	lEP	lNPROC	lMEM	lMEMPHY	lIO	lIOPS	lNETO	lNETI	EP	CPU	MEM	IO	fMEM	fEP	MEMPHY	fMEMPHY	NPROC	fNPROC	IOPS	NETO	NETI\n" +
		"0,0		10000	100	1	40	100	0	262144	2048	100	0	0	0	0	0	0	0	0	0	0	0	0	0	0\n" +
		"0,10040	20000	100	2	30	80	0	524288	4096	2048	0	0	9	99	0	9	0	0	9	9	9	0	9	9	9\n" +
		"0,1004	20000	100	2	30	80	0	524288	4096	2048	0	0	1	59560034260019	0	75977964	0	0	52206	574	43	0	6171530	108667620	577163539\n" +
		"7,1005	20000	100	2	30	0	0	0	4096	2048	0	0	1	0	0	0	0	0	0	0	0	0	0	0	0\n",
	"8": "8:LVE	EP	lCPU	lIO	CPU	MEM	IO	lMEM	lEP	nCPU	fMEM	fEP	lMEMPHY	lCPUW	lNPROC	MEMPHY	fMEMPHY	NPROC	fNPROC	lIOPS	IOPS\n" +
		"0	0	2500	1024	0	0	0	0	20	1	0	0	262144	100	100	0	0	0	0	1024	0\n" +
		"1004	2	2500	1024	123456789	0	4096	0	20	1	0	0	262144	100	100	1000	0	5	0	1024	3\n",
}

func wantAccount(t *testing.T, a Account, ok bool, want string) {
	t.Helper()
	text, err := json.Marshal(a)
	if got := string(text); err != nil || !ok && want != "" || ok && got != want {
		t.Errorf("%v, %v, %v; want %s", got, ok, err, want)
	}
}

func TestCloudLinux(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version string
		uid     int
		want    string
	}{
		{"10", 1004, `{"source":"/proc/lve/list","evidence":"measured","memory_bytes":213835776,"memory_as":"lve","memory_limit_bytes":2147483648,` +
			`"processes":43,"process_limit":80,"cpu_seconds":59560.034260019}`},
		{"10", 1005, `{"source":"/proc/lve/list","evidence":"measured","memory_bytes":0,"memory_as":"lve","processes":0,"cpu_seconds":0}`},
		{"8", 1004, `{"source":"/proc/lve/list","evidence":"measured","memory_bytes":4096000,"memory_as":"lve","memory_limit_bytes":1073741824,` +
			`"processes":5,"process_limit":100}`},
	} {
		proc := t.TempDir()
		must(t, os.Mkdir(filepath.Join(proc, "lve"), 0o755))
		must(t, os.WriteFile(filepath.Join(proc, "lve", "list"), []byte(lists[c.version]), 0o644))
		a, ok := Host{proc, c.uid}.Account(t.Context())
		wantAccount(t, a, ok, c.want)
	}
}

func TestCloudLinuxWithoutTheAccount(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"others": lists["10"], "nothing": "", "no version": strings.TrimPrefix(lists["8"], "8:"),
		"cut": lists["10"][:len(lists["10"])/2], "cells missing": "10:LVE	NPROC	MEMPHY\n0,10	1\n", "no figure": "10:LVE	x\n0,10	1\n"} {
		if a, ok := parseLVE(text, 10); ok {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// process is what /proc has of one.
func process(t *testing.T, proc, pid, uid, rss, rollup, stat string) {
	t.Helper()
	status := "Name:	php-cgi\nUmask:	0022\nState:	S (sleeping)\nPid:	" + pid + "\nUid:	0	" + uid + "	" + uid + "	" + uid + "\nGid:	7	7	7	7\n"
	if rss != "" {
		status += "VmPeak:	  999999 kB\nVmRSS:	" + rss + " kB\nThreads:	1\n"
	}
	must(t, os.Mkdir(filepath.Join(proc, pid), 0o755))
	for name, text := range map[string]string{"status": status, "stat": pid + " " + stat, "smaps_rollup": rollup} {
		if text != "" {
			must(t, os.WriteFile(filepath.Join(proc, pid, name), []byte(text), 0o644))
		}
	}
}

const (
	stat   = "(php-cgi: (a) b) S 1 20 20 0 -1 4194304 100 0 0 0 150 50 7 7 20 0 1 0 12345 1000 200 18446744073709551615"
	rollup = "00400000-7ffc00000000 ---p 00000000 00:00 0                    [rollup]\nRss:                9000 kB\nPss:                3000 kB\nPss_Anon:           1000 kB\n"
)

func TestProcesses(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	must(t, os.Mkdir(filepath.Join(proc, "sys"), 0o755))
	must(t, os.Mkdir(filepath.Join(proc, "99"), 0o755)) // it has just ended
	file(t, 10, proc, "uptime")
	process(t, proc, "20", "1004", "9000", rollup, stat)
	process(t, proc, "21", "1004", "9000", rollup, stat)
	process(t, proc, "30", "1005", "9000", "", stat)
	process(t, proc, "31", "1006", "9000", "", stat)
	process(t, proc, "32", "1006", "5000", rollup, stat)
	process(t, proc, "33", "1006", "", "", stat)   // a zombie
	process(t, proc, "34", "1005", "7000", "", "") // it ended after its status was read
	process(t, proc, "35", "1005", "7 000", "", stat)
	for uid, want := range map[int]string{
		1004: `{"source":"/proc","evidence":"measured","memory_bytes":6144000,"memory_as":"pss","processes":2,"cpu_seconds":4}`,
		1005: `{"source":"/proc","evidence":"measured","memory_bytes":9216000,"memory_as":"rss","processes":2,"cpu_seconds":4}`,
		1006: `{"source":"/proc","evidence":"measured","memory_bytes":12288000,"memory_as":"pss or rss","processes":3,"cpu_seconds":6}`,
	} {
		a, ok := Host{proc, uid}.Account(t.Context())
		wantAccount(t, a, ok, want)
	}
}

func TestHostThatShowsNothing(t *testing.T) {
	t.Parallel()
	for _, proc := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if a, ok := (Host{proc, 1004}).Account(t.Context()); ok {
			t.Errorf("%+v", a)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if a, ok := (Host{"/proc", os.Geteuid()}).Account(ended); ok {
		t.Errorf("without time: %+v", a)
	}
}

// The test itself is a process of its account.
func TestOwnProcesses(t *testing.T) {
	t.Parallel()
	a, ok := Host{"/proc", os.Geteuid()}.processes(t.Context()) // for as long as a busy machine takes
	if !ok || a.Processes == nil || *a.Processes < 1 || a.MemoryBytes == nil || *a.MemoryBytes < 1<<20 || a.CPUSeconds == nil {
		t.Errorf("%+v, %v", a, ok)
	}
}
