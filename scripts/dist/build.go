package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// build compiles a package: static, and not position-independent, which would cost each CGI request more than a
// millisecond. What the environment may ask of the compiler is left out, for it would be in the bytes, and so are
// the state of the repository and the paths of this machine. variables are set by the linker, as main.version=1.
func build(file, goos, goarch, pkg string, variables ...string) error {
	flags := "-s -w"
	for _, v := range variables {
		flags += " -X " + v
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=exe", "-ldflags", flags, "-o", file, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch,
		"GOAMD64=v1", "GO386=sse2", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build %s for %s/%s: %w\n%s", pkg, goos, goarch, err, out)
	}
	return nil
}

// buildAll compiles the programs of a kind of host into dir. Each vpm.cgi knows the checksum of the server that comes with
// it: what it has installed is what it was released with.
func buildAll(dir string, t target, version string) (files []entry, err error) {
	of := []string{"main.version=" + version}
	if t.server {
		file := filepath.Join(dir, t.os+"-"+t.arch+"-vpm")
		if err := build(file, t.os, t.arch, "./fcgi", of...); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read what was built: %w", err)
		}
		of = append(of, fmt.Sprintf("main.serverSum=%x", sha256.Sum256(data)))
		files = append(files, entry{"api/vpm", file})
	}
	for _, p := range t.programs {
		file := filepath.Join(dir, t.os+"-"+p.arch)
		if err := build(file, t.os, p.arch, "./cgi", of...); err != nil {
			return nil, err
		}
		files = append(files, entry{"api/" + p.name, file})
	}
	return files, nil
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
