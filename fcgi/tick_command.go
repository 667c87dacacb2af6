package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/httpapi"
)

// tickCommand is "vpm tick": one periodic pass, for cron where programs may be run and no server is. It prints what it
// did as /api/tick.php answers.
func tickCommand(ctx context.Context, args []string) error {
	config, docroot := os.Getenv("VPM_CONFIG"), usualDocroot
	flags := flag.NewFlagSet("vpm tick", flag.ContinueOnError)
	flags.StringVar(&config, "config", config, "the settings `file`")
	flags.StringVar(&docroot, "docroot", docroot, "the document root below which the panel's URLs lie")
	if err := flags.Parse(args); err != nil {
		return err
	}
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
	text, err := json.MarshalIndent(httpapi.NewTickAnswer(r), "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	return nil
}
