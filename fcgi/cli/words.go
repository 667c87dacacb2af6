package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Group makes cmd one that does nothing without one of its commands.
func Group(cmd *cobra.Command) {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return errors.New("cannot do anything without a command")
		}
		meant := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			meant = " (" + strings.Join(near, " or ") + "?)"
		}
		return fmt.Errorf("cannot find the command %q%s", args[0], meant)
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(*cobra.Command, []string) error { return nil } // Args refuses before; without it cobra would print the help and succeed
}

// NoArgs is for commands that take flags only.
func NoArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("cannot understand %q: it takes no arguments", args[0])
	}
	return nil
}
