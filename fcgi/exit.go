package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vpm/core"
)

// The exit statuses, by which scripts tell failures apart.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitNotFound
	exitRefused
	exitConflict
	exitUnavailable
)

// exitHelp documents them.
const exitHelp = `Exit status:
  0  done
  1  failed
  2  wrong usage, or a value that cannot be used
  3  not found
  4  refused: not logged in, or not allowed
  5  conflict: the state does not allow it, another change is under way, or it had no effect
  6  unavailable: the database, the server or the settings cannot be used now
`

// exitStatus is the one map from codes to exit statuses.
func exitStatus(err error) int {
	if err == nil {
		return exitDone
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	switch core.CodeOf(err) {
	case core.CodeInvalid:
		return exitUsage
	case core.CodeNotFound:
		return exitNotFound
	case core.CodeUnauthenticated, core.CodeForbidden:
		return exitRefused
	case core.CodeConflict, core.CodeBusy, core.CodeNotEffective:
		return exitConflict
	case core.CodeUnavailable, core.CodeThrottled:
		return exitUnavailable
	}
	return exitFailed
}

// usageError says that the words of the command line are wrong.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// report says what went wrong, and gives the exit status.
func report(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, "vpm:", err)
	}
	return exitStatus(err)
}

// markUsage makes what cobra finds wrong with flags and arguments a usageError, for cmd and all below it.
func markUsage(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("cannot understand the arguments: %w; see %s --help", err, cmd.CommandPath())}
	})
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(check(cmd, args), cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
				return &usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		markUsage(sub)
	}
}
