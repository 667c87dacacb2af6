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

// arguments is for commands that take at least and at most so many.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch _, names, _ := strings.Cut(cmd.Use, " "); {
		case len(args) < least:
			return fmt.Errorf("cannot do this without %s", strings.TrimSuffix(names, "..."))
		case len(args) > most && most == 1:
			return fmt.Errorf("cannot understand %q: it takes one argument", args[most])
		case len(args) > most:
			return fmt.Errorf("cannot take so many: %d arguments are the most", most)
		}
		return nil
	}
}

// NoArgs is for commands that take flags only.
func NoArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("cannot understand %q: it takes no arguments", args[0])
	}
	return nil
}
