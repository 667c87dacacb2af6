// Package gatetest shows the gate of a stopped site to real servers: an Apache like a shared host's, and an nginx.
package gatetest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

const (
	token = "0123456789abcdef0123456789abcdef"
	// siteText is in everything that belongs to the site that is stopped.
	siteText = "SITE-TEXT"
)

// startHost starts an Apache that serves the tree.
func startHost(t *testing.T, options lab.Options, tree map[string]string) *lab.Host {
	t.Helper()
	host := lab.NewHost(t, options)
	for name, text := range tree {
		write(t, filepath.Join(host.Docroot, name), text)
	}
	if err := host.Chown(host.Docroot); err != nil {
		t.Fatal(err)
	}
	return host
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// Apache's ETag of a file that is seconds old is another, and two servers are compared.
	old := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	// By rename, as the server may be reading it.
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".new", old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func render(t *testing.T, g htaccess.Gate) string {
	t.Helper()
	if g.Instance == "" {
		g.Instance = "site"
	}
	block, err := g.Render()
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// closeSite writes the gate into the docroot's file.
func closeSite(t *testing.T, host *lab.Host, file, block string) {
	t.Helper()
	write(t, filepath.Join(host.Docroot, ".htaccess"), string(htaccess.Close([]byte(file), true, block)))
}
