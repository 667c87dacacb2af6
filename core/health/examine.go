package health

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"time"

	"vpm/core"
)

// All checks of an instance have 5 seconds together. Who heeds a context ends a little before, and can still say
// what was seen.
const (
	budget   = 5 * time.Second
	patience = 4500 * time.Millisecond
)

// Subject is an instance as its checks need it.
//
// Server "" in Site says that the address of the web server is not known, as in a pass that cron began. The site is
// then asked at the public addresses that DNS gives for its host, and at no other.
type Subject struct {
	Site
	// Dir is the directory of the instance.
	Dir string
	// ConfigFile finds the configuration of the CMS. Nil: it has none, and the check is skipped.
	ConfigFile func() (string, error)
	// Database asks the site's database with the site's own credentials. CodeNotEffective means that this cannot be
	// told here, any other error that the site cannot use it either. Nil: there is none, and the check is skipped.
	Database func(ctx context.Context) error
	// Wanted is running or stopped.
	Wanted core.Observed
	// Gate is what core.Runtime.Observe saw.
	Gate core.Evidence
	// ProbePath is the URL path, perhaps with a query, to ask a running site for: complete or relative to that of
	// the URL. "": the front page.
	ProbePath string
	// Expect is a text that the first 64 kB of the page must hold. "": none.
	Expect string
	// Space says how little of it is too little. Zero: the limits of DefaultSpace.
	Space Space
}

// Examine makes all checks of an instance side by side, within 5 seconds in all: "directory", "configuration",
// "database", "gate", "http", "certificate" and "disk_space", in this order. One that has not come to its end by then
// is unknown.
//
// A running instance is healthy when its site answers and no check failed. A stopped one is healthy when it is
// closed, whatever the other checks say, for a planned stop is to alarm nobody.
func Examine(ctx context.Context, s Subject) core.Health {
	return examiner{budget: budget, patience: patience}.examine(ctx, s)
}

// examiner is what tests examine otherwise.
type examiner struct {
	budget   time.Duration  // after which a check that has not ended is left alone
	patience time.Duration  // after which contexts end
	resolver *net.Resolver  // nil: the system's
	roots    *x509.CertPool // nil: the system's
}

// examination is one instance under examination.
type examination struct {
	Subject
	examiner
	client client
	secure chan *url.URL // what http was redirected to over HTTPS; closed when http has ended
}

func (e examiner) examine(ctx context.Context, s Subject) core.Health {
	began := time.Now()
	if s.Space == (Space{}) {
		s.Space = DefaultSpace()
	}
	x := &examination{s, e, client{s.Site, s.Server == "", e.resolver, e.patience}, make(chan *url.URL, 1)}
	all, cancel := context.WithTimeout(ctx, e.budget)
	defer cancel()
	ctx, stop := context.WithTimeout(all, e.patience)
	defer stop()

	runs := []*run{
		x.start(ctx, "directory", x.directory),
		x.start(ctx, "configuration", x.configuration),
		x.start(ctx, "database", x.database),
		x.start(ctx, "gate", x.gate),
		x.start(ctx, "http", x.http),
		x.start(ctx, "certificate", x.certificate),
		x.start(ctx, "disk_space", x.diskSpace),
	}
	checks := make([]core.Check, len(runs))
	for i, r := range runs {
		checks[i] = r.wait(all)
	}
	return core.Health{Healthy: conclude(checks, x.stopped()), Checks: checks, CheckedAt: began}
}

func (x *examination) stopped() bool { return x.Wanted == core.ObservedStopped }

// conclude says what the checks come to.
func conclude(checks []core.Check, stopped bool) *bool {
	var healthy *bool
	for _, c := range checks {
		decides := c.Name == "http" || stopped && c.Name == "gate"
		switch {
		case c.Result == core.CheckFailed && (decides || !stopped):
			return new(false)
		case decides && c.Result == core.CheckOK, decides && c.Result == core.CheckWarning && !stopped:
			healthy = new(true)
		}
	}
	return healthy
}

// found is a check that came to an end.
func found(result core.CheckResult, format string, args ...any) core.Check {
	return core.Check{Result: result, Reason: fmt.Sprintf(format, args...)}
}
