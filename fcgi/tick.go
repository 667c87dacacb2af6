package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/app"
)

// usualTick is how often the periodic pass runs.
const usualTick = time.Minute

// tick runs pass about every interval until ctx ends, the next only when the last is over. Each wait is up to a tenth
// shorter or longer, and the first is short, so that several machines do not do it all at the same moment.
func tick(ctx context.Context, every time.Duration, pass func(ctx context.Context) error, log zerolog.Logger) {
	if every == 0 {
		every = usualTick
	}
	wait := time.NewTimer(rand.N(every/6 + 1))
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		tickOnce(ctx, pass, log)
		wait.Reset(every - every/10 + rand.N(every/5+1))
	}
}

// here is the web server of this machine, at which the sites are asked for.
var here = core.Server{Address: "127.0.0.1", Port: 80}

// passOver makes the periodic pass with the settings in force, and logs what it did where that was something.
func passOver(resident *app.Resident, log zerolog.Logger) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		r, err := resident.Tick(core.WithServer(ctx, here))
		if err != nil {
			return err
		}
		if len(r.Completed)+len(r.Repaired)+len(r.Disputed)+len(r.Failed) > 0 {
			log.Info().Int("seen", r.Seen).Strs("completed", r.Completed).Strs("repaired", r.Repaired).
				Strs("disputed", r.Disputed).Int("failed", len(r.Failed)).Msg("tick")
		}
		return nil
	}
}

func tickOnce(ctx context.Context, pass func(ctx context.Context) error, log zerolog.Logger) {
	defer recovered(log, "the periodic pass")
	if err := pass(ctx); err != nil && ctx.Err() == nil {
		log.Error().Err(err).Msg("the periodic pass failed")
	}
}
