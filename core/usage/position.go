package usage

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A position is: version, the tree's identity, the sum, the links, the directories, and a CRC-32 of all that. Numbers
// are uvarints. A directory is the number of its parent among those before it (0 is the root), its name and flags, and
// where it is still to be read also its cookie. What is not written is a directory's place on the stack: those of the
// position are taken last to first.
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

// decode takes up a position. It reports false, with w changed, for one that cannot be used or is of another tree.
func (w *walk) decode(position []byte) bool {
	if len(position) < 4 || len(position) > maxPosition {
		return false
	}
	d := decoder{b: position[:len(position)-4]}
	if crc32.ChecksumIEEE(d.b) != binary.LittleEndian.Uint32(position[len(d.b):]) {
		return false
	}
	id := w.treeID()
	if d.take() != version || d.take() != id[0] || d.take() != id[1] {
		return false
	}
	w.sum = sum{bytes: int64(d.take()), allocated: int64(d.take()), files: int64(d.take()), unreadable: int64(d.take()),
		shares: math.Float64frombits(d.take()), newest: int64(d.take())}
	w.links = links{full: d.take() != 0, left: map[uint64]uint32{}}
	for n := d.take(); n > 0 && !d.bad; n-- {
		file := d.bytes(8)
		if left := d.take(); !d.bad {
			w.links.left[binary.LittleEndian.Uint64(file)] = uint32(left)
		}
	}
	w.root.refs = 0
	w.dirs(&d)
	return !d.bad && len(d.b) == 0
}

// dirs takes up the directories of a position.
func (w *walk) dirs(from *decoder) {
	var dirs []*dir
	for n := from.take(); n > 0 && !from.bad; n-- {
		d := w.root
		if dirs != nil {
			up := from.take()
			d = &dir{name: string(from.bytes(from.take())), fd: closed}
			if up == 0 || up > uint64(len(dirs)) || d.name == "" || d.name == "." || d.name == ".." || strings.ContainsAny(d.name, "/\x00") {
				from.bad = true
				return
			}
			d.parent = dirs[len(dirs)-int(up)]
			d.parent.refs++
			w.cost.Add(d.cost())
		}
		dirs = append(dirs, d)
		flags := from.take()
		if d.opened = flags&flagOpened != 0; d.opened {
			d.cookie = int64(from.take())
		}
		switch {
		case flags&flagHung != 0:
			w.sum.unreadable++
			d.refs++ // never to be dropped, which is simpler than not to have it
		case flags&flagPending != 0:
			d.refs++
			w.stack = append(w.stack, d)
		}
	}
}

type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.bad = true
		return make([]byte, 8)
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}
