package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// completions are where the shells look for what completes vpm's command line.
var completions = map[string]string{"bash": "bash-completion/completions/vpm", "zsh": "zsh/vendor-completions/_vpm", "fish": "fish/vendor_completions.d/vpm.fish"}

// describe has vpm itself write its manual pages and completions below share.
func (p *packages) describe(share string) error {
	vpm := filepath.Join(p.work, "vpm-here") // built for this machine, whatever the package is for
	if _, err := os.Stat(vpm); err != nil {
		compile := exec.Command("go", "build", "-buildvcs=false", "-tags", "man", "-ldflags", "-X main.version="+p.version, "-o", vpm, "./fcgi")
		compile.Env = append(os.Environ(), "GOFLAGS=", "GOOS=", "GOARCH=", "CGO_ENABLED=0")
		if out, err := compile.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build vpm for its manual: %w\n%s", err, out)
		}
	}
	here, err := filepath.Abs(vpm)
	if err != nil {
		return fmt.Errorf("cannot write the manual: %w", err)
	}
	man := filepath.Join(share, "man/man8")
	if err := os.MkdirAll(man, 0o755); err != nil {
		return fmt.Errorf("cannot write the manual: %w", err)
	}
	cmd := exec.Command(here, "man", man)
	cmd.Env = append(os.Environ(), "TZ=UTC", "SOURCE_DATE_EPOCH="+strconv.FormatInt(p.date.Unix(), 10))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot write the manual: %w\n%s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(man, "*.8"))
	if err != nil {
		return fmt.Errorf("cannot write the manual: %w", err)
	}
	for _, page := range pages {
		if err := compress(page); err != nil {
			return fmt.Errorf("cannot write the manual: %w", err)
		}
	}
	for shell, name := range completions {
		text, err := exec.Command(here, "completion", shell).Output()
		file := filepath.Join(share, name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(file), 0o755)
		}
		if err == nil {
			err = os.WriteFile(file, text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("cannot write what completes commands in %s: %w", shell, err)
		}
	}
	return nil
}

// compress puts a page in place as Debian has it.
func compress(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = os.WriteFile(page+".gz", out.Bytes(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Remove(page)
}
