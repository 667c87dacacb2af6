package install

import (
	"context"

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
			_, err := run(ctx, "systemctl", "reload", unit)
			return err
		}}
}
