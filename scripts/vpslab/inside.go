package vpslab

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// enter calls f on a thread that is in all namespaces of the VPS: paths are the VPS's, sockets are made in its network,
// processes become its own. Descriptors that f makes work on every thread. f must stay on its goroutine.
func (v *VPS) enter(f func() error) (err error) {
	onOwnThread(func() {
		if err = v.machine.join(); err != nil {
			err = fmt.Errorf("cannot enter the VPS: %w", err)
			return
		}
		err = f()
	})
	return err
}

// onOwnThread calls f on a thread that ends afterwards: what f does to it nobody can undo, and nobody shall inherit.
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and no unlock: the runtime ends the thread with the goroutine
		if syscall.Gettid() == os.Getpid() {
			// The runtime never ends the main thread, and /proc/self shows the namespaces that this one is in.
			defer runtime.UnlockOSThread()
			onOwnThread(f)
			return
		}
		f()
	}()
	<-done
}
