package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// block is a piece of code that is run as a whole.
type block struct {
	file             string
	line, column     int
	endLine, endLast int
	statements       int
}

// parse reads a profile, which has a block once for each program that has it, and tells which blocks any of them ran.
func parse(profile string) (map[block]bool, error) {
	blocks := map[block]bool{}
	for line := range strings.Lines(profile) {
		if strings.HasPrefix(line, "mode: ") {
			continue
		}
		var b block
		var count int
		file, rest, _ := strings.Cut(line, ":")
		b.file = file
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.line, &b.column, &b.endLine, &b.endLast, &b.statements, &count); err != nil {
			return nil, fmt.Errorf("cannot read the profile's line %q: %w", line, err)
		}
		blocks[b] = blocks[b] || count > 0
	}
	return blocks, nil
}

// report writes a table of the packages, and then what of them was not run.
func report(to io.Writer, packages []string, blocks map[block]bool) {
	w := bufio.NewWriter(to)
	defer w.Flush()
	statements, ran := map[string]int{}, map[string]int{}
	for b, did := range blocks {
		for _, of := range []string{path.Dir(b.file), "all"} {
			statements[of] += b.statements
			if did {
				ran[of] += b.statements
			}
		}
	}
	fmt.Fprint(w, "| | statements | run |\n|---|---|---|\n")
	for _, of := range append(slices.Clone(packages), "all") {
		if n := statements[of]; n > 0 {
			fmt.Fprintf(w, "| %s | %d | %.1f %% |\n", strings.TrimPrefix(of, "vpm/"), n, 100*float64(ran[of])/float64(n))
		}
	}
	fmt.Fprintln(w, "\nNot run:")
	for _, b := range slices.SortedFunc(maps.Keys(blocks), compare) {
		if !blocks[b] {
			fmt.Fprintf(w, "%s:%d-%d\n", strings.TrimPrefix(b.file, "vpm/"), b.line, b.endLine)
		}
	}
}

func compare(a, b block) int {
	if by := strings.Compare(a.file, b.file); by != 0 {
		return by
	}
	if a.line != b.line {
		return a.line - b.line
	}
	return a.column - b.column
}
