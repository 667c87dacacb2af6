package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/doctor"
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

// newDoctor is "vpm doctor". It ends with status 1 where a check failed.
func newDoctor() *cobra.Command {
	o := doctor.Options{Database: databaseVersion}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the installation, and say how to mend it",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return doctorCommand(cmd.Context(), cmd.OutOrStdout(), o, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	cmd.Flags().StringVar(&o.URL, "url", "", "an address of the API to ask through the web server")
	cmd.Flags().StringVar(&o.Host, "host", "", "the host name to ask for")
	return cmd
}

func doctorCommand(ctx context.Context, out io.Writer, o doctor.Options, asJSON bool) error {
	checks := doctor.Run(ctx, o)
	print := doctor.Print
	if asJSON {
		print = printJSON
	}
	if err := print(out, checks); err != nil {
		return err
	}
	if slices.ContainsFunc(checks, func(c core.Check) bool { return c.Result == core.CheckFailed }) {
		return errors.New("not all is well")
	}
	return nil
}

// printJSON prints a value for programs, indented for people.
func printJSON[T any](out io.Writer, value T) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// databaseVersion opens the server's database and tells what is in it.
func databaseVersion(ctx context.Context, c *config.Config) (string, error) {
	o := store.Options{MaxConns: 1, MySQL: store.MySQL{Host: c.DBHost, Port: c.DBPort, Socket: c.DBSocket, Database: c.DBName, User: c.DBUser, Password: c.DBPassword}}
	if c.DBDriver == config.SQLite {
		o.SQLite = c.SQLitePath()
	}
	db, err := store.Open(o)
	if err != nil {
		return "", err
	}
	defer db.Close()
	v, err := db.Version(ctx)
	switch {
	case err != nil:
		return "", err
	case v != store.SchemaVersion:
		return "", core.Errorf(core.CodeUnavailable, "cannot use the database: its tables are of version %d, and this program's of %d; run vpm migrate", v, store.SchemaVersion)
	}
	return fmt.Sprintf("the tables are of version %d", v), nil
}
