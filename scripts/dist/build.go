package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// build compiles the program of a package: static, and not position-independent, which would cost each CGI request more
// than a millisecond. What the environment may ask of the compiler is left out, for it would be in the bytes, and so are
// the state of the repository and the paths of this machine.
func build(file, from, goos, goarch, version string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=exe",
		"-ldflags", "-s -w -X main.version="+version, "-o", file, from)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch,
		"GOAMD64=v1", "GO386=sse2", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build %s for %s/%s: %w\n%s", from, goos, goarch, err, out)
	}
	return nil
}

// sourceDate is the time that all files in the zips have: SOURCE_DATE_EPOCH, else that of the commit, so that the
// pages of two versions never look the same to a browser's cache, else a fixed one.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		out, err := exec.Command("git", "log", "-1", "--format=%ct").Output()
		if err != nil { // sources without git
			return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nil
		}
		text = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot use the time %q: it is not in Unix seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
