package health

import "syscall"

func volumeOf(st *syscall.Statfs_t) volume {
	unit := uint64(st.Frsize) // Bsize is what is best to read at once
	return volume{st.Blocks * unit, st.Bavail * unit, st.Files, st.Ffree}
}
