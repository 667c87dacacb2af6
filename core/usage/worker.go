package usage

import "golang.org/x/sys/unix"

// worker reads directories, one at a time.
type worker struct {
	*walk
	dir     *dir // that it reads; guarded by walk.mu
	held    *dir // that it keeps open: dir, or the nearest above that was open
	sum     sum  // what is not handed in yet, and
	below   []*dir
	garbage []int
	st      unix.Stat_t
	buf     [32 << 10]byte
}

func (k *worker) run() {
	for d, done := k.next(false), false; d != nil; d = k.next(done) {
		done = k.visit(d)
	}
}

// next hands in the directory the worker had, which is done or to be put back, and takes another one; nil at the end.
func (k *worker) next(done bool) *dir {
	k.mu.Lock()
	if k.dir != nil {
		k.settle(done)
	}
	for len(k.stack) == 0 && k.busy > 0 && !k.stop.Load() {
		k.waiting++
		k.wake.Wait()
		k.waiting--
	}
	if last := len(k.stack) - 1; last >= 0 && !k.stop.Load() {
		k.dir, k.stack = k.stack[last], k.stack[:last]
		k.busy++
		k.held = k.dir
		for k.held.fd == closed {
			k.held = k.held.parent
		}
		k.use(k.held)
	} else {
		k.wake.Broadcast() // what others wait for does not come
		if k.alive--; k.alive == 0 {
			close(k.ended)
		}
	}
	d := k.dir
	k.unlock()
	return d
}

// settle ends the work on the worker's directory.
func (k *worker) settle(done bool) {
	d := k.dir
	k.dir = nil
	k.busy--
	if k.over { // the directory has been given up meanwhile
		stuck.Add(-1)
		k.release(k.held)
		return
	}
	if !done {
		k.stack = append(k.stack, d)
	}
	k.hand()
	if done {
		k.drop(d)
	}
	k.release(k.held)
}

// hand hands in what was counted and found.
func (k *worker) hand() {
	k.walk.sum.add(k.sum)
	k.sum = sum{}
	for _, d := range k.below {
		d.parent.refs++
	}
	k.stack = append(k.stack, k.below...)
	for range min(len(k.below), k.waiting) {
		k.wake.Signal()
	}
	k.below = k.below[:0]
}

// unlock unlocks the walk and closes what is no longer needed.
func (k *worker) unlock() {
	k.garbage = k.collect(k.garbage)
	k.mu.Unlock()
	k.closeAll(k.garbage)
}

// open makes d the directory that is held.
func (k *worker) open(d *dir) error {
	var way []*dir // several only where a directory of which all below waited was closed for lack of descriptors
	for a := d; a != k.held; a = a.parent {
		way = append(way, a)
	}
	for i := len(way) - 1; i >= 0; i-- {
		fd, err := openDir(k.held.fd, way[i].name)
		if err != nil {
			return err
		}
		k.mu.Lock()
		if way[i].fd == closed {
			way[i].fd = fd
		} else { // another worker was faster
			k.descriptors.garbage = append(k.descriptors.garbage, fd)
		}
		k.use(way[i])
		k.release(k.held)
		k.held = way[i]
		k.unlock()
	}
	return nil
}

// visit counts d and reads it. It tells whether nothing of d is left to be read.
func (k *worker) visit(d *dir) (done bool) {
	if err := k.open(d); err != nil {
		k.unreadableDir(d, err)
		return true
	}
	fd := k.held.fd
	if !d.opened {
		if err := unix.Fstat(fd, &k.st); err != nil {
			k.sum.unreadable++
			return true
		}
		if k.skip[identity(&k.st)] {
			return true
		}
		k.count(&k.st)
	} else if _, err := unix.Seek(fd, d.cookie, 0); err != nil {
		if !k.removed(fd) { // ext4 knows no place in a directory that was removed since it was opened
			k.sum.unreadable++
		}
		return true
	}
	d.opened = true
	return k.read(d, fd)
}

// removed tells whether an open directory is in the tree no more.
func (k *worker) removed(fd int) bool {
	return unix.Fstat(fd, &k.st) == nil && k.st.Nlink == 0
}

// unreadableDir counts a directory that cannot be opened, unless it is there no more or is not to be counted.
func (k *worker) unreadableDir(d *dir, err error) {
	if gone(err) {
		return
	}
	if !d.opened && k.held == d.parent && statAt(k.held.fd, append([]byte(d.name), 0), &k.st) == nil {
		if k.skip[identity(&k.st)] {
			return
		}
		k.count(&k.st)
	}
	k.sum.unreadable++
}
