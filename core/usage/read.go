package usage

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where the fields of a directory entry are; see getdents64(2) and getdirentries(2).
const (
	nextAt   = int(unsafe.Offsetof(unix.Dirent{}.Off))
	lengthAt = int(unsafe.Offsetof(unix.Dirent{}.Reclen))
	typeAt   = int(unsafe.Offsetof(unix.Dirent{}.Type))
	nameAt   = int(unsafe.Offsetof(unix.Dirent{}.Name))
)

// fewBytes is the size of a read when only one directory is needed of it.
const fewBytes = 4 << 10

// read counts what is in d from d.cookie on. It tells whether it came to the end; else d.cookie says how far it came.
func (k *worker) read(d *dir, fd int) (done bool) {
	for !k.stop.Load() {
		buf := k.buf[:]
		if k.cost.Load() > softRoom {
			buf = k.buf[:fewBytes]
		}
		n, err := unix.ReadDirent(fd, buf)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil && !gone(err):
			k.sum.unreadable++
			return true
		case n <= 0 || err != nil:
			return true
		}
		if !k.entries(d, fd, buf[:n]) {
			return false
		}
		k.mu.Lock()
		if !k.over {
			k.hand()
		}
		k.unlock()
	}
	return false
}

// entries counts the entries in buf. It tells whether it came to the end of them and has room for more directories.
func (k *worker) entries(d *dir, fd int, buf []byte) (goOn bool) {
	at, known, full := d.cookie, true, false
	for len(buf) > 0 {
		entry := buf[:binary.NativeEndian.Uint16(buf[lengthAt:])]
		buf = buf[len(entry):]
		name := entry[nameAt:]
		name = name[:bytes.IndexByte(name, 0)+1]
		if !isDots(name) {
			// A file system that does not number its entries can be stopped only where buf ends.
			if (full || !k.spend()) && known {
				d.cookie = at
				return false
			}
			full = !k.entry(d, fd, name, entry[typeAt]) || full
		}
		at = int64(binary.NativeEndian.Uint64(entry[nextAt:]))
		known = at != 0
	}
	if !known {
		at, _ = unix.Seek(fd, 0, 1)
	}
	d.cookie = at
	return !full
}

// isDots recognises the directory itself and the one above it.
func isDots(name []byte) bool {
	return name[0] == '.' && (name[1] == 0 || name[1] == '.' && name[2] == 0)
}

// entry counts one entry. It tells whether there is room for more directories.
func (k *worker) entry(d *dir, fd int, name []byte, kind byte) (room bool) {
	if kind == unix.DT_DIR {
		return k.child(d, fd, name)
	}
	if err := statAt(fd, name, &k.st); err != nil {
		k.missed(d, err)
		return true
	}
	if k.st.Mode&unix.S_IFMT == unix.S_IFDIR { // the file system does not say it in the entry, or it was replaced
		return k.child(d, fd, name)
	}
	k.count(&k.st)
	return true
}

// missed counts an entry of d that cannot be looked at, unless it was removed.
func (k *worker) missed(d *dir, err error) {
	if !gone(err) && !d.spoilt {
		d.spoilt = true
		k.sum.unreadable++
	}
}

// child adds a directory in d to those that are still to be walked. It is counted when it is opened.
func (k *worker) child(d *dir, fd int, name []byte) (room bool) {
	child := &dir{parent: d, name: string(name[:len(name)-1]), refs: 1, fd: closed}
	cost := k.cost.Add(child.cost())
	if cost <= hardRoom {
		k.below = append(k.below, child)
		return cost <= softRoom
	}
	k.cost.Add(-child.cost())
	k.sum.unreadable++
	if statAt(fd, name, &k.st) == nil {
		k.count(&k.st)
	}
	return true
}

// count adds an entry.
func (k *worker) count(st *unix.Stat_t) {
	bytes, allocated := int64(0), int64(st.Blocks)*512
	kind := st.Mode & unix.S_IFMT
	if kind == unix.S_IFREG {
		bytes = st.Size
	}
	if kind == unix.S_IFREG || kind == unix.S_IFDIR {
		k.sum.newest = max(k.sum.newest, modified(st))
	}
	if kind != unix.S_IFDIR && st.Nlink > 1 {
		k.mu.Lock()
		first, known := k.links.first(fileID(uint64(st.Dev), st.Ino), uint32(st.Nlink))
		k.mu.Unlock()
		if !known {
			k.sum.bytes += bytes / int64(st.Nlink)
			k.sum.allocated += allocated / int64(st.Nlink)
			k.sum.shares += 1 / float64(st.Nlink)
			return
		}
		if !first {
			return
		}
	}
	k.sum.bytes += bytes
	k.sum.allocated += allocated
	k.sum.files++
}

// seconds from here on, the year 2242, are no modification but a mistake: they do not fit in nanoseconds.
const maxSeconds = 1 << 33

// modified is when a file was modified, in ns since 1970.
func modified(st *unix.Stat_t) int64 {
	if seconds := int64(st.Mtim.Sec); seconds >= 0 && seconds < maxSeconds {
		return seconds*1e9 + int64(st.Mtim.Nsec)
	}
	return 0
}
