//go:build !linux

package provision

import (
	"context"

	"vpm/core"
)

func elsewhere() error {
	return core.Errorf(core.CodeUnavailable, "cannot provision instances here: they are units of systemd")
}

// Run is for Linux.
func Run(context.Context, Paths, string) error { return elsewhere() }

// Remove is for Linux.
func Remove(context.Context, Paths, string) error { return elsewhere() }

// Gate is for Linux.
func Gate(context.Context, Paths, string) error { return elsewhere() }
