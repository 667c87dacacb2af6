package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed disk.php
var diskPage string

// The tree that is measured: filesInEach files in each directory of plugins, of which some lie in others as in a CMS.
const (
	directories = 20_000
	filesInEach = 10
	fileSize    = 100
)

// measurer is a program that adds up the sizes in a tree.
type measurer struct {
	name   string
	args   []string
	env    []string
	output string // "": what it prints is not only the bytes of the files
	times  series
}

// disk measures how long it takes to look at every file of a large account, with the kernel's caches warm.
func (b *bench) disk(ctx context.Context) error {
	tree := filepath.Join(b.dir, "tree")
	if err := plant(ctx, tree); err != nil {
		return err
	}
	page := filepath.Join(b.dir, "disk.php")
	if err := os.WriteFile(page, []byte(diskPage), 0o644); err != nil {
		return fmt.Errorf("cannot write a page: %w", err)
	}
	total := fmt.Sprintln(directories * filesInEach * fileSize)
	vpm := &measurer{name: "vpm's walk", args: []string{b.built.walk, tree}, output: total}
	du := &measurer{name: "du -s --apparent-size", args: []string{"du", "-s", "--apparent-size", tree}}
	php := &measurer{name: "PHP, RecursiveDirectoryIterator", args: []string{"php-cgi", "-q", page}, env: []string{"TREE=" + tree}, output: total}
	all := []*measurer{vpm, du, php}
	for round := -1; round < b.rounds; round++ { // round -1 warms up
		for _, m := range all {
			took, err := m.run(ctx)
			if err != nil {
				return err
			}
			if round >= 0 {
				m.times.add(round, took)
			}
		}
	}
	grown, err := vpm.peak(ctx, b.built.peak)
	if err != nil {
		return err
	}
	rows := []row{vpm.row(all, "<= 0.6x du", vpm.times.ratio(du.times).Median <= 0.6), du.row(all, "", false),
		php.row(all, ">= 5.0x vpm", php.times.ratio(vpm.times).Median >= 5),
		{"peak RSS of vpm's walk, MB", grown, "", "", "< 32 MB", verdict(grown < 32)}}
	return b.print(fmt.Sprintf("Disk, %d files in %d directories", directories*filesInEach, directories),
		[]string{"p50", "x vpm", "x du", "goal", "verdict"}, rows)
}

// plant makes the tree.
func plant(ctx context.Context, tree string) error {
	for i := range directories {
		dir := filepath.Join(tree, "plugin-"+strconv.Itoa(i/1000), "module-"+strconv.Itoa(i/50%20), "part-"+strconv.Itoa(i%50))
		switch i % 50 { // the first two are the directories that the others lie in
		case 0:
			dir = filepath.Dir(dir)
		case 1:
			if i/50%20 == 0 {
				dir = filepath.Dir(filepath.Dir(dir))
			}
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make a tree: %w", err)
		}
		for j := range filesInEach {
			name := filepath.Join(dir, "class-"+strconv.Itoa(j)+".php")
			if err := os.WriteFile(name, make([]byte, fileSize), 0o644); err != nil {
				return fmt.Errorf("cannot make a tree: %w", err)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// run gives how long the program took, in ms.
func (m *measurer) run(ctx context.Context) (float64, error) {
	cmd := exec.CommandContext(ctx, m.args[0], m.args[1:]...)
	cmd.Env = append(os.Environ(), m.env...)
	var output bytes.Buffer
	cmd.Stdout = &output
	begin := time.Now()
	err := cmd.Run()
	took := time.Since(begin)
	if err == nil && m.output != "" && output.String() != m.output {
		err = fmt.Errorf("it printed %q, not %q", output.String(), m.output)
	}
	if err != nil {
		return 0, fmt.Errorf("cannot measure %s: %w", m.name, err)
	}
	return float64(took) / float64(time.Millisecond), nil
}

// peak gives the most memory the program had, in MB.
func (m *measurer) peak(ctx context.Context, peak string) (float64, error) {
	cmd := exec.CommandContext(ctx, peak, m.args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("cannot measure %s: %w: %s", m.name, err, stderr.String())
	}
	kilobytes, err := strconv.ParseFloat(stderr.String(), 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read how much memory was used: %w", err)
	}
	return kilobytes / 1024, nil
}

// row gives the cells of m; the first two of all are what it is compared with.
func (m *measurer) row(all []*measurer, goal string, met bool) row {
	cells := row{m.name, m.times.quantile(0.5), 1, 1, goal, ""}
	for i, other := range all[:2] {
		if m != other {
			cells[2+i] = m.times.ratio(other.times)
		}
	}
	if goal != "" {
		cells[5] = verdict(met)
	}
	return cells
}
