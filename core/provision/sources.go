package provision

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"vpm/core"
)

// AllSources are Sources and those that the files of MoreSources add. Lines that are empty or begin with # are none.
func (p Paths) AllSources() ([]string, error) {
	all := slices.Clone(p.Sources)
	files, err := filepath.Glob(p.MoreSources + "/*")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, core.Errorf(core.CodeUnavailable, "cannot read where sites may lie: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				all = append(all, line)
			}
		}
	}
	return all, nil
}

// checkSourceAllowed refuses directories that root is to leave alone, whoever asks. What was provisioned is one of them
// wherever the sources are.
func (p Paths) checkSourceAllowed(dir string) error {
	sources, err := p.AllSources()
	if err != nil {
		return err
	}
	if !atOrBelowPattern(dir, p.Sites) && slices.ContainsFunc(sources, func(pattern string) bool { return atOrBelowPattern(dir, pattern) }) {
		return nil
	}
	return core.Errorf(core.CodeForbidden, "%s is not where vpm may look for sites: %s; an administrator can add to them, a pattern a line, in a file in %s",
		dir, strings.Join(sources, ", "), p.MoreSources)
}

// atOrBelowPattern tells whether dir, or a directory above it, matches a pattern of path.Match.
func atOrBelowPattern(dir, pattern string) bool {
	names := strings.Split(dir, "/")
	depth := strings.Count(pattern, "/") + 1
	if len(names) < depth {
		return false
	}
	ok, err := path.Match(pattern, strings.Join(names[:depth], "/"))
	return ok && err == nil
}
