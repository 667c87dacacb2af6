package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds a package of the module as its programs are shipped, static and not position-independent, into the file
// path. The flags are further ones of go build.
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
	cmd := exec.Command("go", append(args, "-o", path, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if arch != "" {
		cmd.Env = append(cmd.Env, "GOARCH="+arch)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build %s: %w\n%s", filepath.Base(path), err, out)
	}
	return nil
}
