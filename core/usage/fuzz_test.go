package usage

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"
)

// FuzzLVE: the figures of CloudLinux's table are those of the account's own row, and none is below 0.
func FuzzLVE(f *testing.F) {
	head := "10:LVE\tEP\tlCPU\tlIO\tCPU\tMEM\tIO\tlMEM\tlEP\tnCPU\tfMEM\tfEP\tlMEMPHY\tlCPUW\tlNPROC\tMEMPHY\tfMEMPHY\tNPROC\tfNPROC\n"
	for _, row := range []string{"1000\t0\t100\t1\t2\t3\t4\t5\t20\t1\t0\t0\t262144\t100\t100\t5120\t0\t7\t0\n", "0,1000\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n",
		"1000\t0\t100\t1\t-2\t3\t4\t5\t20\t1\t0\t0\t-262144\t100\t-100\t-5120\t0\t-7\t0\n", "1000\t0\t100\t1\t2\t3\t4\t5\t20\t1\t0\t0\t9223372036854775807\t100\t100\t4503599627370496\t0\t7\t0\n", "1001\n", "1000\n"} {
		f.Add(head + row)
	}
	f.Add("4:LVE\tMEMPHY\tMEMPHY\n1000\tx\t7\n")
	f.Add("LVE\n1000")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := parseLVE(text, 1000)
		if !ok {
			if a != (Account{}) && a.Processes != nil {
				t.Errorf("%q is nothing and %+v", text, a)
			}
			return
		}
		if !strings.Contains(text, "1000\t") && !strings.HasSuffix(strings.TrimRight(text, "\n"), "1000") {
			t.Errorf("%q has no row of the account and is %+v", text, a)
		}
		for name, n := range map[string]*int64{"memory": a.MemoryBytes, "limit of memory": a.MemoryLimitBytes, "processes": a.Processes, "limit of processes": a.ProcessLimit} {
			if n != nil && *n < 0 {
				t.Errorf("%q has as %s %d", text, name, *n)
			}
		}
		if a.CPUSeconds != nil && *a.CPUSeconds < 0 {
			t.Errorf("%q has %v seconds", text, *a.CPUSeconds)
		}
		if (a.MemoryBytes == nil) != (a.MemoryAs == "") || a.MemoryLimitBytes != nil && *a.MemoryLimitBytes == 0 || a.ProcessLimit != nil && *a.ProcessLimit == 0 {
			t.Errorf("%q is %+v", text, a)
		}
	})
}

// FuzzProcess: the files of a process, whose name can be anything, give figures that are none or no less than 0.
func FuzzProcess(f *testing.F) {
	f.Add("Name:\tphp-fpm\nUid:\t0\t33\t33\t33\nVmRSS:\t  123 kB\n")
	f.Add("1 (a) b) S 1 1 1 0 -1 4194560 1 2 3 4 55 66 7 8 20 0")
	f.Add("00400000-7fff rollup\nRss:\t 1 kB\nPss:\t 100 kB\n")
	f.Add("VmRSS:\t9223372036854775807 kB\nPss: -1 kB\nUid: 1 -1 1 1")
	f.Add("1 (x) S 1 1 1 0 -1 4194560 1 2 3 4 9223372036854775807 1 0")
	f.Add(") Uid:\nUid:\t1\t2\t3")
	f.Fuzz(func(t *testing.T, text string) {
		if uid, rss, ok := parseStatus(text); rss < 0 || rss > 1<<62 || ok && uid < 0 {
			t.Errorf("%q is of %d with %d bytes", text, uid, rss)
		}
		if ticks, ok := parseStat(text); ok && ticks < 0 {
			t.Errorf("%q has %d ticks", text, ticks)
		}
		if pss, ok := parseRollup(text); ok && pss < 0 {
			t.Errorf("%q has %d bytes", text, pss)
		}
	})
}

// FuzzPosition: a position in a tree, which was kept in the database, leads to names below the root only, and one that is
// taken up can be written and taken up again.
func FuzzPosition(f *testing.F) {
	rest := func(numbers ...uint64) []byte {
		var e encoder
		e.put(append([]uint64{1, 2, 3, 0, 0, 5, 0}, numbers...)...)
		return e.b
	}
	f.Add(rest(0, 1, flagPending))
	f.Add(append(rest(0, 2, 0, 1, 1), 'a', flagPending|flagOpened, 9))
	f.Add(append(rest(0, 2, 0, 1, 2), '.', '.', flagPending))
	f.Add(append(rest(0, 2, 0, 2, 1), 'a', flagPending))
	f.Add(append(rest(0, 2, 0, 1, 1), '/', flagHung))
	f.Add(rest(1<<62, 1))
	f.Add(rest(0, 1<<62, 0))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, rest []byte) {
		begin := func() *walk {
			w := newWalk(0)
			w.root = &dir{fd: closed}
			return w
		}
		taken := func(w *walk, rest []byte) bool {
			var e encoder
			id := w.treeID()
			e.put(version, id[0], id[1])
			e.b = append(e.b, rest...)
			return w.decode(binary.LittleEndian.AppendUint32(e.b, crc32.ChecksumIEEE(e.b)))
		}
		w := begin()
		if !taken(w, rest) {
			return
		}
		for _, d := range w.stack {
			for levels := 0; d != w.root; d = d.parent {
				if levels++; levels > len(rest) || d.name == "" || d.name == ".." || strings.ContainsAny(d.name, "/\x00") {
					t.Fatalf("%q leads to %q", rest, d.name)
				}
			}
		}
		again := begin()
		if position := w.encode(); len(position) <= maxPosition && (!again.decode(position) || len(again.stack) != len(w.stack) || len(again.links.left) != len(w.links.left)) {
			t.Errorf("%q is written as %q and not taken up", rest, position)
		}
	})
}
