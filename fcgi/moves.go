package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/httpapi"
	"vpm/core/provision"
	"vpm/fcgi/cli"
)

// newMoves is "vpm moves", which root runs as the server's user: it moves the instances that are not, or finishes moves.
func newMoves() *cobra.Command {
	docroot, finish := usualDocroot, false
	cmd := &cobra.Command{
		Use:    "moves [ID...]",
		Short:  "For vpm adopt",
		Hidden: true,
		RunE: func(cmd *cobra.Command, ids []string) error {
			return cli.ForPeople(movesCommand(cmd.Context(), cmd.OutOrStdout(), docroot, finish, ids))
		},
	}
	cmd.Flags().StringVar(&docroot, "docroot", docroot, "the document root below which the panel's URLs lie")
	cmd.Flags().BoolVar(&finish, "finish", false, "finish moves")
	return cmd
}

func movesCommand(ctx context.Context, out io.Writer, docroot string, finish bool, ids []string) error {
	a := app.LoadPanel(docroot, os.Stderr, 4)
	defer a.Close()
	a.Real = newMachine().real
	b, err := a.API.Backend()
	if err != nil {
		return err
	}
	if b.Moves.Move == nil {
		mode, _ := b.Mode(ctx).(app.Mode)
		return core.Errorf(core.CodeConflict, "cannot move instances: they cannot have processes of their own here: %s", mode.Missing)
	}
	ctx = core.WithServer(ctx, here)
	records, _, err := b.Manager.Store.Records(ctx, core.Query{})
	if err != nil {
		return err
	}
	m := &moves{Backend: b, out: out}
	if len(ids) == 0 {
		for _, r := range records {
			ids = append(ids, r.Instance.InstanceID)
		}
		m.all = true
	}
	failed, do, doing := 0, m.move, "move"
	if finish {
		do, doing = m.finish, "finish the move of"
	}
	for _, id := range ids {
		if err := do(ctx, id); err != nil {
			if len(ids) == 1 && !m.all {
				return err
			}
			failed++
			fmt.Fprintf(out, "%s: %s\n", id, core.Sentence(err))
		}
		if err := ctx.Err(); err != nil {
			return core.Errorf(core.CodeUnavailable, "cannot go on: %w", err)
		}
	}
	if failed > 0 {
		return core.Errorf(core.CodeNotEffective, "cannot %s %d of %d instances: see above; the same command goes on with them", doing, failed, len(ids))
	}
	return nil
}

// moves moves instances one by one.
type moves struct {
	*httpapi.Backend
	out io.Writer
	all bool // nobody has named the instances
}

var mover = core.Actor{Name: "vpm adopt"}

// served tells whether the last that root tells of an instance is that visitors are served by its process.
func served(r provision.Result, err error) bool {
	return err == nil && r.State == provision.Done && r.Operation != provision.Deprovision && r.Operation != provision.Undo && len(r.Servers) > 0
}

func (m *moves) progress(ctx context.Context, id string) (provision.Result, error) {
	told, err := m.Moves.Progress(ctx, id)
	r, _ := told.(provision.Result)
	return r, err
}

// Once a copy takes longer than a job may, it is asked how far it is.
const (
	moveLimit  = time.Minute
	askedEvery = time.Second
)

func (m *moves) move(ctx context.Context, id string) error {
	r, err := m.Manager.Store.Record(ctx, id)
	if err != nil {
		return err
	}
	moved, err := m.hasProcess(ctx, r.Instance)
	if err != nil {
		return err
	}
	if moved && served(m.progress(ctx, id)) {
		fmt.Fprintf(m.out, "%s: has a process of its own already\n", id)
		return nil
	}
	fmt.Fprintf(m.out, "%s: moving from %s\n", id, r.Instance.Docroot(m.Manager.Base))
	for {
		result, err := m.try(ctx, id)
		if core.CodeOf(err) != core.CodeBusy || ctx.Err() != nil {
			if err != nil {
				return err
			}
			return m.tell(ctx, id, result)
		}
		if p, err := m.progress(ctx, id); err == nil && p.State == provision.Running && p.Copy.TotalFiles > 0 {
			fmt.Fprintf(m.out, "%s: copied %d of %d files\n", id, p.Copy.Files, p.Copy.TotalFiles)
		}
		select {
		case <-ctx.Done():
		case <-time.After(askedEvery):
		}
	}
}

func (m *moves) hasProcess(ctx context.Context, in core.Instance) (bool, error) {
	if both, ok := m.Manager.Runtime.(*core.ByMode); ok {
		return both.Moved(ctx, in)
	}
	return false, nil
}

func (m *moves) try(ctx context.Context, id string) (provision.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, moveLimit)
	defer cancel()
	told, err := m.Moves.Move(ctx, mover, id)
	r, _ := told.(provision.Result)
	return r, err
}

// tell says how the instance is now, and what of it is not as it was.
func (m *moves) tell(ctx context.Context, id string, result provision.Result) error {
	r, err := m.Manager.Status(ctx, id)
	if err != nil {
		return err
	}
	process, err := m.Manager.Runtime.Process(ctx, r)
	if err != nil {
		return err
	}
	pid, err := process.PID.MarshalJSON()
	if err != nil {
		return err
	}
	if r.Stopped() {
		fmt.Fprintf(m.out, "%s: moved to %s for the user %s; it is stopped, as it was\n", id, result.Docroot, result.User)
	} else {
		fmt.Fprintf(m.out, "%s: moved to %s, runs as %s, PID %s\n", id, result.Docroot, result.User, pid)
	}
	for _, line := range result.LeftOut {
		fmt.Fprintf(m.out, "%s: not carried over from %s, line %d: %s (%s)\n", id, line.File, line.Line, line.Text, line.Why)
	}
	for _, text := range result.Warnings {
		fmt.Fprintf(m.out, "%s: %s\n", id, text)
	}
	for _, s := range result.Skipped {
		fmt.Fprintf(m.out, "%s: not copied: %s (%s)\n", id, s.Path, s.Why)
	}
	return nil
}

// finish ends the way back of one. Of all, those that have none are passed over.
func (m *moves) finish(ctx context.Context, id string) error {
	r, err := m.Manager.Store.Record(ctx, id)
	if err != nil {
		return err
	}
	from := r.Instance.MovedFrom()
	if from == "" && m.all {
		return nil
	}
	if _, err := m.Moves.Finish(ctx, mover, id); err != nil {
		return err
	}
	if from == "" {
		fmt.Fprintf(m.out, "%s: is final already\n", id)
		return nil
	}
	fmt.Fprintf(m.out, "%s: final; %s is not used any more and may be deleted\n", id, from)
	return nil
}
