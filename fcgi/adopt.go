package main

import "github.com/spf13/cobra"

// newAdopt is "vpm adopt".
func newAdopt() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Take in an account that was moved to this server (root)",
		Args:  noArgs,
	}
	addMovedAccount(cmd)
	return cmd
}
