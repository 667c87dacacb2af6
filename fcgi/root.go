package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"vpm/core/provision"
	"vpm/fcgi/cli"
)

// newRoot is the tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "vpm",
		Short: "Start, stop, restart and watch the CMS sites of this account or server",
		Long: "vpm starts, stops, restarts and watches the CMS sites of a hosting account or a server.\n\n" +
			cli.ConnectionHelp + "\n" + exitHelp,
		Version:       version,
		SilenceErrors: true, // report says them
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("vpm {{.Version}}\n")
	cli.Group(root)
	root.AddCommand(cli.Commands(openLocal, cli.Backups{Save: saveBackup, Restore: restoreBackup})...)
	root.AddCommand(
		newServe(), newInstall(), newUninstall(), newDoctor(), newMoves(), newVersion(),
		newHelper("provision", provision.Run), newHelper("deprovision", provision.Remove), newHelper("gate", provision.Gate),
	)
	addMan(root)
	if adopt, _, err := root.Find([]string{"adopt"}); err == nil {
		addMovedAccount(adopt)
	}
	markUsage(root)
	return root
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
			return cli.ForPeople(run(cmd.Context(), newMachine().paths, args[0]))
		},
	}
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "vpm", version)
			return err
		},
	}
}
