package systemd

import (
	"embed"
	"strings"
)

// units are the texts that root installs.
//
//go:embed units
var units embed.FS

// places says where each text belongs.
func places() map[string]string {
	return map[string]string{
		"vpm-php@.service":         "/etc/systemd/system/",
		"vpm-selftest@.service":    "/etc/systemd/system/",
		"vpm-provision@.service":   "/etc/systemd/system/",
		"vpm-deprovision@.service": "/etc/systemd/system/",
		"vpm-gate@.service":        "/etc/systemd/system/",
		"50-vpm.rules":             "/etc/polkit-1/rules.d/",
		"tmpfiles-vpm.conf":        "/etc/tmpfiles.d/",
		"sysusers-vpm.conf":        "/etc/sysusers.d/",
	}
}

// Files gives the files that root has to install for real mode, by their full paths. fpm is the path of PHP-FPM's
// program, which has its version in its name.
func Files(fpm string) (map[string]string, error) {
	if err := checkPath("PHP-FPM's program", fpm); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, dir := range places() {
		text, err := units.ReadFile("units/" + name)
		if err != nil {
			return nil, err
		}
		files[dir+strings.TrimPrefix(strings.TrimPrefix(name, "tmpfiles-"), "sysusers-")] = strings.ReplaceAll(string(text), "@PHP_FPM@", fpm)
	}
	return files, nil
}

// LimitsFile is where the limits of an instance go.
func LimitsFile(slug string) string {
	return "/etc/systemd/system/" + UnitName(slug) + ".d/10-limits.conf"
}
