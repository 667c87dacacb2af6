package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// growFiles measures the walk over trees.
func (b *bench) growFiles(ctx context.Context) ([]*curve, error) {
	c := &curve{name: "the walk over its directory"}
	for _, n := range []int{100, 1_000, 10_000, 100_000} {
		tree := filepath.Join(b.dir, "files-"+strconv.Itoa(n))
		for i := range n {
			dir := filepath.Join(tree, "part-"+strconv.Itoa(i/1000), "module-"+strconv.Itoa(i/10%100))
			if i%10 == 0 {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					return nil, fmt.Errorf("cannot make a tree: %w", err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "class-"+strconv.Itoa(i%10)+".php"), make([]byte, fileSize), 0o644); err != nil {
				return nil, fmt.Errorf("cannot make a tree: %w", err)
			}
		}
		walk := &measurer{name: "vpm's walk", args: []string{b.built.walk, tree}, output: fmt.Sprintln(n * fileSize)}
		for i := range max(3, b.rounds) {
			ms, err := processorTime(1, func() error {
				_, err := walk.run(ctx)
				return err
			})
			if err != nil {
				return nil, err
			}
			if i > 0 { // the first warms up
				walk.times.add(0, ms)
			}
		}
		c.points = append(c.points, [2]float64{float64(n), walk.times.quantile(0.5)})
	}
	return []*curve{c}, nil
}
