package htaccess

import (
	"os"
	"testing"
)

func TestUploadedRoutingFileIsRendered(t *testing.T) {
	const path = "../public_html/api/.htaccess"
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Routing() {
		t.Errorf("%s is not what the table renders; run: go run ./scripts/routing > public_html/api/.htaccess", path)
	}
}

func TestMatch(t *testing.T) {
	exists := func(p string) bool { return p == "auth/login.php" || p == "instances/start.php" || p == Program386 }
	if _, got, _ := Match("switch386.php", func(string) bool { return false }); got != "vpm.cgi/switch386.php" {
		t.Errorf("without the 32-bit program the switch maps to %q, want the 404 of vpm.cgi", got)
	}
	for path, want := range map[string]string{
		"instances/start.php": "vpm.cgi/instances/start", // a file of an older API does not hide the call
		"instances/start":     "vpm.cgi/instances/start",
		"instances/start/":    "vpm.cgi/instances/start",
		"v1/instances":        "vpm.cgi/v1/instances",
		"v1/instances/wp-1":   "vpm.cgi/v1/instances/wp-1",
		"kernel/processes":    "vpm.cgi/kernel/processes",
		"setup.php":           "vpm.cgi/setup",
		"switch386.php":       "vpm-386.cgi/switch386",
		"auth/login.php":      "",
		"auth/login":          "vpm.cgi/auth/login",
		"auth/verify.php":     "vpm.cgi/auth/verify.php",
		"no/such/thing.php":   "vpm.cgi/no/such/thing.php",
		"":                    "",
	} {
		if _, got, _ := Match(path, exists); got != want {
			t.Errorf("Match(%q) = %q, want %q", path, got, want)
		}
	}
}
