package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vpm/core/install"
	"vpm/core/store"
	"vpm/core/systemd"
	"vpm/fcgi/cli"
)

// newInstall is "vpm install": root makes a server of vpm out of an uploaded vpm.cgi.
func newInstall() *cobra.Command {
	from, dry := "", false
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Make this machine a server of vpm, out of an uploaded vpm.cgi (root)",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := installOptions(cmd.OutOrStdout())
			o.From = from
			return cli.ForPeople(installCommand(cmd.Context(), cmd.OutOrStdout(), o, dry))
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the `directory` of the uploaded vpm.cgi, as /home/shop/public_html/api; where not given it is searched")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show every file and command")
	return cmd
}

func installCommand(ctx context.Context, out io.Writer, o install.Options, dry bool) error {
	plan, err := install.Prepare(ctx, o)
	switch {
	case err != nil:
		return err
	case dry:
		return plan.Print(out)
	case plan.Empty():
		fmt.Fprintln(out, "vpm is installed already: nothing is to be done")
		return nil
	}
	if err := plan.Apply(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "vpm is installed. \"vpm doctor\" checks it, and \"vpm uninstall\" puts back what was.")
	return nil
}

func installOptions(out io.Writer) install.Options {
	own := map[string]string{}
	if files, err := systemd.Files("/usr/sbin/php-fpm"); err == nil {
		for path, text := range files {
			if strings.HasSuffix(path, "/vpm.service") || strings.HasSuffix(path, "/vpm.socket") {
				own[path] = text
			}
		}
	}
	return install.Options{Units: own, CopyDatabase: store.CopySQLite, Migrate: migrateInstalled, Say: func(line string) { fmt.Fprintln(out, line) }}
}

// newUninstall is "vpm uninstall": everything is put back as it was.
func newUninstall() *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall",
		Short: "Put back everything that vpm install changed (root)",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			left, err := install.Uninstall(cmd.Context(), installOptions(cmd.OutOrStdout()))
			for _, path := range left {
				fmt.Fprintln(cmd.OutOrStdout(), "left, as it was changed since:", path)
			}
			return cli.ForPeople(err)
		},
	}
}
