// Package instrument has the programs that tests build and run report to a directory: which code of core they ran, where
// VPMTEST_COVER names one, or which data races they saw, where VPMTEST_RACE does. The tests' own programs do so by the flags of
// go test. See the targets cover and race of the Makefile.
package instrument

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

// Directories that every user may write in; "" is neither.
var (
	coverDir = os.Getenv("VPMTEST_COVER")
	raceDir  = os.Getenv("VPMTEST_RACE")
)

// Inside is where a container has the directory that Dir is outside.
const Inside = "/instrumented"

// Dir is the directory that programs report to, "" when they are built as they are shipped.
func Dir() string {
	if coverDir != "" {
		return coverDir
	}
	return raceDir
}

// Environment is what tells a program to report to dir, as Dir is seen from where it runs.
func Environment(dir string) []string {
	switch {
	case coverDir != "":
		return []string{"GOCOVERDIR=" + dir}
	case raceDir != "":
		return []string{"GORACE=" + raceOptions(dir)}
	}
	return nil
}

// raceOptions has no program sleep for a second when it ends, which the race detector's programs do otherwise: tests of CGI run
// thousands.
func raceOptions(dir string) string {
	return "log_path=" + filepath.Join(dir, "race") + " atexit_sleep_ms=0"
}

// Build adds to the arguments of go build or go test for pkg what instruments its program, and says what go needs in its
// environment for it. clear is to be called after the build.
func Build(pkg string, args []string) (instrumented, environment []string, clear func(), err error) {
	none := func() {}
	if Dir() == "" {
		return args, []string{"CGO_ENABLED=0"}, none, nil
	}
	flags, environment, err := flags(pkg)
	if err != nil || args[0] == "test" { // which takes the directory from its environment
		return slices.Insert(args, 1, flags...), environment, none, err
	}
	overlay, err := layOver()
	if err != nil {
		return nil, nil, none, fmt.Errorf("cannot instrument %s: %w", pkg, err)
	}
	return slices.Insert(args, 1, append(flags, "-overlay="+filepath.Join(overlay, "overlay.json"))...), environment, func() { _ = os.RemoveAll(overlay) }, nil
}

// flags name the program itself too, without which go has it report nothing.
func flags(pkg string) (flags, environment []string, err error) {
	if raceDir != "" {
		return []string{"-race"}, []string{"CGO_ENABLED=1"}, nil
	}
	packages, err := Packages()
	return []string{"-cover", "-coverpkg=" + strings.Join(append(packages, pkg), ",")}, []string{"CGO_ENABLED=0"}, err
}

// Packages are those whose coverage is measured. The carrier is another with each set of tags, and cannot be merged.
func Packages() ([]string, error) {
	out, err := exec.Command("go", "list", "vpm/core/...").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot list the packages of core: %w", err)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(pkg string) bool { return pkg == carrier }), nil
}

//go:embed reports.go.tmpl
var reports string

var reportsTemplate = template.Must(template.New("reports.go").Parse(reports))

// carrier is a package that every program of ours links, and whose coverage is not measured.
const carrier = "vpm/core/fault"

// layOver makes a directory with a file that a build adds to the carrier (see go help build, -overlay): a web server gives
// programs no environment that could tell them where to report to.
func layOver() (dir string, err error) {
	source, err := exec.Command("go", "list", "-f", "{{.Dir}}", carrier).Output()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp("", "vpm-instrument-"); err != nil {
		return "", err
	}
	file := filepath.Join(dir, "reports.go")
	variable, value, _ := strings.Cut(Environment(Dir())[0], "=")
	var text strings.Builder
	err = reportsTemplate.Execute(&text, map[string]any{"Variable": variable, "Value": value, "Outside": Dir(), "Inside": Inside, "Again": raceDir != ""})
	if err == nil {
		err = os.WriteFile(file, []byte(text.String()), 0o644)
	}
	var overlay []byte
	if err == nil {
		overlay, err = json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(strings.TrimSpace(string(source)), "instrument_reports.go"): file}})
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644)
	}
	return dir, err
}
