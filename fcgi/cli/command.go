// Package cli is what people operate vpm with from a shell. Every command asks the API, so that the answers are the same
// everywhere.
package cli

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/spf13/cobra"

	"vpm/core"
	"vpm/core/client"
)

// Commands are those that ask the API of a panel: that of this machine, or another.
func Commands(local Local, backups Backups) []*cobra.Command {
	return []*cobra.Command{
		newList(local), newStatus(local), newTop(local),
		newStart(local), newStop(local), newRestart(local),
		newHealth(local), newUsage(local), newHistory(local), newEvents(local), newLogs(local),
		newScan(local), newAdopt(local), newCreate(local), newDelete(local), newMove(local), newLimits(local),
		newTick(local), newMigrate(local), newBackup(local, backups), newRestore(local, backups), newUser(local), newToken(local),
	}
}

// call is one command under way.
type call struct {
	*client.Client
	*screen
	ctx  context.Context
	cmd  *cobra.Command
	args []string
	dry  bool
}

// asking makes cmd one that asks a panel.
func asking(local Local, cmd *cobra.Command, run func(*call) error) *cobra.Command {
	var c connection
	c.flags(cmd.Flags())
	format := formatTable
	cmd.Flags().VarP(&format, "output", "o", "table, json (the API's answer) or yaml")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		panel, end, err := c.open(cmd, local)
		if err != nil {
			return ForPeople(err)
		}
		defer end()
		dry, _ := cmd.Flags().GetBool("dry-run") // false where there is no such flag
		return ForPeople(run(&call{Client: panel, screen: newScreen(cmd, format), ctx: cmd.Context(), cmd: cmd, args: args, dry: dry}))
	}
	return cmd
}

// named makes cmd one that takes ids of instances, which shells complete.
func named(local Local, cmd *cobra.Command, least, most int) *cobra.Command {
	cmd.Args = arguments(least, most)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeIDs(cmd, local), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// many is as many instances as one request may change.
const many = 100

// completeIDs gives the ids with their names; none where they cannot be had.
func completeIDs(cmd *cobra.Command, local Local) []string {
	var c connection
	for name, value := range map[string]*string{"url": &c.url, "token-file": &c.tokenFile, "config": &c.config, "docroot": &c.docroot} {
		*value, _ = cmd.Flags().GetString(name) // the flags are there
	}
	if c.tokenFile == "-" {
		return nil
	}
	panel, end, err := c.open(cmd, local)
	if err != nil {
		return nil
	}
	defer end()
	answer, err := panel.Get(cmd.Context(), "instances/list", nil)
	if err != nil {
		return nil
	}
	l, err := decode[listAnswer](answer)
	if err != nil {
		return nil
	}
	ids := make([]string, len(l.Instances))
	for i, in := range l.Instances {
		ids[i] = cobra.CompletionWithDesc(clean(in.ID), clean(in.Name))
	}
	return ids
}

// get asks for one instance.
func (c *call) get(path, id string, more ...string) (json.RawMessage, error) {
	q := url.Values{"instance_id": {id}}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			q.Set(more[i], more[i+1])
		}
	}
	return c.Get(c.ctx, path, q)
}

// decode reads an answer.
func decode[T any](answer json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(answer, &v); err != nil {
		return v, core.Errorf(core.CodeUnavailable, "cannot understand the answer: it is not as this version of vpm knows it").Because(err)
	}
	return v, nil
}

// present shows an answer: as it is, or what table makes of it.
func present[T any](c *call, answer json.RawMessage, err error, table func(T) []block) error {
	if err != nil {
		return err
	}
	return c.show(answer, func() ([]block, error) {
		v, err := decode[T](answer)
		if err != nil {
			return nil, err
		}
		return table(v), nil
	})
}

// told is an error as people read it: the sentence, and no cause.
type told struct{ error }

func (t told) Error() string { return core.Sentence(t.error) }

func (t told) Unwrap() error { return t.error }

// ForPeople leaves of an error of the domain its sentence; the code stays to be asked for.
func ForPeople(err error) error {
	if core.CodeOf(err) == "" || core.CodeOf(err) == core.CodeInternal && core.Sentence(err) == "it failed" {
		return err // not of the domain: it has nothing but its text
	}
	return told{err}
}
