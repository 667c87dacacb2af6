package main

import (
	"os/exec"
	"testing"
	"time"
)

// TestDebianVersion lists versions from the earliest to the latest, and asks dpkg whether they are.
func TestDebianVersion(t *testing.T) {
	date := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	last := ""
	for _, c := range [][2]string{
		{"0123abc", "0~20261123100000.0123abc"},
		{"dev", "0~20261123100000.dev"},
		{"f72fab9-dirty", "0~20261123100000.f72fab9+dirty"},
		{"v0.9", "0.9"},
		{"v1.0-rc1", "1.0~rc1"},
		{"v1.0-rc1-2-gabcdef0", "1.0~rc1+2.gabcdef0"},
		{"v1.0", "1.0"},
		{"v1.0-3-gabcdef0", "1.0+3.gabcdef0"},
		{"v1.0-3-gabcdef0-dirty", "1.0+3.gabcdef0+dirty"},
		{"1.1", "1.1"},
	} {
		got := debianVersion(c[0], date)
		if got != c[1] {
			t.Errorf("debianVersion(%q) = %q, want %q", c[0], got, c[1])
		}
		if last != "" {
			if err := exec.Command("dpkg", "--compare-versions", last, "lt", got).Run(); err != nil {
				t.Errorf("%s is not before %s: %v", last, got, err)
			}
		}
		last = got
	}
}
