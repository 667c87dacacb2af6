package asroot

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"vpm/core/doctor"

	"vpm/core/install"
)

var webServers = []string{"apache2.service", "httpd.service", "nginx.service"}

func (l *look) webServer(ctx context.Context) doctor.Finding {
	var running []string
	for _, unit := range webServers {
		if out, _ := output(ctx, "systemctl", "is-active", unit); out == "active" { // its status says the same as its word
			running = append(running, unit)
		}
	}
	if len(running) == 0 {
		return doctor.Failed("start it, as systemctl start apache2", "no web server runs here")
	}
	for _, unit := range running {
		test := map[string][]string{"apache2.service": {"apache2ctl", "configtest"}, "httpd.service": {"httpd", "-t"}, "nginx.service": {"nginx", "-t", "-q"}}[unit]
		if l.root {
			if out, err := output(ctx, test...); err != nil {
				return doctor.Failed("mend it, then run systemctl reload "+unit, "the configuration of %s has an error: %s", unit, out)
			}
		}
	}
	return doctor.OK("%s runs, and its configuration has no error", strings.Join(running, " and "))
}

// routing asks for an address of the API as visitors do.
func (l *look) routing(ctx context.Context) doctor.Finding {
	if l.notInstalled() {
		return doctor.Skipped("vpm's server is not installed")
	}
	url := cmp.Or(l.URL, "http://127.0.0.1/api/mode.php")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return unknown("%s is no address", url)
	}
	r.Host = l.Host
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return doctor.Failed("start the web server", "%s cannot be reached: %v", url, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var said struct {
		Mode string `json:"mode"`
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return unknown("%s leads to %s", url, resp.Header.Get("Location"))
	case err != nil || json.Unmarshal(body, &said) != nil:
		return doctor.Failed("run vpm install; name the right address with --url if the API has another", "%s is not answered by vpm (status %d)", url, resp.StatusCode)
	case resp.StatusCode == http.StatusServiceUnavailable:
		return doctor.Failed("see journalctl -u vpm.service", "%s is answered 503: %.200s", url, body)
	case said.Mode == "virtual":
		return doctor.Failed("run vpm install, which routes it", "%s is answered by the uploaded vpm.cgi and not by the server", url)
	}
	return doctor.OK("%s is answered by vpm", url)
}

func (l *look) sudoersLine(ctx context.Context) doctor.Finding {
	if !l.root {
		return unknown("what sudo allows others, root can see only")
	}
	for _, user := range []string{"www-data", "apache", "nginx"} {
		has, err := install.SudoLineOf(ctx, user)
		if err != nil || !has {
			continue // sudo fails for a user who does not exist
		}
		files := install.SudoersFiles(user)
		if len(files) == 0 {
			files = []string{"/etc/sudoers"}
		}
		return doctor.Warning("run visudo -f "+strings.Join(files, " and visudo -f ")+" and remove the line; vpm's server does not use it",
			"sudo lets %s run systemctl as root: that is equivalent to root for whoever gets into one site", user)
	}
	return doctor.OK("sudo does not make the web server's user root")
}

func (l *look) leftovers(context.Context) doctor.Finding {
	if l.stateErr != nil {
		return l.unread()
	}
	if len(l.state.Leftover) > 0 {
		return doctor.Warning("if systemctl is-active vpm-install says inactive: remove them, then run systemctl daemon-reload",
			"an installation through sudo has left %s", strings.Join(l.state.Leftover, ", "))
	}
	return doctor.OK("no installation has left anything")
}
