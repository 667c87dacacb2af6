package gateway

import (
	"net"
	"os"
	"syscall"
)

// Inherited gives the listening socket that a FastCGI process manager passes as descriptor 0, and false where
// that is something else. A socket alone would be no proof: mod_cgid's stdin is one too.
func Inherited() (net.Listener, bool) {
	accepting, err := syscall.GetsockoptInt(0, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil || accepting != 1 {
		return nil, false
	}
	f := os.NewFile(0, "fastcgi")
	defer f.Close() // FileListener works on a copy
	l, err := net.FileListener(f)
	if err != nil {
		return nil, false
	}
	return l, true
}
