// Command cover runs tests, of the packages that are named or of all, and says how much of core they ran: in their own
// processes, and in the programs that they build and start, under suEXEC and in containers too. See make cover.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"vpm/scripts/instrument"
)

func main() {
	profile := flag.String("profile", "cover.out", "file to write the profile to, for go tool cover")
	data := flag.String("data", "", "keep what is reported in this directory, and add to what is there; such a directory of earlier runs without packages is only read")
	flag.Parse()
	if err := run(*profile, *data, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "cover:", err)
		os.Exit(1)
	}
}

func run(profile, data string, tests []string) error {
	packages, err := instrument.Packages()
	if err != nil {
		return err
	}
	if data == "" {
		if data, err = os.MkdirTemp("", "vpm-cover-"); err != nil {
			return err
		}
		defer os.RemoveAll(data)
		if len(tests) == 0 {
			tests = []string{"./..."}
		}
	}
	if data, err = filepath.Abs(data); err != nil {
		return err
	}
	var failed error
	if len(tests) > 0 {
		failed = test(data, packages, tests)
	}
	convert := exec.Command("go", "tool", "covdata", "textfmt", "-i="+data, "-o="+profile, "-pkg="+strings.Join(packages, ","))
	if out, err := convert.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot read what was reported: %w\n%s", err, out)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return err
	}
	blocks, err := parse(string(text))
	if err != nil {
		return err
	}
	report(os.Stdout, packages, blocks)
	return failed
}

// test runs the tests. What ran counts, whether they pass or not.
func test(data string, packages, tests []string) error {
	if err := os.Chmod(data, 0o777); err != nil { // programs run as many users, and each replaces the others' description of itself
		return err
	}
	args := append([]string{"test", "-count=1", "-timeout=60m", "-cover", "-coverpkg=" + strings.Join(packages, ",")}, tests...)
	cmd := exec.Command("go", append(args, "-args", "-test.gocoverdir="+data)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), "VPMTEST_COVER="+data, "GOCOVERDIR="+data)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot pass the tests: %w", err)
	}
	return nil
}
