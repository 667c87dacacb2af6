package usage

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"
)

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
