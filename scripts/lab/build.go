package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"vpm/scripts/instrument"
)

// Build builds a package of the module as its programs are shipped, static and not position-independent, into the file
// path, or as package instrument wants them. The flags are further ones of go build.
func Build(path, pkg string, flags ...string) error { return BuildFor("", path, pkg, flags...) }

// BuildFor is Build for a processor, by its GOARCH; "" is this machine's.
func BuildFor(arch, path, pkg string, flags ...string) error {
	return build(arch, path, pkg, append([]string{"build", "-buildmode=exe"}, flags...))
}

// BuildTest builds the test program of a package, with further flags of go test.
func BuildTest(path, pkg string, flags ...string) error {
	return build("", path, pkg, append([]string{"test", "-c"}, flags...))
}

func build(arch, path, pkg string, args []string) error {
	environment := []string{"CGO_ENABLED=0", "GOARCH=" + arch}
	if arch == "" { // others are as they are shipped: not every processor has a race detector
		var clear func()
		var err error
		if args, environment, clear, err = instrument.Build(pkg, args); err != nil {
			return err
		}
		defer clear()
	}
	cmd := exec.Command("go", append(args, "-o", path, pkg)...)
	cmd.Env = append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build %s: %w\n%s", filepath.Base(path), err, out)
	}
	return nil
}
