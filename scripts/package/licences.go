package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-_.].*)?$`)

// readLicences reads what the authors of the modules demand to be passed on, and finds out which licences these are. One
// that nobody can name is an error: it has to be read before vpm is passed on.
func readLicences(modules []module) error {
	known, err := assets.DefaultClassifier()
	if err != nil {
		return fmt.Errorf("cannot load the known licences: %w", err)
	}
	for i := range modules {
		if err := modules[i].readLicence(known); err != nil {
			return err
		}
	}
	return nil
}

func (m *module) readLicence(known *classifier.Classifier) error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return fmt.Errorf("cannot read the licence of %s: %w", m.path, err)
	}
	var found []string
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.dir, e.Name()))
		if err != nil {
			return fmt.Errorf("cannot read the licence of %s: %w", m.path, err)
		}
		m.texts = append(m.texts, named{e.Name(), string(text)})
		for _, match := range known.Match(text).Matches {
			if match.MatchType == "License" && !slices.Contains(found, match.Name) {
				found = append(found, match.Name)
			}
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("cannot name the licence of %s@%s: read what is in %s", m.path, m.version, m.dir)
	}
	slices.Sort(found)
	m.licence = strings.Join(found, " AND ")
	return nil
}

// notices is the text that goes with the programs: who wrote what is in them, and on what terms.
func notices(version string, modules []module) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "vpm %s, the Virtual Process Manager\n\nIts programs contain what follows, each under the licence that stands below it.\n", version)
	for _, m := range modules {
		name := m.path + " " + m.version
		if m.path == standard {
			name = "Go's standard library and runtime " + m.version
		}
		fmt.Fprintf(&b, "\n%s\n%s (%s)\n", strings.Repeat("-", 78), name, m.licence)
		for _, t := range m.texts {
			fmt.Fprintf(&b, "\n%s:\n\n%s\n", t.name, strings.TrimRight(strings.ReplaceAll(t.path, "\r\n", "\n"), "\n"))
		}
	}
	return []byte(b.String())
}
