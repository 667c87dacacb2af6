package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vpm/core/app"
	"vpm/core/store"
	"vpm/scripts/lab"
)

// cutCalls are made one after the other; each can be made after those before it.
var cutCalls = []struct{ method, target, body string }{
	{"POST", "auth/login.php", `{"username":"admin","password":"` + adminPassword + `"}`},
	{"POST", "auth/login.php", `{"username":"admin","password":"wrong"}`},
	{"GET", "auth/verify.php", ""},
	{"GET", "instances/list.php?search=a", ""},
	{"GET", "instances/status.php?instance_id=" + instance, ""},
	{"GET", "instances/monitor.php?instance_id=" + instance, ""},
	{"GET", "instances/resources.php?instance_id=" + instance + "&fresh=1", ""},
	{"GET", "instances/health.php?instance_id=" + instance, ""},
	{"GET", "instances/events.php?instance_id=" + instance, ""},
	{"GET", "instances/history.php?instance_id=" + instance, ""},
	{"GET", "instances/log.php?instance_id=" + instance, ""},
	{"GET", "v1/instances", ""},
	{"GET", "v1/instances/" + instance, ""},
	{"GET", "kernel/processes.php", ""},
	{"GET", "mode.php", ""},
	{"GET", "doctor.php", ""},
	{"POST", "instances/stop.php", `{"instance_id":"` + instance + `"}`},
	{"POST", "instances/bypass.php", `{"instance_id":"` + instance + `"}`},
	{"POST", "instances/start.php", `{"instance_id":"` + instance + `"}`},
	{"POST", "instances/restart.php", `{"instance_id":"` + instance + `"}`},
	{"POST", "instances/update.php", `{"instance_id":"` + instance + `","instance_name":"Another"}`},
	{"POST", "instances/mute.php", `{"instance_id":"` + instance + `","hours":1}`},
	{"POST", "instances/bulk.php", `{"action":"stop","instance_ids":["` + instance + `"]}`},
	{"POST", "instances/scan.php", `{}`},
	{"POST", "tick.php", ""},
	{"POST", "users/create.php", `{"username":"ann","password":"` + adminPassword + `","role":"viewer"}`},
	{"GET", "users/list.php", ""},
	{"POST", "users/update.php", `{"id":1,"full_name":"Ann"}`},
	{"GET", "sessions/list.php", ""},
	{"POST", "tokens/create.php", `{"name":"cron","scope":"tick"}`},
	{"GET", "tokens/list.php", ""},
	{"POST", "backup.php", ""},
	{"POST", "migrate.php", ""},
	{"POST", "instances/delete.php", `{"instance_id":"` + instance + `"}`},
}

// TestCutAtEveryCommand has the database go away at each command of each call. The call says that it could not be made, or is
// made all the same; what is wanted, the gate and the report agree afterwards.
func TestCutAtEveryCommand(t *testing.T) {
	t.Parallel()
	db, err := lab.SharedMariaDB()
	must(t, err)
	proxy := lab.NewProxy(t, db.Socket)
	d := db.NewDatabase(t)
	p := setUp(t, t.TempDir(), store.MySQL{Socket: proxy.Socket, Database: d.Name, User: d.User, Password: d.Password})
	h := &app.Resident{MaxConns: 1, Docroot: p.docroot, Log: t.Output()}
	t.Cleanup(func() { h.Close() })
	ask := func(method, target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/api/"+target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+p.token)
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = "127.0.0.1:4"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, c := range cutCalls {
		for n := 0; ; n++ {
			proxy.CutAfter(n)
			w := ask(c.method, c.target, c.body)
			cut := proxy.Cut()
			proxy.CutAfter(-1)
			if !cut {
				break
			}
			// Neither is a login refused that is good, nor is it the program's failure.
			if w.Code == http.StatusUnauthorized && !strings.Contains(c.body, "wrong") || w.Code > 499 && w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s %s, cut off after %d commands: %d %s", c.method, c.target, n, w.Code, w.Body)
			}
			p.wantAgreement(ask)
		}
	}
}

// wantAgreement compares what is wanted of the instance with what is reported and with its files.
func (p *panel) wantAgreement(ask func(method, target, body string) *httptest.ResponseRecorder) {
	p.t.Helper()
	var w *httptest.ResponseRecorder
	eventually(p.t, "the database answers again", func() bool {
		w = ask("GET", "instances/status.php?instance_id="+instance, "")
		return w.Code != http.StatusServiceUnavailable // a machine that is busy may take longer to connect than a request waits
	})
	if w.Code == http.StatusNotFound {
		return
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(p.docroot), "instances", instance, ".htaccess"))
	closed := err == nil && strings.Contains(string(text), "503")
	stopped := strings.Contains(w.Body.String(), `"wanted":"stopped"`)
	if w.Code != http.StatusOK || stopped != closed || strings.Contains(w.Body.String(), `"drift":true`) {
		p.t.Errorf("the gate is closed: %v (%v), and the status is %d %s", closed, err, w.Code, w.Body)
	}
}
