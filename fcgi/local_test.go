package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestOwnerOfSettings: who can put a link in the place of settings is not made root by where it leads.
func TestOwnerOfSettings(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this needs root, who becomes others")
		}
		t.Skip("this needs root, who becomes others")
	}
	const other = 65534
	roots, others := t.TempDir(), filepath.Join(t.TempDir(), "home")
	settings := filepath.Join(roots, "vpm.env")
	linked, own, link := filepath.Join(others, "vpm.env"), filepath.Join(others, "own.env"), filepath.Join(roots, "link.env")
	for _, err := range []error{os.Mkdir(others, 0o755), os.WriteFile(settings, nil, 0o600), os.WriteFile(own, nil, 0o600), os.Chown(own, other, other),
		os.Symlink(settings, linked), os.Symlink(settings, link), os.Lchown(link, other, other), os.Chown(others, other, other)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]int{settings: 0, linked: other, own: other, link: other} {
		if uid, err := ownerOf(path); uid != want || err != nil {
			t.Errorf("the settings %s are those of %d, %v; want %d", path, uid, err, want)
		}
	}
	if _, err := ownerOf(filepath.Join(roots, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of no settings: %v", err)
	}
}
