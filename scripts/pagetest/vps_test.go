package pagetest

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/scripts/vpslab"
)

// The blog says in its log that somebody was there. Its uploads are what a move takes some time for.
const blog = `<?php error_log('somebody asked for ' . $_SERVER['REQUEST_URI']); echo 'Welcome to the blog, ', get_current_user();`

// vps is a server of one's own onto which a shared host's files were copied, at an address of this machine.
type vps struct {
	*vpslab.VPS
	panel
}

func newVPS(t *testing.T) *vps {
	t.Helper()
	v := &vps{vpslab.New(t, vpslab.Options{}), panel{t: t}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("vpm's log:\n%s", v.Journal("vpm.service"))
		}
	})
	files := t.TempDir()
	must(t, os.WriteFile(filepath.Join(files, "index.php"), []byte(blog), 0o644))
	must(t, os.Mkdir(filepath.Join(files, "uploads"), 0o755))
	for i := range 1500 {
		must(t, os.WriteFile(filepath.Join(files, "uploads", fmt.Sprintf("%d.jpg", i)), make([]byte, 4_000), 0o644))
	}
	must(t, v.CopyIn(built, vpslab.Docroot))
	must(t, v.CopyIn(files, vpslab.Docroot+"/blog"))
	must(t, v.CopyIn(server, "/opt/vpm"))
	must(t, v.SharedHost(t.Context()))

	// The browser is outside, so what it asks for is handed on.
	inside := &httputil.ReverseProxy{Transport: v.HTTPClient().Transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: "shop.test"})
		r.Out.Host = r.In.Host
	}, ErrorLog: log.New(io.Discard, "", 0)} // a page that goes away ends what it has asked for
	outside := httptest.NewServer(inside)
	t.Cleanup(outside.Close)
	v.address = outside.URL
	return v
}

// What a scenario has happen on the server, by name.
var happenings = map[string]string{
	"install": "/opt/vpm install --from " + vpslab.Docroot + "/api",
	"slow": `mkdir -p /run/systemd/system/vpm-provision@.service.d
		printf '[Service]\nCPUQuota=2%%\n' >/run/systemd/system/vpm-provision@.service.d/slow.conf
		systemctl daemon-reload`,
	// Slow as the copy is, it is caught in the middle: before all that a busy machine has to do, and without another process.
	"hold": `renice -n -20 -p $$ >/dev/null
		until pid=$(systemctl show -p MainPID --value vpm-provision@blog.service); [ "$pid" != 0 ]; do sleep 0.02; done
		told=
		until [[ $told =~ \"bytes\":\ [1-9] ]]; do read -r -d '' told 2>/dev/null </var/lib/vpm/results/blog.json || true; done
		kill -STOP "$pid"`,
	"hurry": `systemctl kill --signal=CONT vpm-provision@blog.service
		rm -r /run/systemd/system/vpm-provision@.service.d
		systemctl daemon-reload
		systemctl set-property --runtime vpm-provision@blog.service CPUQuota=1000%`,
	"pid":   "systemctl show -p MainPID --value vpm-php@blog.service",
	"tasks": "systemctl show -p TasksCurrent --value vpm-php@blog.service",
	"kill":  "systemctl kill --kill-whom=main --signal=KILL vpm-php@blog.service",
	// Each death is of another master than the one before.
	"wear-out": `was=0
		while pid=$(systemctl show -p MainPID --value vpm-php@blog.service); state=$(systemctl is-active vpm-php@blog.service || true); [ "$state" != failed ]; do
			if [ "$pid" != 0 ] && [ "$pid" != "$was" ]; then was=$pid; kill -9 "$pid"; fi
		done`,
}

// happen lets a scenario have something happen: it posts to the address with its name.
func (v *vps) happen(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Minute)
	defer cancel()
	out, err := v.Run(ctx, "bash", "-e", "-c", happenings[r.PathValue("what")])
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, strings.TrimSpace(out))
}

// TestServer uses the panel from the installation on a server to an instance that has a process of its own for good.
func TestServer(t *testing.T) {
	t.Parallel()
	v := newVPS(t)
	var setup struct {
		CodeFile string `json:"code_file"`
	}
	v.call("GET", "/setup.php", nil, 200, &setup)
	code, err := v.ReadFile(setup.CodeFile)
	must(t, err)
	v.setUp(string(code))
	v.call("POST", "/instances/create.php", map[string]any{"instance_id": "blog", "instance_name": "Blog", "cms_type": "native", "domain": "shop.test",
		"path_prefix": "/blog", "database_name": "none", "path": vpslab.Docroot + "/blog"}, 201, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{what}", v.happen)
	control := httptest.NewServer(mux)
	t.Cleanup(control.Close)
	play(t, "server.mjs", map[string]any{"url": v.address, "control": control.URL, "username": admin, "password": password})
}
