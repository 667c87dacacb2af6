package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// print writes one section of the table. The cells of its head and rows beyond the first are columns.
func (b *bench) print(title string, head []string, rows [][]string) error {
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\t%s\n", strings.ToUpper(title), strings.Join(head, "\t"))
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("cannot print the table: %w", err)
	}
	return nil
}
