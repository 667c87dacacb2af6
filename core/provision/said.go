package provision

import (
	"context"
	"strings"
	"time"

	"vpm/core"
)

// saidWait is how long the journal may take to have what a unit has said: that comes a little after its end is told.
const saidWait = 2 * time.Second

// failed is what root's program says last, see the command line's report of errors.
const failed = "vpm: "

// said is the error of a unit that has failed, in the words that it has left in its journal since, where it could not leave that in its result: on a
// disk that is full, say.
func (p Paths) said(ctx context.Context, unit string, since time.Time, err error) error {
	ctx, cancel := context.WithTimeout(ctx, saidWait)
	defer cancel()
	for {
		log, _ := p.Journal.Last(ctx, unit, 20, since) // without it there is the error alone
		for _, line := range log {
			if why, ok := strings.CutPrefix(line, failed); ok {
				return core.Errorf(core.CodeUnavailable, "%s", why).Because(err)
			}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
