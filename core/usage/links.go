package usage

// maxLinks is how many files with several names are told apart.
const maxLinks = 2000

// links are the files of which some names were seen and some not. Once there were too many of them at a time, new ones
// are no longer told apart: each of their names counts for its share of the file, which comes to the same when
// all names are in the tree, but for rounding down.
type links struct {
	left map[uint64]uint32 // how many names are still to be seen, by file
	full bool
}

// first tells whether this is the first name that is seen of a file, and whether that is known.
func (l *links) first(id uint64, names uint32) (first, known bool) {
	if left, ok := l.left[id]; ok {
		if left--; left == 0 {
			delete(l.left, id)
		} else {
			l.left[id] = left
		}
		return false, true
	}
	if l.full = l.full || len(l.left) >= maxLinks; l.full {
		return false, false
	}
	if l.left == nil {
		l.left = map[uint64]uint32{}
	}
	l.left[id] = names - 1
	return true, true
}

// fileID is a number for a file. It mixes device and inode (the finalizer of MurmurHash3 does), so that two files
// of a tree having the same one is as unlikely as two 64-bit random numbers being equal.
func fileID(dev, ino uint64) uint64 {
	return mixed(mixed(dev) + ino)
}

func mixed(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return x
}
