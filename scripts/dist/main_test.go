package main

import "testing"

func TestReadable(t *testing.T) {
	for version, want := range map[string]string{
		"v0.1-3-gabc-dirty": "v0.1-3-gabc-dirty",
		"1.0~rc1+deb12":     "1.0~rc1+deb12",
		"release/1.0":       "release-1.0",
		"../../etc":         "..-..-etc",
		`it's "q"`:          "it-s-q",
		"":                  "dev",
		"/":                 "dev",
	} {
		if got := readable(version); got != want {
			t.Errorf("readable(%q) = %q, want %q", version, got, want)
		}
	}
}
