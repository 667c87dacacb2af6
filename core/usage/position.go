package usage

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
)

// A position is: version, the tree's identity, the sum, the links, the directories, and a CRC-32 of all that. Numbers
// are uvarints. The first directory is the root. A directory is how far before it its parent stands and its name, which
// the root has not, then flags, and the cookie where it was read in part. Its place on the stack is not kept: the next
// pass takes the last first.
const (
	// version of the format. The size of a word belongs to it: to a 32-bit program ext4 numbers entries otherwise.
	version = 1<<8 | strconv.IntSize
	// maxPosition is the most a position takes: what dirs may cost, a directory beyond that for each worker,
	// links, and the rest.
	maxPosition = hardRoom + 4*(255+16) + maxLinks*13 + 200
)

const (
	flagPending = 1 << iota // still to be read
	flagOpened
	flagHung
)

// treeID is the identity of the tree: the root, and what is skipped in it in any order.
func (w *walk) treeID() [2]uint64 {
	var skipped uint64
	for id := range w.skip {
		skipped += fileID(id[0], id[1])
	}
	return [2]uint64{fileID(w.rootID[0], w.rootID[1]), skipped}
}

func (w *walk) encode() []byte {
	var e encoder
	e.put(version)
	id := w.treeID()
	e.put(id[0], id[1])
	s := &w.sum
	e.put(uint64(s.bytes), uint64(s.allocated), uint64(s.files), uint64(s.unreadable), math.Float64bits(s.shares), uint64(s.newest))
	full := uint64(0)
	if w.links.full {
		full = 1
	}
	e.put(full, uint64(len(w.links.left)))
	for file, left := range w.links.left {
		e.b = binary.LittleEndian.AppendUint64(e.b, file)
		e.put(uint64(left))
	}
	e.dirs(w.root, w.stack)
	return binary.LittleEndian.AppendUint32(e.b, crc32.ChecksumIEEE(e.b))
}

type encoder struct{ b []byte }

func (e *encoder) put(numbers ...uint64) {
	for _, n := range numbers {
		e.b = binary.AppendUvarint(e.b, n)
	}
}

// dirs writes what is pending, and before each the directories it lies in.
func (e *encoder) dirs(root *dir, pending []*dir) {
	number := map[*dir]int{root: 0}
	order := []*dir{root}
	state := map[*dir]uint64{}
	for _, d := range pending {
		state[d] = flagPending
		var way []*dir
		for _, ok := number[d]; !ok; _, ok = number[d] {
			way = append(way, d)
			d = d.parent
		}
		for _, d := range slices.Backward(way) {
			number[d] = len(order)
			order = append(order, d)
		}
	}
	e.put(uint64(len(order)))
	for i, d := range order {
		if d != root {
			e.put(uint64(i-number[d.parent]), uint64(len(d.name)))
			e.b = append(e.b, d.name...)
		}
		flags := state[d]
		switch {
		case d.hung: // and all else of it may still change
			flags |= flagHung
		case flags != 0 && d.opened:
			flags |= flagOpened
		}
		e.put(flags)
		if flags&flagOpened != 0 {
			e.put(uint64(d.cookie))
		}
	}
}
