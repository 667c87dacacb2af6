package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/doctor"
	"vpm/core/install"
	"vpm/core/store"
	"vpm/core/systemd"
)

// installCommand is "vpm install": root makes a server of vpm out of an uploaded vpm.cgi.
func installCommand(ctx context.Context, args []string) error {
	o := installOptions()
	dry := false
	flags := flag.NewFlagSet("vpm install", flag.ContinueOnError)
	flags.StringVar(&o.From, "from", "", "the `directory` of the uploaded vpm.cgi, as /home/shop/public_html/api; where not given it is searched")
	flags.BoolVar(&dry, "dry-run", false, "only show every file and command")
	if err := flags.Parse(args); err != nil {
		return err
	}
	plan, err := install.Prepare(ctx, o)
	if err != nil {
		return forPeople(err)
	}
	if dry {
		return plan.Print(os.Stdout)
	}
	if plan.Empty() {
		fmt.Println("vpm is installed already: nothing is to be done")
		return nil
	}
	if err := plan.Apply(ctx); err != nil {
		return forPeople(err)
	}
	fmt.Println("vpm is installed. \"vpm doctor\" checks it, and \"vpm uninstall\" puts back what was.")
	return nil
}

func installOptions() install.Options {
	own := map[string]string{}
	if files, err := systemd.Files("/usr/sbin/php-fpm"); err == nil {
		for path, text := range files {
			if strings.HasSuffix(path, "/vpm.service") || strings.HasSuffix(path, "/vpm.socket") {
				own[path] = text
			}
		}
	}
	return install.Options{Units: own, CopyDatabase: store.CopySQLite, Say: func(line string) { fmt.Println(line) }}
}

// uninstallCommand is "vpm uninstall": everything is put back as it was.
func uninstallCommand(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("cannot understand the arguments: vpm uninstall has none")
	}
	left, err := install.Uninstall(ctx, installOptions())
	for _, path := range left {
		fmt.Println("left, as it was changed since:", path)
	}
	return forPeople(err)
}

// doctorCommand is "vpm doctor". It ends with status 1 where a check failed.
func doctorCommand(ctx context.Context, args []string) error {
	o := doctor.Options{Database: databaseVersion}
	asJSON := false
	flags := flag.NewFlagSet("vpm doctor", flag.ContinueOnError)
	flags.BoolVar(&asJSON, "json", false, "for programs")
	flags.StringVar(&o.URL, "url", "", "an address of the API to ask through the web server")
	flags.StringVar(&o.Host, "host", "", "the host name to ask for")
	if err := flags.Parse(args); err != nil {
		return err
	}
	checks := doctor.Run(ctx, o)
	if asJSON {
		text, err := json.MarshalIndent(checks, "", "  ")
		if err != nil {
			return err
		}
		fmt.Println(string(text))
	} else if err := doctor.Print(os.Stdout, checks); err != nil {
		return err
	}
	for _, c := range checks {
		if c.Result == core.CheckFailed {
			return errors.New("not all is well")
		}
	}
	return nil
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

// forPeople leaves of an error what people may read; the rest is for logs.
func forPeople(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(core.Sentence(err))
}
