package lab

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
)

// newDir makes a directory that every user may enter: servers and accounts of several users work in it.
func newDir() (string, error) {
	dir, err := os.MkdirTemp("", "vpm-lab-")
	if err != nil {
		return "", fmt.Errorf("cannot make the lab's directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", fmt.Errorf("cannot open the lab's directory to others: %w", err)
	}
	// suEXEC compares physical paths.
	return filepath.EvalSymlinks(dir)
}

// FreePort finds a port that nobody listens on, below the range from which the kernel takes ports for clients, so that
// none of those can take it before the server does. Another lab still might: whoever fails to bind tries another.
func FreePort() (int, error) {
	const first, count = 20000, 12000
	var err error
	for range 100 {
		port := first + rand.IntN(count)
		var listener net.Listener
		listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("cannot find a free port: %w", err)
}

// readLog returns the text of a log; a log that cannot be read says so in its place.
func readLog(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("(cannot read the log: %v)", err)
	}
	return string(text)
}
