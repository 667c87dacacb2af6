package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"vpm/core/gateway"
)

// checker finds out whether the server can still answer, by asking it as a web server does.
type checker struct {
	server  *gateway.Server
	sockets sockets
	inForce func() (requestTimeout time.Duration, database bool)
}

// overdue is how much longer than its timeout a request may run before it counts as one that never ends.
const overdue = 5 * time.Second

// check asks through every socket for something that takes all the way: accept, a turn, the settings, the routes, a
// connection of the pool, the database. Any answer in time is a good one. A database that is down or frozen is
// reported within 3 seconds, and a server with too much to do says so after patience; but a lock that is never
// given back gives no answer, and a pool that no connection comes back to gives one only after the whole request
// timeout, which is longer than limit. A server all of whose turns are held for good would still say that it is
// busy, so that is looked at too.
func (c checker) check(ctx context.Context, most time.Duration) error {
	timeout, database := c.settings(ctx, most)
	if c.server.Stalled(timeout + overdue) {
		return fmt.Errorf("every request that may run has run for longer than %s", timeout+overdue)
	}
	limit := min(max(timeout-time.Second, 4*time.Second), most)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	target := "/api/auth/verify.php"
	if !database {
		target = "/api/no/such/endpoint" // the other would log each time that nothing is set up
	}
	for _, s := range c.sockets {
		_, _, err := gateway.Ask(ctx, s.Addr().Network(), s.Addr().String(), map[string]string{
			"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_URI": target, "HTTP_HOST": "localhost",
			"REMOTE_ADDR": "127.0.0.1", "HTTP_X_AUTH_TOKEN": strings.Repeat("0", 64), // nobody's
		})
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
	return nil
}

// settings are those in force; where they cannot even be asked for in time, the request that follows cannot be
// answered either.
func (c checker) settings(ctx context.Context, most time.Duration) (requestTimeout time.Duration, database bool) {
	asked := make(chan func(), 1)
	go func() {
		timeout, has := c.inForce()
		asked <- func() { requestTimeout, database = timeout, has }
	}()
	select {
	case use := <-asked:
		use()
	case <-time.After(most):
		requestTimeout = most
	case <-ctx.Done():
	}
	return requestTimeout, database
}

// watch tells the service manager twice in an interval that the server works, as long as it does. When it does not,
// the manager ends the process with SIGABRT, which writes what every goroutine does to the log, and starts another.
func watch(ctx context.Context, interval time.Duration, check func(ctx context.Context, most time.Duration) error, notify func(string), log zerolog.Logger) {
	every := time.NewTicker(interval / 2)
	defer every.Stop()
	for {
		err := check(ctx, interval*9/20)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error().Err(err).Msg("the server does not answer itself")
		default:
			notify(daemon.SdNotifyWatchdog)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

// recovered logs a panic. It is to be deferred.
func recovered(log zerolog.Logger, what string) {
	if p := recover(); p != nil {
		log.Error().Bytes("stack", debug.Stack()).Msgf("panic in %s: %v", what, p)
	}
}
