// Command package makes of built programs what scripts/dist adds to the zips: Debian packages, and a software bill of
// materials. The same input gives the same bytes. It is a module of its own, so that the libraries it needs are neither
// among those of vpm nor in its go.sum.
//
//	package -version 1.0 -date 1767225600 -o DIR -root amd64=ROOT -program linux-amd64/vpm=FILE ...
//
// ROOT holds the files of the package as they are to lie below /; every FILE is looked into for what is linked in it, and
// named by where it runs. The names of the files that were made in DIR are printed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// named is a file or directory and what it is called.
type named struct{ name, path string }

func main() {
	var o options
	var seconds int64
	flag.StringVar(&o.version, "version", "dev", "the `version` of vpm")
	flag.Int64Var(&seconds, "date", 0, "the `time` of all files, in Unix seconds")
	flag.StringVar(&o.out, "o", ".", "the `directory` of what is made")
	flag.Func("root", "`arch=directory` of a package's files; may be repeated", list(&o.roots))
	flag.Func("program", "`name=file` of a program; may be repeated", list(&o.programs))
	flag.Parse()
	o.date = time.Unix(seconds, 0).UTC()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

func list(to *[]named) func(string) error {
	return func(s string) error {
		name, path, ok := strings.Cut(s, "=")
		if !ok || name == "" || path == "" {
			return fmt.Errorf("cannot understand %q: it has to be NAME=PATH", s)
		}
		*to = append(*to, named{name, path})
		return nil
	}
}

type options struct {
	version, out    string
	date            time.Time
	roots, programs []named
}

func run(o options) error {
	modules, err := linked(o.programs)
	if err != nil {
		return err
	}
	bill, err := billOfMaterials(o.version, o.date, modules)
	if err != nil {
		return err
	}
	name := "vpm-" + o.version + ".cdx.json"
	if err := os.WriteFile(filepath.Join(o.out, name), bill, 0o644); err != nil {
		return fmt.Errorf("cannot write the bill of materials: %w", err)
	}
	fmt.Println(name)
	for _, root := range o.roots {
		inside := slices.DeleteFunc(slices.Clone(modules), func(m module) bool { return !m.linkedInto(root.name) })
		data, name, err := debian(o, root, notices(o.version, inside))
		if err != nil {
			return fmt.Errorf("cannot make the Debian package for %s: %w", root.name, err)
		}
		if err := os.WriteFile(filepath.Join(o.out, name), data, 0o644); err != nil {
			return fmt.Errorf("cannot write the Debian package: %w", err)
		}
		fmt.Println(name)
	}
	return nil
}
