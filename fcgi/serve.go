package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"vpm/core/app"
	"vpm/core/gateway"
)

// options are what a server is made of. It reads no environment but that of the settings.
type options struct {
	sockets sockets
	docroot string // below which the panel's URLs lie
	log     io.Writer

	running, waiting int           // requests that run at once, and that wait for it
	drain            time.Duration // what requests in flight get at the end

	notify   func(state string) // tells the service manager
	watchdog time.Duration      // within which it wants to hear from a server that works; 0: it does not

	// tick is the periodic pass. nil: that of the API's App.
	tick      func(ctx context.Context) error
	tickEvery time.Duration // 0: a minute

	handler http.Handler // instead of the API
}

// Bounds that nobody needs to choose.
const (
	databaseConns = 8               // of MySQL's 151 for everybody
	patience      = 3 * time.Second // of a request that waits for its turn
	spareConns    = 352             // kept by web servers, or still sending
	// spareMemory, in bytes. net/http/fcgi takes 130 kB for each connection, so that without it the collector runs every 30
	// requests; with more the server would not stay below 40 MB.
	spareMemory = 6 << 20
)

// serve answers requests until ctx ends and those in flight are answered. An error is one of its sockets.
func serve(ctx context.Context, o options) error {
	log := zerolog.New(o.log).With().Timestamp().Str("program", "vpm").Logger()
	resident := &app.Resident{MaxConns: databaseConns, Docroot: o.docroot, Log: o.log, Real: newMachine().real, Version: version}
	handler := o.handler
	if handler == nil {
		handler = resident
	}
	measured := newMetrics(resident, log)
	resident.Metrics, resident.Observe = measured.handler(), measured.observe
	server := &gateway.Server{Handler: handler, Drain: o.drain, Running: o.running, Waiting: o.waiting, Patience: patience,
		Connections: o.running + o.waiting + spareConns, Spare: spareMemory,
		Logf: func(format string, args ...any) { log.Error().Msgf(format, args...) }}

	measured.watch(server)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var beside sync.WaitGroup
	if o.watchdog > 0 {
		c := checker{server: server, sockets: o.sockets, inForce: resident.InForce}
		beside.Go(func() { watch(ctx, o.watchdog, c.check, o.notify, log) })
	}
	if o.tick == nil && o.handler == nil {
		o.tick = measured.timed(passOver(resident, log))
	}
	if o.tick != nil {
		beside.Go(func() { tick(ctx, o.tickEvery, o.tick, log) })
	}
	// The name of a socket of ours goes before the socket does: a successor may take it as soon as that is.
	ending, end := context.WithCancel(context.Background())
	defer end()
	defer context.AfterFunc(ctx, func() {
		o.notify(daemon.SdNotifyStopping)
		o.sockets.remove()
		end()
	})()
	o.notify(daemon.SdNotifyReady)
	log.Info().Str("version", version).Strs("sockets", o.sockets.names()).Msg("serving")
	err := server.Serve(ending, o.sockets.listeners()...)
	stop()
	waitFor(&beside, o.drain)
	if closing := resident.Close(); closing != nil { // a database that has gone
		log.Debug().Err(closing).Msg("cannot close the database")
	}
	log.Info().Msg("ended")
	return err
}

// waitFor waits for what ends with the context, and not for what does not heed it.
func waitFor(beside *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() {
		beside.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
