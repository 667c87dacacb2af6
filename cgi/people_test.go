package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vpm/core"
)

// as makes requests with another token, "" none.
func (s *site) as(token string, f func()) {
	s.t.Helper()
	own := s.token
	s.token = token
	defer func() { s.token = own }()
	f()
}

// person creates a user with a role and logs in.
func (s *site) person(name, role string) (id float64, token string) {
	s.t.Helper()
	id, _ = s.post("/users/create.php", map[string]any{"username": name, "password": adminPassword, "role": role}).want(201).field("id").(float64)
	return id, s.login(name, adminPassword)
}

// TestRoles: who may ask for what, of the routes for people, tokens and sites.
func TestRoles(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql"}, {driver: "sqlite", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.createInstance()
			_, manager := s.person("mary", core.RoleManager)
			_, viewer := s.person("vic", core.RoleViewer)
			one := map[string]any{"instance_id": "wp-test-001"}
			with := func(key string, value any) map[string]any {
				return map[string]any{"instance_id": "wp-test-001", key: value}
			}
			for _, c := range []struct {
				path                   string
				body                   any // nil: a GET
				admin, manager, viewer int
			}{
				{"users/list", nil, 200, 403, 403},
				{"users/create", one, 400, 403, 403},
				{"users/update", map[string]any{"id": 999, "full_name": "x"}, 404, 403, 403},
				{"users/password", one, 400, 400, 400},
				{"sessions/list", nil, 200, 200, 200},
				{"sessions/list?all=1", nil, 200, 403, 403},
				{"sessions/revoke", map[string]any{"id": 999}, 404, 404, 404},
				{"tokens/list", nil, 200, 403, 403},
				{"tokens/create", map[string]any{"name": "x", "scope": "all"}, 400, 403, 403},
				{"tokens/revoke", map[string]any{"id": 999}, 404, 403, 403},
				{"instances/history?instance_id=wp-test-001", nil, 200, 200, 200},
				{"instances/events?instance_id=wp-test-001", nil, 200, 200, 200},
				{"instances/log?instance_id=wp-test-001", nil, 200, 200, 200},
				{"instances/health?instance_id=wp-test-001", nil, 200, 200, 200},
				{"instances/resources?instance_id=wp-test-001", nil, 200, 200, 200},
				{"mode", nil, 200, 200, 200},
				{"instances/update", with("health_path", "/status/"), 200, 200, 403},
				{"instances/mute", with("duration", "1h"), 200, 200, 403},
				{"instances/bypass", one, 409, 409, 403},
				{"instances/bulk", map[string]any{"action": "start", "instance_ids": []string{"wp-test-001"}}, 200, 200, 403},
				{"instances/scan", one, 200, 200, 403},
				{"instances/adopt", one, 400, 400, 403},
				{"tick", nil, 200, 200, 403},
				{"migrate", one, 200, 403, 403},
			} {
				for token, want := range map[string]int{s.token: c.admin, manager: c.manager, viewer: c.viewer, "": 401} {
					s.as(token, func() {
						path, query, _ := strings.Cut(c.path, "?")
						if c.body == nil {
							s.get("/" + path + ".php?" + query).want(want)
						} else {
							s.post("/"+path+".php", c.body).want(want)
						}
					})
				}
			}
		})
	}
}

// sessions gives the ids of one's own, the current one first.
func (s *site) sessions() (ids []float64) {
	s.t.Helper()
	var out struct {
		Sessions []struct {
			ID       float64
			Username string
			Current  bool
		}
	}
	a := s.get("/sessions/list.php").want(200)
	a.decode(&out)
	current := 0
	for _, one := range out.Sessions {
		if one.Current {
			ids = append([]float64{one.ID}, ids...)
			current++
		} else {
			ids = append(ids, one.ID)
		}
	}
	if current != 1 || strings.Contains(string(a.body), s.token) || strings.Contains(string(a.body), "sha256:") {
		s.t.Errorf("the sessions are %s", a.body)
	}
	return ids
}

// TestPeople: what a person's password, role and sessions decide, from one request to the next.
func TestPeople(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql"}, {driver: "sqlite", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			mary, first := s.person("mary", core.RoleManager)
			vic, viewer := s.person("vic", core.RoleViewer)
			s.post("/users/create.php", map[string]any{"username": "Mary", "password": adminPassword}).want(409).says("conflict", "the name is taken")
			second, third := s.login("mary", adminPassword), s.login("mary", adminPassword)
			alive := func(token string, want int) {
				t.Helper()
				s.as(token, func() { s.get("/instances/list.php").want(want) })
			}
			var others []float64
			s.as(second, func() {
				others = s.sessions()[1:]
				if len(others) != 2 {
					t.Fatalf("mary has %d other sessions", len(others))
				}
				s.post("/sessions/revoke.php", map[string]any{"id": others[0]}).want(200)
			})
			alive(third, 401)
			alive(first, 200)
			s.as(viewer, func() { s.post("/sessions/revoke.php", map[string]any{"id": others[1]}).want(404) })
			alive(first, 200)

			const fresh = "a password of her own"
			s.as(second, func() {
				s.post("/users/password.php", map[string]any{"old_password": "wrong", "new_password": fresh}).want(400).says("invalid", "the old one is wrong")
				s.post("/users/password.php", map[string]any{"old_password": adminPassword, "new_password": "short"}).want(400)
				s.post("/users/password.php", map[string]any{"old_password": adminPassword, "new_password": fresh}).want(200)
			})
			alive(first, 401)
			alive(second, 200)
			s.post("/auth/login.php", map[string]any{"username": "mary", "password": adminPassword}).want(401)
			first = s.login("mary", fresh)

			// Another role holds at once, and begins with another login.
			s.post("/users/update.php", map[string]any{"id": mary, "role": core.RoleManager, "full_name": "Mary Ann"}).want(200)
			alive(first, 200)
			s.post("/users/update.php", map[string]any{"id": mary, "role": core.RoleViewer}).want(200)
			alive(first, 401)
			s.as(s.login("mary", fresh), func() { s.post("/instances/start.php", map[string]any{"instance_id": "x"}).want(403) })
			s.post("/users/update.php", map[string]any{"id": vic, "status": "inactive"}).want(200)
			alive(viewer, 401)
			s.post("/auth/login.php", map[string]any{"username": "vic", "password": adminPassword}).want(401)
			s.post("/users/update.php", map[string]any{"id": vic, "status": "active", "password": fresh}).want(200)
			s.login("vic", fresh)

			list := s.get("/users/list.php").want(200)
			if text := string(list.body); !strings.Contains(text, `"full_name":"Mary Ann"`) || strings.Contains(text, "$2y$") || strings.Count(text, `"role":"viewer"`) != 2 {
				t.Errorf("the users are %s", text)
			}
			self := s.get("/auth/verify.php").want(200).field("user").(map[string]any)["id"]
			for _, change := range []map[string]any{{"role": core.RoleViewer}, {"status": "inactive"}} {
				change["id"] = self
				s.post("/users/update.php", change).want(409).says("conflict", "last administrator")
			}
			if events := s.get("/instances/events.php").want(200); !strings.Contains(string(events.body), fmt.Sprintf("changed user #%v, role viewer", mary)) {
				t.Errorf("the history is %s", events.body)
			}
		})
	}
}

// TestWrongOldPasswords are counted by user: whoever found an open browser cannot go on trying.
func TestWrongOldPasswords(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "sqlite", fcgid: true})
	_, vic := s.person("vic", core.RoleViewer)
	change := func(old string) *answer {
		return s.post("/users/password.php", map[string]any{"old_password": old, "new_password": "a new password"})
	}
	for range core.PasswordTries {
		change("wrong").want(400)
	}
	if a := change(adminPassword).want(429).says("throttled", "Too many"); a.header.Get("Retry-After") != "900" {
		t.Errorf("it may be tried again after %q", a.header.Get("Retry-After"))
	}
	s.as(vic, func() { change(adminPassword).want(200) })
	s.get("/instances/list.php").want(200)
	s.login("admin", adminPassword)
}

// TestAPITokens come in by X-Auth-Token, which suEXEC passes on, do what their scope says, and end when they are revoked.
func TestAPITokens(t *testing.T) {
	t.Parallel()
	for _, st := range []stack{{driver: "mysql"}, {driver: "sqlite", mod: "cgi"}, {driver: "mysql", fcgid: true}} {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.createInstance()
			one := map[string]any{"instance_id": "wp-test-001"}
			for _, c := range []struct {
				scope                string
				read, change, tick   int
				createInvalid, admin int
			}{{core.ScopeView, 200, 403, 403, 403, 403}, {core.ScopeManage, 200, 200, 200, 400, 403}, {core.ScopeTick, 403, 403, 200, 403, 403}} {
				made := s.post("/tokens/create.php", map[string]any{"name": "for " + c.scope, "scope": c.scope}).want(201)
				token, _ := made.field("token").(string)
				if !strings.HasPrefix(token, "vpm_") || len(token) != 68 {
					t.Fatalf("the token is %q", token)
				}
				header := http.Header{"Authorization": {""}, "X-Auth-Token": {token}}
				ask := func(path string, want int) {
					t.Helper()
					s.do("GET", path, nil, header).want(want)
					s.as(token, func() { s.get(path).want(want) }) // as Authorization
				}
				s.as("", func() {
					ask("/instances/list.php", c.read)
					ask("/tick.php", c.tick)
					ask("/users/list.php", c.admin)
					ask("/sessions/list.php", 403)
				})
				s.as(token, func() {
					s.post("/instances/restart.php", one).want(c.change)
					s.post("/instances/create.php", one).want(c.createInvalid)
					s.post("/users/password.php", map[string]any{"old_password": adminPassword, "new_password": "a new password"}).want(403)
					s.post("/tokens/create.php", map[string]any{"name": "x", "scope": "manage"}).want(403)
					s.post("/auth/logout.php", nil).want(400)
				})
				if c.change == 200 {
					if e := s.get("/instances/events.php?instance_id=wp-test-001&limit=1").want(200); !strings.Contains(string(e.body), `"actor":"token for manage"`) {
						t.Errorf("the history is %s", e.body)
					}
				}
				list := s.get("/tokens/list.php").want(200)
				if text := string(list.body); strings.Contains(text, token[4:]) || strings.Contains(text, "sha256:") || !strings.Contains(text, `"name":"for `+c.scope+`"`) ||
					strings.Contains(text, `"last_used_at":null`) {
					t.Errorf("the tokens are %s", text)
				}
				s.post("/tokens/revoke.php", map[string]any{"id": made.field("id")}).want(200)
				s.as("", func() { ask("/instances/list.php", 401) })
				s.post("/tokens/revoke.php", map[string]any{"id": made.field("id")}).want(404)
				if strings.Contains(s.host.ErrorLog(), token[4:]) {
					t.Error("the token is in the error log")
				}
			}
			s.login("admin", adminPassword)
		})
	}
}
