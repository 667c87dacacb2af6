//go:build man

package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// addMan adds the command that writes the man pages, when vpm is packaged: what makes them is not linked into the server.
func addMan(root *cobra.Command) {
	root.AddCommand(&cobra.Command{
		Use:    "man DIRECTORY",
		Short:  "Write the man pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root.DisableAutoGenTag = true // a date would make each build another; SOURCE_DATE_EPOCH dates the pages
			return doc.GenManTree(root, &doc.GenManHeader{Section: "8", Manual: "vpm", Source: "vpm " + version}, args[0])
		},
	})
}
