package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/httpapi"
)

// newTick is "vpm tick": one periodic pass, for cron where programs may be run and no server is. It prints what it did as
// /api/tick.php answers.
func newTick() *cobra.Command {
	config, docroot := os.Getenv("VPM_CONFIG"), usualDocroot
	cmd := &cobra.Command{
		Use:   "tick",
		Short: "Make one periodic pass over the instances, as cron does",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return tickCommand(cmd.Context(), cmd.OutOrStdout(), config, docroot)
		},
	}
	cmd.Flags().StringVar(&config, "config", config, "the settings `file`")
	cmd.Flags().StringVar(&docroot, "docroot", docroot, "the document root below which the panel's URLs lie")
	return cmd
}

func tickCommand(ctx context.Context, out io.Writer, config, docroot string) error {
	if config != "" {
		if err := os.Setenv("VPM_CONFIG", config); err != nil { // where the settings are looked for first
			return fmt.Errorf("cannot use --config: %w", err)
		}
	}
	a := app.LoadPanel(docroot, os.Stderr, 1)
	defer a.Close()
	r, err := a.Tick(core.WithServer(ctx, here))
	if err != nil {
		return err
	}
	return printJSON(out, httpapi.NewTickAnswer(r))
}
