package core

import "context"

// Runtime starts and stops instances in one mode. Its methods are called while the instance is locked, so
// they never run twice at once for one instance.
type Runtime interface {
	// Mode says which mode this is.
	Mode() Mode
	// Start opens the instance to visitors and names the run that begins.
	Start(ctx context.Context, in Instance) (PID, error)
	// Stop closes the instance to visitors and ends its run.
	Stop(ctx context.Context, in Instance) error
	// Process reports the process of an instance from what is stored of it.
	Process(r Record) Process
}
