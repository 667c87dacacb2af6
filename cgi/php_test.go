package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vpm/scripts/php"
)

// TestPHPClass makes every call of the PHP class as the account, over HTTP and where that is blocked.
func TestPHPClass(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql"}, {driver: "sqlite"}, {driver: "mysql", fcgid: true}, {driver: "sqlite", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.createInstance()
			s.must(s.host.Install("../scripts/php", "kernel"))
			token, _ := s.post("/tokens/create.php", map[string]any{"name": "php", "scope": "manage"}).want(201).field("token").(string)
			settings, err := os.OpenFile(filepath.Join(s.host.Home, "vpm.env"), os.O_APPEND|os.O_WRONLY, 0)
			s.must(err)
			_, err = fmt.Fprintf(settings, "VPM_API_URL=%s\nVPM_API_TOKEN=%s\n", s.api, token)
			s.must(err)
			s.must(settings.Close())
			account := php.Caller{UID: s.host.UID, Home: s.host.Home, Dir: filepath.Join(s.host.Home, "kernel")}

			account.Try(t, "wp-test-001", "virtual")
			blocked := account
			blocked.Env = []string{"VPM_API_URL=http://127.0.0.1:1/api"}
			blocked.Try(t, "wp-test-001", "virtual")
			noSockets := account
			noSockets.INI = []string{"disable_functions=stream_socket_client"}
			if got, _ := noSockets.Call(t, "getMode"); got[0].Answer != "virtual" {
				t.Errorf("where PHP may make no connections: %+v", got[0])
			}

			s.post("/instances/stop.php", map[string]any{"instance_id": "wp-test-001", "verify": false}).want(200)
			for _, c := range []php.Caller{account, blocked} {
				got, _ := c.Call(t, "getInstanceStatus:wp-test-001")
				if status, _ := got[0].Answer.(map[string]any); status["status"] != "stopped" || status["pid"] != nil {
					t.Errorf("the status of a stopped instance is %+v", got[0])
				}
				c.Options = map[string]any{"token": "vpm_no-such-token"}
				got, _ = c.Call(t, "startInstance:wp-test-001", "getInstanceStatus:wp-test-001")
				if answer, _ := got[0].Answer.(map[string]any); answer["code"] != "unauthenticated" || got[1].Code != 401 {
					t.Errorf("with a wrong token: %+v", got)
				}
			}
			blocked.INI = []string{"disable_functions=proc_open"}
			if got, _ := blocked.Call(t, "getMode"); got[0].Message != "cannot run "+s.program+": this host has disabled proc_open; let PHP connect to VPM_API_URL" {
				t.Errorf("with all closed: %+v", got[0])
			}
		})
	}
}
