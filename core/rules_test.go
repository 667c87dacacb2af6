package core_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// allowed is the picture of the house: which of our packages each may import. One that is not listed may
// import none.
var allowed = map[string][]string{
	"vpm/core":            {},
	"vpm/core/atomicfile": {"vpm/core/fault"},
	"vpm/core/fault":      {},
	"vpm/core/gateway":    {"vpm/core"},
	"vpm/htaccess":        {},

	"vpm/core/alert":     {"vpm/core"},
	"vpm/core/auth":      {"vpm/core"},
	"vpm/core/backup":    {"vpm/core", "vpm/core/atomicfile", "vpm/core/store"},
	"vpm/core/client":    {"vpm/core"},
	"vpm/core/cms":       {"vpm/core"},
	"vpm/core/config":    {"vpm/core", "vpm/core/atomicfile"},
	"vpm/core/httpapi":   {"vpm/core"},
	"vpm/core/store":     {"vpm/core", "vpm/core/fault"},
	"vpm/core/usage":     {"vpm/core"},
	"vpm/core/health":    {"vpm/core"},
	"vpm/core/layout":    {"vpm/core", "vpm/core/atomicfile", "vpm/core/fault"},
	"vpm/core/move":      {"vpm/core", "vpm/core/provision", "vpm/core/systemd"},
	"vpm/core/scan":      {"vpm/core"},
	"vpm/core/sitelog":   {"vpm/core"},
	"vpm/core/systemd":   {"vpm/core", "vpm/htaccess"},
	"vpm/core/provision": {"vpm/core", "vpm/core/atomicfile", "vpm/core/fault", "vpm/core/systemd", "vpm/htaccess"},
	"vpm/core/virtual":   {"vpm/core", "vpm/core/atomicfile", "vpm/core/fault", "vpm/htaccess"},

	"vpm/core/autoinstall": {"vpm/core", "vpm/core/atomicfile"},
	"vpm/core/install":     {"vpm/core", "vpm/core/atomicfile", "vpm/core/autoinstall", "vpm/core/config", "vpm/core/fault", "vpm/core/systemd", "vpm/htaccess"},
	"vpm/core/relocate": {"vpm/core", "vpm/core/atomicfile", "vpm/core/cms", "vpm/core/config", "vpm/core/fault", "vpm/core/install",
		"vpm/core/store", "vpm/core/virtual"},
	// What needs no root is linked into the CGI program; what a server rests on is not.
	"vpm/core/doctor":        {"vpm/core", "vpm/core/config", "vpm/core/store", "vpm/htaccess"},
	"vpm/core/doctor/asroot": {"vpm/core", "vpm/core/config", "vpm/core/doctor", "vpm/core/install", "vpm/core/systemd"},

	// Set-up brings settings, database and passwords together before there is an app.
	"vpm/core/setup": {"vpm/core", "vpm/core/atomicfile", "vpm/core/auth", "vpm/core/config", "vpm/core/store"},

	"vpm/cgi": {"alone", "vpm/core/app", "vpm/core/autoinstall", "vpm/core/config", "vpm/core/gateway"},
	// What only a server has is not linked into the CGI program, whose every start it would cost.
	"vpm/fcgi": {"vpm/core", "vpm/core/app", "vpm/core/autoinstall", "vpm/core/backup", "vpm/core/client", "vpm/core/config", "vpm/core/doctor", "vpm/core/doctor/asroot", "vpm/core/gateway",
		"vpm/core/httpapi", "vpm/core/install", "vpm/core/move", "vpm/core/provision", "vpm/core/relocate", "vpm/core/store", "vpm/core/systemd",
		"vpm/fcgi/cli"},
	// The commands know the API alone, so that they are the same for this machine's panel and another's.
	"vpm/fcgi/cli": {"vpm/core", "vpm/core/client"},
}

// TestImports holds the picture. core/app may import every room and scripts anything; core itself imports the
// standard library only.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "vpm/...").Output()
	if err != nil {
		t.Fatal("cannot list the packages:", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := fields[0]
		if pkg == "vpm/core/app" || strings.HasPrefix(pkg, "vpm/scripts/") {
			continue
		}
		for _, imported := range fields[1:] {
			ours := imported == "alone" || imported == "vpm" || strings.HasPrefix(imported, "vpm/")
			if ours && !slices.Contains(allowed[pkg], imported) {
				t.Errorf("%s may not import %s", pkg, imported)
			}
			if pkg == "vpm/core" && !ours && strings.Contains(strings.Split(imported, "/")[0], ".") {
				t.Errorf("%s imports %s and may import the standard library only", pkg, imported)
			}
		}
		if base := path.Base(pkg); slices.Contains([]string{"utils", "util", "models", "services", "helpers", "common"}, base) {
			t.Errorf("%s: a room called %s says nothing", pkg, base)
		}
	}
}
