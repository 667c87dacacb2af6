package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"vpm/core"
	"vpm/fcgi/cli"
)

// run is a command line in this process.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	code = Run(t.Context(), args, strings.NewReader(""), &out, &said)
	return code, out.String(), said.String()
}

// TestUsage: what is wrong with the words is said in one line on stderr, with status 2.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, says string }{
		{"", "vpm: cannot do anything without a command; see vpm --help\n"},
		{"nonsense", `vpm: cannot find the command "nonsense"; see vpm --help` + "\n"},
		{"doctr", `vpm: cannot find the command "doctr" (doctor?); see vpm --help` + "\n"},
		{"user", "vpm: cannot do anything without a command; see vpm user --help\n"},
		{"token crate", `vpm: cannot find the command "crate" (create?); see vpm token --help` + "\n"},
		{"serve --no-such", "vpm: cannot understand the arguments: unknown flag: --no-such; see vpm serve --help\n"},
		{"serve more", `vpm: cannot understand "more": it takes no arguments; see vpm serve --help` + "\n"},
		{"serve --config vpm.env", "vpm: cannot use --config and --docroot: both must be absolute paths\n"},
		{"provision", "vpm: cannot do this without the slug of one instance; see vpm provision --help\n"},
		{"gate one two", "vpm: cannot do this without the slug of one instance; see vpm gate --help\n"},
		{"gate --help", `vpm: cannot use the short name "--help": it has to be 1 to 24 lower-case letters and digits` + "\n"},
	} {
		if code, out, said := run(t, strings.Fields(c.args)...); code != exitUsage || out != "" || said != c.says {
			t.Errorf("vpm %s: %d %q %q", c.args, code, out, said)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"version", "--version"} {
		if code, out, said := run(t, word); code != exitDone || out != "vpm dev\n" || said != "" {
			t.Errorf("vpm %s: %d %q %q", word, code, out, said)
		}
	}
	if code, out, _ := run(t, "--help"); code != exitDone || !strings.Contains(out, exitHelp) || strings.Contains(out, "deprovision") {
		t.Errorf("vpm --help: %d %s", code, out)
	}
}

// TestExitStatus: each code of the API has its own, whether it comes whole or made into a sentence.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[core.Code]int{core.CodeInternal: 1, core.CodeInvalid: 2, core.CodeNotFound: 3, core.CodeUnauthenticated: 4,
		core.CodeForbidden: 4, core.CodeConflict: 5, core.CodeBusy: 5, core.CodeNotEffective: 5, core.CodeUnavailable: 6, core.CodeThrottled: 6} {
		err := core.Errorf(code, "cannot do it").Because(errors.New("a secret cause"))
		if got := exitStatus(err); got != want {
			t.Errorf("%s ends with %d; want %d", code, got, want)
		}
		if said := cli.ForPeople(err); exitStatus(said) != want || said.Error() != "cannot do it" {
			t.Errorf("%s for people: %d %v", code, exitStatus(said), said)
		}
	}
	if exitStatus(nil) != 0 || exitStatus(errors.New("it failed")) != 1 {
		t.Error("nil and an error without a code end otherwise")
	}
}
