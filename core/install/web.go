package install

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vpm/core"
)

// webSteps have the web servers that serve the upload hand its API to the server.
func (p *Plan) webSteps(ctx context.Context, _ machine, up upload) error {
	apache, err := p.apacheSteps(ctx, up)
	if err != nil {
		return err
	}
	nginx, err := p.nginxSteps(ctx, up)
	if err != nil {
		return err
	}
	if !apache && !nginx {
		return core.Errorf(core.CodeUnavailable, "cannot install vpm: neither Apache nor nginx serves %s here", up.docroot)
	}
	return nil
}

// reload is the step by which a web server takes on its configuration, once that was tested. One that does not run is
// left alone.
func reload(topic, unit string, test ...string) step {
	return step{what: "test the configuration of " + unit + ", then reload it", on: []string{topic},
		do: func(ctx context.Context, _ *session) error {
			if _, err := run(ctx, test...); err != nil {
				return err
			}
			if !active(ctx, unit) {
				return nil
			}
			before := workers(ctx, unit)
			if _, err := run(ctx, "systemctl", "reload", unit); err != nil {
				return err
			}
			return replaced(ctx, before)
		}}
}

// workers lists nginx's processes that take connections; of Apache none, whose do not say which they are.
func workers(ctx context.Context, unit string) (pids []string) {
	main, err := run(ctx, "systemctl", "show", "--value", "--property=MainPID", unit)
	if err != nil {
		return nil
	}
	children, _ := filepath.Glob("/proc/" + strings.TrimSpace(main) + "/task/*/children") // the only error is a bad pattern
	for _, file := range children {
		for _, pid := range strings.Fields(readText(file)) {
			if works(pid) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// works tells whether a process is a worker of nginx that was not told to end.
func works(pid string) bool {
	title := strings.TrimRight(readText("/proc/"+pid+"/cmdline"), "\x00")
	return strings.HasPrefix(title, "nginx: worker process") && !strings.HasSuffix(title, "shutting down")
}

// replaced waits until the workers from before a reload take no connections any more: nginx's reload ends before that.
func replaced(ctx context.Context, before []string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for slices.ContainsFunc(before, works) {
		select {
		case <-ctx.Done():
			return core.Errorf(core.CodeUnavailable, "cannot see nginx take on its configuration: its error log says why")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
