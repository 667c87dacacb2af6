package health

import "syscall"

func volumeOf(st *syscall.Statfs_t) volume {
	// What is free is below zero while root uses what is kept for it.
	bytes, inodes := uint64(max(st.Bavail, 0)), uint64(max(st.Ffree, 0))
	return volume{st.Blocks * st.Bsize, bytes * st.Bsize, st.Files, inodes}
}
