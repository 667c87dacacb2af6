package main

import (
	"context"
	"fmt"

	"vpm/core/provision"
)

// rootCommand is what root's units run, with the slug of an instance as the only word: "vpm provision SLUG".
func rootCommand(ctx context.Context, args []string, run func(context.Context, provision.Paths, string) error) error {
	if len(args) != 1 {
		return fmt.Errorf("cannot do this without the slug of one instance")
	}
	return run(ctx, newMachine().paths, args[0])
}
