package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vpm/core"
)

func target(r route) string { return "/api/" + strings.ReplaceAll(r.name, "*", "one") + ".php" }

// TestMethodsOfEveryRoute: what a route does not take is refused before anybody is asked who they are.
func TestMethodsOfEveryRoute(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	root := p.token
	for _, r := range routes {
		for _, method := range []string{"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "get", "GETX", "PROPFIND"} {
			if slices.Contains(strings.Split(r.methods, ", "), method) || r.name == "v1/instances/*" && method == "POST" {
				continue
			}
			p.token = []string{"", root}[len(method)%2]
			a := p.send(httptest.NewRequest(method, target(r), strings.NewReader(`{"instance_id":"one"}`)))
			if a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != r.methods+", OPTIONS" {
				t.Errorf("%s: %d %v %s", a.name, a.Code, a.Header(), a.Body)
			}
			a.wantForm()
		}
		p.token = ""
		a := p.send(httptest.NewRequest("OPTIONS", target(r), nil))
		if a.Code != http.StatusNoContent || a.Body.Len() > 0 || a.Header().Get("Allow") != r.methods+", OPTIONS" || a.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v %s", a.name, a.Code, a.Header(), a.Body)
		}
	}
}

// fields are all that any body or query has.
var fields = []string{"instance_id", "instance_name", "cms_type", "domain", "path_prefix", "database_name", "database_prefix", "memory_limit", "max_execution_time",
	"max_children", "path", "docroot", "url", "health_path", "health_expect", "disk_alert", "reason", "until", "duration", "include_nested", "verify", "action",
	"instance_ids", "id", "username", "password", "full_name", "email", "role", "status", "old_password", "new_password", "name", "scope", "sites", "fresh", "lines",
	"from", "to", "step", "before", "limit", "page", "search", "sort", "order", "all"}

// tame are the routes that are asked: those of set-up are others' matter here, and some would end the session.
func tame() (list []route) {
	for _, r := range routes {
		if r.access != public && r.name != "auth/logout" && r.name != "sessions/revoke" {
			list = append(list, r)
		}
	}
	return list
}

// wantNoFailure: whatever was sent, it is the client's fault, or nobody's.
func (a *answer) wantNoFailure() {
	a.t.Helper()
	if a.Code >= 500 {
		a.t.Errorf("%s: answered %d %s", a.name, a.Code, a.Body)
	}
	a.wantForm()
}

// TestHostileQueries: every parameter of every read, with what nobody would send.
func TestHostileQueries(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	values := []string{"", " ", "-1", "0", "999999999999999999999999", "1e9", "NaN", "true", "[]", "{}", "'", `"`, "\x00", "\xff\xfe", "../../etc/passwd", "%", "a;b", "<script>",
		"😀", strings.Repeat("9", 5000), "one' OR '1'='1", "2026-11-24T10:00:00Z", "null"}
	for _, r := range tame() {
		if !strings.Contains(r.methods, "GET") || r.name == "tick" {
			continue
		}
		for n, field := range fields { // some of the values each: together all of them
			query := url.Values{"instance_id": {"one"}}
			for i := range 2 {
				query[field] = []string{values[(11*i+n)%len(values)]}
				p.send(httptest.NewRequest("GET", target(r)+"?"+query.Encode(), nil)).wantNoFailure()
			}
		}
		for _, raw := range []string{"%zz", "instance_id=%", ";;;", "&&==", "instance_id.0=x", "limit=1&limit=2&fresh=1&fresh=0&step=1&step=2&instance_id=one&instance_id=two", "instance_ids.100000000=x", strings.Repeat("a=1&", 20_000)} {
			p.send(httptest.NewRequest("GET", target(r)+"?"+raw, nil)).wantNoFailure()
		}
	}
	if log := p.log.String(); log != "" {
		t.Errorf("it is logged %s", log)
	}
}

// TestHostileBodies: every field of every change, of a wrong type or worse.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one", "gone")
	p.post("users/create", map[string]any{"username": "bob", "password": password}).want(201)
	values := []string{`null`, `true`, `-1`, `1.5`, `1e400`, `99999999999999999999`, `""`, `" "`, `"-1"`, `"\u0000"`, `"\ud800"`, `[]`, `[[]]`, `[null]`, `{}`, `"../../etc"`, `"😀"`,
		`"` + strings.Repeat("x", 5000) + `"`, `["` + strings.Repeat(`x","`, 500) + `"]`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}
	for _, r := range tame() {
		if !strings.Contains(r.methods, "POST") || r.name == "tick" {
			continue
		}
		id := map[bool]string{true: "gone", false: "one"}[r.name == "instances/delete"]
		known := map[string]any{"instance_id": id, "id": 2, "action": "stop", "instance_ids": []string{"one"}, "username": "eve", "password": "short", "old_password": "wrong",
			"new_password": password, "name": "x", "scope": "view", "sites": []any{map[string]any{"dir": p.base}}, "instance_name": "x", "cms_type": "native", "database_name": "x"}
		for _, field := range fields {
			with := func(value string) *answer {
				body := map[string]json.RawMessage{field: json.RawMessage("0")}
				for k, v := range known {
					if k != field {
						body[k], _ = json.Marshal(v)
					}
				}
				text, err := json.Marshal(body)
				must(t, err)
				text = bytes.Replace(text, []byte(`"`+field+`":0`), []byte(`"`+field+`":`+value), 1)
				return p.send(httptest.NewRequest("POST", target(r), bytes.NewReader(text)))
			}
			if a := with(`{"a":{}}`).wantForm(); a.Code != 400 || !strings.Contains(a.Body.String(), "'"+field+"'") {
				continue // this route does not read it
			}
			for _, v := range values {
				with(v).wantNoFailure()
			}
		}
		for _, raw := range []string{"", " ", "null", "[]", "1", `"x"`, "{", `{"instance_id":"one"`, `{"instance_id":"one"}{}`, "\xff\xfe{\x00}\x00", "{\"reason\":\"\xff\"}", "<xml/>",
			strings.Repeat("{\"a\":", 20_000), "instance_id=one", "a=%zz&b=%ff"} {
			for _, kind := range []string{"application/x-www-form-urlencoded", ";;"} {
				request := httptest.NewRequest("POST", target(r), strings.NewReader(raw))
				request.Header.Set("Content-Type", kind)
				p.send(request).wantNoFailure()
			}
		}
		p.send(httptest.NewRequest("POST", target(r), strings.NewReader(`{"reason":"`+strings.Repeat("x", maxBody)+`"}`))).want(http.StatusRequestEntityTooLarge)
		short := httptest.NewRequest("POST", target(r), strings.NewReader(`{}`))
		short.ContentLength = 5
		p.send(short).want(400)
	}
	if log := p.log.String(); log != "" {
		t.Errorf("it is logged %s", log)
	}
	p.get("instances/monitor?instance_id=one").want(200)
	p.get("auth/verify").want(200)
}

// TestOneBadFieldNamesItself, also where it is a number.
func TestOneBadFieldNamesItself(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	for name, body := range map[string]string{"max_children": `{"instance_id":"one","max_children":1.5}`, "max_execution_time": `{"instance_id":"one","max_execution_time":"many"}`,
		"health_path": `{"instance_id":"one","health_path":5}`} {
		p.post("instances/update", body).want(400).says("'" + name + "'")
	}
	p.post("tokens/revoke", `{"id":"x"}`).want(400).says("'id'")
	p.post("users/update", `{"id":1,"status":"asleep"}`).want(400).says("'status'")
	p.post("instances/update", `{"instance_id":"one","max_children":"7"}`).want(200).says(`"max_children":7`)
}

// TestEveryRouteHasItsRole: what each role of the contract may ask for, by the table itself and no other.
func TestEveryRouteHasItsRole(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	tokens := map[string]string{core.RoleAdmin: p.token}
	for _, role := range []string{core.RoleManager, core.RoleViewer} {
		p.post("users/create", map[string]any{"username": role, "password": password, "role": role}).want(201)
		tokens[role], _ = p.post("auth/login", map[string]any{"username": role, "password": password}).want(200).field("token").(string)
	}
	may := map[access]string{view: "admin manager viewer", viewOrHere: "admin manager viewer", manage: "admin manager", create: "admin manager", tick: "admin manager", admin: "admin", loggedIn: "admin manager viewer"}
	for _, r := range tame() {
		for role, token := range tokens {
			p.token = token
			method := strings.Split(r.methods, ", ")[0]
			a := p.send(httptest.NewRequest(method, target(r), nil))
			if allowed := slices.Contains(strings.Fields(may[r.access]), role); (a.Code == 403) == allowed {
				t.Errorf("%s: %s is answered %d %s", a.name, role, a.Code, a.Body)
			}
		}
	}
	p.token = tokens[core.RoleViewer]
	p.get("sessions/list?all=1").want(403)
	p.get("sessions/list?all=0").want(200)
}
