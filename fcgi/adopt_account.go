package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vpm/core"
	"vpm/core/install"
	"vpm/core/provision"
	"vpm/core/relocate"
	"vpm/fcgi/cli"
)

// movedAccount is "vpm adopt --from" and "vpm adopt --finish".
type movedAccount struct {
	relocate.Options
	to          string
	dry, yes    bool
	finish, all bool
}

// addMovedAccount gives "vpm adopt", which registers sites, what it does with an account that was moved to this server.
// Without its flags cmd does what it did.
func addMovedAccount(cmd *cobra.Command) {
	var m movedAccount
	cmd.Long += "\n\nWith --from it takes in a whole account that was moved to this server, and with --finish it ends the way back of instances " +
		"that were; both as root."
	flags := cmd.Flags()
	flags.StringVar(&m.From, "from", "", "take in a shared-hosting account that was restored here: its home, or its archive (`DIR` or .tar.gz, .tgz, .tar, .zip)")
	flags.StringVar(&m.to, "to", "", "with --from of an archive: the new `home`, as /home/shop, which must not be there yet")
	flags.StringVar(&m.Was, "was", "", "with --from: where the `home` was on the shared host; usually the settings tell")
	flags.StringVar(&m.Owner, "owner", "", "with --from: the `user` who gets files that belong to nobody here (the web server's)")
	flags.StringArrayVar(&m.Dumps, "dump", nil, "with --from: a dump, as `NAME=FILE` or FILE; others are found by the names of the databases; may be repeated")
	flags.StringArrayVar(&m.UseDatabases, "use-database", nil, "with --from: the `name` of a database that is the account's though its users cannot open it; may be repeated")
	flags.BoolVar(&m.yes, "yes", false, "with --from: do not ask")
	flags.BoolVar(&m.finish, "finish", false, "make the moves of these instances final: vpm adopt --finish ID... or --finish --all")
	otherwise, check := cmd.RunE, cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		m.dry, _ = flags.GetBool("dry-run") // flags of cmd
		m.all, _ = flags.GetBool("all")
		switch {
		case m.finish && m.all != (len(args) == 0):
			return errors.New("cannot tell which moves to finish: give the ids of instances, or --all")
		case m.finish && m.From != "":
			return errors.New("cannot take in an account and finish moves at once")
		case m.finish:
			return nil
		case m.From != "":
			return cli.NoArgs(cmd, args)
		}
		return check(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case m.finish:
			return cli.ForPeople(finishMoves(cmd.Context(), cmd.OutOrStdout(), args))
		case m.From != "":
			return cli.ForPeople(m.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout()))
		}
		return otherwise(cmd, args)
	}
}

func (m *movedAccount) run(ctx context.Context, in io.Reader, out io.Writer) error {
	machine := newMachine()
	sources, err := machine.paths.AllSources()
	if err != nil {
		return err
	}
	m.MariaDB, m.Sources, m.Install = machine.paths.MariaDB, sources, installOptions(out)
	m.Say = func(line string) { fmt.Fprintln(out, line) }
	client := provision.Client{Paths: machine.paths, Units: machine.units}
	m.Served = func(slug string) bool { return served(client.Result(slug)) }
	m.Move = func(ctx context.Context, docroot string) error { return asServer(ctx, out, docroot) }
	if unpacking, err := relocate.PrepareArchive(m.From, m.to, m.Owner); err != nil {
		return err
	} else if unpacking != nil {
		if err := m.agreed(in, out, unpacking.Print); err != nil || m.dry {
			return err
		}
		if err := unpacking.Apply(ctx); err != nil {
			return err
		}
		m.From = unpacking.To
	} else if m.to != "" {
		return core.Errorf(core.CodeInvalid, "cannot use --to: %s is no archive, and stays where it is", m.From)
	}
	plan, err := relocate.Prepare(ctx, m.Options)
	if err != nil {
		return err
	}
	defer plan.Close()
	if plan.Empty() {
		return plan.Print(out)
	}
	if err := m.agreed(in, out, plan.Print); err != nil || m.dry {
		return err
	}
	if err := plan.Apply(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "The account is here. Once you have looked at its sites, \"vpm adopt --finish --all\" makes that final.")
	return err
}

// agreed shows what is to be done and asks a person whether to do it.
func (m *movedAccount) agreed(in io.Reader, out io.Writer, show func(io.Writer) error) error {
	if err := show(out); err != nil || m.dry || m.yes {
		return err
	}
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return core.Errorf(core.CodeInvalid, "cannot ask whether to do this without a terminal: give --yes")
	}
	fmt.Fprint(out, "Do this? [y/N] ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err != nil || word != "y" && word != "yes" {
		return core.Errorf(core.CodeConflict, "nothing was done")
	}
	return nil
}

// finishMoves ends the way back of instances, of all where none is named.
func finishMoves(ctx context.Context, out io.Writer, ids []string) error {
	if os.Geteuid() != 0 {
		return core.Errorf(core.CodeForbidden, "cannot finish moves: this needs root; use sudo")
	}
	from, err := install.TakenOver()
	if err != nil {
		return err
	}
	return asServer(ctx, out, filepath.Dir(from), append([]string{"--finish", "--"}, ids...)...)
}
