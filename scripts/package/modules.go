package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// module is one that is linked into programs.
type module struct {
	path, version string
	sum           string // as go.sum has it, "" for Go's own library
	dir           string
	licence       string // an SPDX expression
	texts         []named
	programs      []string // the names of those it is in
}

// standard is what Go's own library and runtime are called in package URLs.
const standard = "std"

// linked lists the modules in the programs by path, and looks up their licences.
func linked(programs []named) ([]module, error) {
	byPath := map[string]*module{}
	add := func(path, version, sum, program string) {
		m := byPath[path+"@"+version]
		if m == nil {
			m = &module{path: path, version: version, sum: sum}
			byPath[path+"@"+version] = m
		}
		m.programs = append(m.programs, program)
	}
	for _, p := range programs {
		info, err := buildinfo.ReadFile(p.path)
		if err != nil {
			return nil, fmt.Errorf("cannot read what is linked into %s: %w", p.name, err)
		}
		add(standard, strings.TrimPrefix(info.GoVersion, "go"), "", p.name)
		for _, d := range info.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			if strings.HasPrefix(d.Path, "./") { // a directory of ours: cgi/alone
				continue
			}
			add(d.Path, d.Version, d.Sum, p.name)
		}
	}
	modules := make([]module, 0, len(byPath))
	for _, m := range byPath {
		modules = append(modules, *m)
	}
	slices.SortFunc(modules, func(a, b module) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.version, b.version))
	})
	if err := locate(modules); err != nil {
		return nil, err
	}
	return modules, readLicences(modules)
}

// locate finds the sources, which lie in the module cache since they were built from.
func locate(modules []module) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("cannot find Go's sources: %w", err)
	}
	args := []string{"mod", "download", "-json"}
	byName := map[string]*module{}
	for i := range modules {
		m := &modules[i]
		if m.path == standard {
			m.dir = strings.TrimSpace(string(root))
			continue
		}
		args = append(args, m.path+"@"+m.version)
		byName[m.path+"@"+m.version] = m
	}
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("cannot find the sources of the modules: %w", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var at struct{ Path, Version, Sum, Dir string }
		if err := d.Decode(&at); err != nil {
			return fmt.Errorf("cannot find the sources of the modules: %w", err)
		}
		m := byName[at.Path+"@"+at.Version]
		if m == nil || m.sum != "" && m.sum != at.Sum {
			return fmt.Errorf("cannot use the sources of %s@%s: they are not those that were linked", at.Path, at.Version)
		}
		m.dir = at.Dir
	}
	return nil
}

// linkedInto tells whether a program for Linux on that architecture has the module.
func (m module) linkedInto(arch string) bool {
	return slices.ContainsFunc(m.programs, func(name string) bool { return strings.HasPrefix(name, "linux-"+arch+"/") })
}
