package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"vpm/core/provision"
)

// newRoot is the tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "vpm",
		Short:         "Start, stop, restart and watch the CMS sites of this account or server",
		Long:          "vpm starts, stops, restarts and watches the CMS sites of a hosting account or a server.\n\n" + exitHelp,
		Version:       version,
		SilenceErrors: true, // report says them
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("vpm {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	group(root)
	root.AddCommand(
		newServe(), newInstall(), newUninstall(), newDoctor(), newTick(), newAdopt(), newMoves(), newVersion(),
		newHelper("provision", provision.Run), newHelper("deprovision", provision.Remove), newHelper("gate", provision.Gate),
	)
	markUsage(root)
	return root
}

// group makes cmd one that does nothing without one of its commands.
func group(cmd *cobra.Command) {
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

// noArgs is for commands that take flags only.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("cannot understand %q: it takes no arguments", args[0])
	}
	return nil
}

// newHelper is what root's units run, with the slug of an instance as the only word: "vpm provision SLUG". No word is
// taken for a flag.
func newHelper(name string, run func(context.Context, provision.Paths, string) error) *cobra.Command {
	return &cobra.Command{
		Use:                name + " SLUG",
		Short:              "For the units that vpm install sets up",
		Hidden:             true,
		DisableFlagParsing: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("cannot do this without the slug of one instance")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), newMachine().paths, args[0])
		},
	}
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "vpm", version)
			return err
		},
	}
}
