// Package virtual is the Runtime for shared hosting, where nothing may be started: a run is a virtual PID, and
// stopping a site is closing it from its own .htaccess.
package virtual

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"vpm/core"
	"vpm/htaccess"
)

// Runtime starts and stops instances without processes.
type Runtime struct {
	Now func() time.Time
	// Base is the directory below which an instance's own directory is looked for.
	Base string
	// Allowed are the directories below which .htaccess files may be changed: those of the sites.
	Allowed []string
	// Panel are the directories of the panel itself, which stay open when the site around them is closed, and
	// OpenPaths URL paths that people configured to stay open.
	Panel, OpenPaths []string
	// Docroot is the panel's document root, where sites enter whose own directory Apache does not look into.
	Docroot string
	// Roots are document roots by the names in the web server's configuration (DOCUMENT_ROOT), with links not
	// resolved.
	Roots []string
	// Backups is where a copy of each .htaccess is kept before vpm first touches it; "" keeps none.
	Backups string
	// Change has somebody who may change the .htaccess of dir: it puts a gate of the instance's there, or takes it out
	// where closed is nil, and has web servers close that read no such file. nil: this process may change it itself.
	Change func(ctx context.Context, in core.Instance, dir string, closed *htaccess.Gate) error
	// History gives the last events of an instance, newest first.
	History func(ctx context.Context, in core.Instance) ([]core.Event, error)
	// Instances lists the registered instances, which stay open when one around them is closed.
	Instances func(ctx context.Context) ([]core.Instance, error)
}

// Mode is core.ModeVirtual.
func (*Runtime) Mode() core.Mode { return core.ModeVirtual }

// Start names a new run.
func (rt *Runtime) Start(context.Context, core.Instance) (core.PID, error) {
	var b [8]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return core.PID{Virtual: core.VirtualPID(rt.Now(), binary.BigEndian.Uint64(b[:]))}, nil
}

// Look sees nothing: what is needed of an instance is in its record and its own file.
func (*Runtime) Look(ctx context.Context) (context.Context, error) { return ctx, nil }

// Process reports the run as stored. Only a running instance has a PID.
func (*Runtime) Process(_ context.Context, r core.Record) (core.Process, error) {
	p := core.Process{Status: core.RunStopped, Mode: core.ModeVirtual}
	switch {
	case r.Running():
		p.Status, p.PID.Virtual, p.StartedAt = core.RunRunning, r.Run.VirtualPID, r.Run.StartedAt
	case r.Run.Status == core.RunError || r.Instance.Status == core.StatusError:
		p.Status = core.RunError
	}
	return p, nil
}

// allowed tells whether path lies where .htaccess files may be changed.
func (rt *Runtime) allowed(path string) bool {
	for _, dir := range rt.Allowed {
		if core.Within(path, dir) {
			return true
		}
	}
	return false
}
