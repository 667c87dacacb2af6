package provision

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// takeover is how long a web server gets to have new workers answer.
const takeover = 5 * time.Second

// workers gives the processes that a unit's main process has made, none where that cannot be seen.
func (w WebServer) workers(ctx context.Context) []string {
	out, err := exec.CommandContext(ctx, "/bin/systemctl", "show", "--value", "--property=MainPID", w.Unit).Output()
	pid := strings.TrimSpace(string(out))
	if err != nil || pid == "" || pid == "0" {
		return nil
	}
	children, _ := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children") // a kernel may not have it
	return strings.Fields(string(children))
}

// awaitTakeover waits until new workers answer instead of the old ones. nginx tells of a reload as done when it has only
// been told of it, and a gate that visitors still get past is none. Old workers take no connections once they say in
// their title that they are shutting down.
func (w WebServer) awaitTakeover(ctx context.Context, old []string) {
	ctx, cancel := context.WithTimeout(ctx, takeover)
	defer cancel()
	for len(old) > 0 {
		old = slices.DeleteFunc(old, func(pid string) bool {
			title, err := os.ReadFile("/proc/" + pid + "/cmdline")
			return err != nil || len(title) == 0 || strings.Contains(string(title), "shutting down")
		})
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}
