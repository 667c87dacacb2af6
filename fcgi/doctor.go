package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"vpm/core"
	"vpm/core/client"
	"vpm/core/config"
	"vpm/core/doctor"
	"vpm/core/doctor/asroot"
	"vpm/core/install"
	"vpm/core/store"
	"vpm/fcgi/cli"
)

const doctorHelp = `Checks the installation, and says of each thing that is not well how to mend it.

On a server, root sees everything: units, rights, pools, the web server, and the panel. --url is then the address that is asked
through the web server. Where vpm is no server here, and for others than root, --url asks the panel at that address, with the
token of an administrator in VPM_TOKEN or --token-file; without --url, --config or --docroot name the panel of this account.
`

// newDoctor is "vpm doctor". It ends with status 1 where a check failed.
func newDoctor() *cobra.Command {
	d := diagnosis{Options: asroot.Options{Database: databaseVersion, Statistics: statistics}}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the installation, and say how to mend it",
		Long:  doctorHelp,
		Args:  cli.NoArgs,
	}
	d.panel = cli.ConnectionOf(cmd, openLocal)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		checks, err := d.checks(cmd)
		if err != nil {
			return cli.ForPeople(err)
		}
		return judge(cmd.OutOrStdout(), checks, asJSON)
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	cmd.Flags().StringVar(&d.Host, "host", "", "the host name to ask for")
	return cmd
}

// diagnosis is what the command looks at.
type diagnosis struct {
	asroot.Options
	panel *cli.Connection
}

// checks are those of this machine as a server, where it is one, and those of the panel.
func (d *diagnosis) checks(cmd *cobra.Command) ([]core.Check, error) {
	state, err := install.Inspect()
	root, named := os.Geteuid() == 0, cmd.Flags().Changed("config") || cmd.Flags().Changed("docroot")
	server := err != nil || state.Installed
	switch address := d.panel.Address(); {
	case address != "" && !(root && server), named && !server, !root && !server:
		return d.ofPanel(cmd)
	default:
		d.URL = address
	}
	checks := asroot.Run(cmd.Context(), d.Options)
	if !root || !state.Installed {
		return checks, nil
	}
	d.panel.Here(filepath.Dir(state.From))
	// From here on this process is the server's user.
	more, err := d.ofPanel(cmd)
	if err != nil {
		more = doctor.Run(cmd.Context(), []doctor.Item{{Name: "panel", Look: func(context.Context) doctor.Finding {
			return doctor.Failed("mend that, then run vpm doctor once more", "%s", core.Sentence(err))
		}}})
	}
	for _, c := range more {
		if !slices.ContainsFunc(checks, func(had core.Check) bool { return had.Name == c.Name }) {
			checks = append(checks, c)
		}
	}
	return checks, nil
}

// ofPanel asks a panel for its checks.
func (d *diagnosis) ofPanel(cmd *cobra.Command) ([]core.Check, error) {
	panel, end, err := d.panel.Open(cmd)
	if err != nil {
		return nil, err
	}
	defer end()
	return checksOf(cmd.Context(), panel)
}

func checksOf(ctx context.Context, panel *client.Client) ([]core.Check, error) {
	answer, err := panel.Get(ctx, "doctor", nil)
	if err != nil {
		return nil, err
	}
	var said struct {
		Checks []core.Check `json:"checks"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot understand the answer: it is not as this version of vpm knows it").Because(err)
	}
	return said.Checks, nil
}

// judge prints checks, and fails where one has.
func judge(out io.Writer, checks []core.Check, asJSON bool) error {
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

// statistics tells how queries of instances are counted, as root sees it.
func statistics(ctx context.Context, socket string) (string, error) {
	_, from, err := store.Statements{Socket: socket, User: "root"}.Count(ctx, "mysql")
	if err != nil {
		return "", err
	}
	return "the queries of instances are " + from, nil
}
