// Package virtual is the Runtime for shared hosting, where nothing may be started: a run is a virtual PID
// and what the database says of it.
package virtual

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"time"

	"vpm/core"
)

// Runtime starts and stops instances without processes.
type Runtime struct {
	Now func() time.Time
}

// Mode is core.ModeVirtual.
func (*Runtime) Mode() core.Mode { return core.ModeVirtual }

// Start names a new run. A virtual PID is "v", the Unix seconds, and random digits: nine of them, so that it
// fills the 20 characters of the contract and two runs begun in the same second differ.
func (rt *Runtime) Start(context.Context, core.Instance) (core.PID, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		return core.PID{}, err
	}
	return core.PID{Virtual: fmt.Sprintf("v%010d%09d", rt.Now().Unix(), n)}, nil
}

// Stop has nothing to end: the rows the Manager writes are all there is to a run.
func (*Runtime) Stop(context.Context, core.Instance) error { return nil }

// Process reports the run as stored. Only a running instance has a PID.
func (*Runtime) Process(r core.Record) core.Process {
	p := core.Process{Status: core.RunStopped, Mode: core.ModeVirtual}
	switch {
	case r.Running():
		p.Status, p.PID.Virtual, p.StartedAt = core.RunRunning, r.Run.VirtualPID, r.Run.StartedAt
	case r.Run.Status == core.RunError || r.Instance.Status == core.StatusError:
		p.Status = core.RunError
	}
	return p
}
