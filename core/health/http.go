package health

import (
	"context"
	"errors"
	"net/url"

	"vpm/core"
)

// mostHops is how many redirects of a site are followed.
const mostHops = 5

func (x *examination) http(ctx context.Context) core.Check {
	defer close(x.secure)
	if x.URL == "" {
		return found(core.CheckUnknown, "The site has no address to ask. Set the domain or the url of this instance.")
	}
	if x.stopped() {
		return x.closed(ctx)
	}
	return x.open(ctx)
}

// closed asks past caches and for files too, as a gate that lets something through is none.
func (x *examination) closed(ctx context.Context) core.Check {
	sightings := x.client.look(ctx)
	observed, seen, why := Judge(sightings)
	var c core.Check
	switch observed {
	case core.ObservedStopped:
		c = found(core.CheckOK, "Closed as it should be. %s", seen)
	case core.ObservedRunning:
		c = found(core.CheckFailed, "Open though it is to be closed. %s %s", seen, why)
	default:
		c = found(core.CheckUnknown, "Whether visitors meet a closed site could not be seen. %s", seen)
	}
	if status := sightings[0].Status; status != 0 {
		c.Details = map[string]any{"status": status}
	}
	return c
}

// open asks for the page as a visitor does: what a cache answers is good enough, and costs the site nothing.
func (x *examination) open(ctx context.Context) core.Check {
	site, err := x.client.probe()
	if err != nil {
		return found(core.CheckUnknown, "The site could not be asked: %s.", clip(err.Error()))
	}
	u, err := site.page(x.ProbePath)
	if err != nil {
		return found(core.CheckUnknown, "The site could not be asked: %s.", clip(err.Error()))
	}
	for range mostHops + 1 {
		a := x.client.fetch(ctx, u)
		next, end := x.after(u, a)
		if next == nil {
			if a.status != 0 {
				end.Details = map[string]any{"status": a.status, "ttfb_ms": core.Milliseconds(a.firstByte)}
			}
			return end
		}
		if next.Scheme == "https" {
			select {
			case x.secure <- next:
			default: // the first is enough
			}
		}
		u = next
	}
	return found(core.CheckFailed, "The site redirects more than %d times, lastly to %s. Visitors see an error; "+
		"look at its address settings and its redirect rules.", mostHops, shown(u))
}

// page is the URL of a page of the site. The path cannot lead to another host.
func (p probe) page(path string) (*url.URL, error) {
	u := p.front
	u.User, u.Fragment = nil, ""
	if path == "" {
		return &u, nil
	}
	ref, err := url.Parse(path)
	if err != nil || ref.IsAbs() || ref.Host != "" {
		return nil, errors.New("the path to ask for is none")
	}
	u.Path, u.RawPath, u.RawQuery = below(p.front.Path, ref.Path), below(p.front.EscapedPath(), ref.EscapedPath()), ref.RawQuery
	return &u, nil
}
