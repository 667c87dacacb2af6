package main

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// recorded is a body of the contract as it was recorded.
func recorded(t *testing.T, name string) any {
	t.Helper()
	text, err := os.ReadFile("testdata/contract/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(name, err)
	}
	return v
}

// like checks that an answer has every key of the recorded body with a value of the same type. What was null
// when it was recorded may be anything.
func (a *answer) like(name string) *answer {
	a.t.Helper()
	var got any
	a.decode(&got)
	compare(a.t, a.name, got, recorded(a.t, name))
	return a
}

func compare(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, want an object", path, got)
			return
		}
		for key, v := range want {
			if g, there := object[key]; there {
				compare(t, path+"."+key, g, v)
			} else {
				t.Errorf("%s.%s is missing", path, key)
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) == 0 {
			t.Errorf("%s is %v, want a list with something in it", path, got)
			return
		}
		compare(t, path+"[0]", list[0], want[0])
	case string:
		if _, ok := got.(string); !ok {
			t.Errorf("%s is %T, want a string", path, got)
		}
	case float64:
		if _, ok := got.(float64); !ok {
			t.Errorf("%s is %T, want a number", path, got)
		}
	case bool:
		if _, ok := got.(bool); !ok {
			t.Errorf("%s is %T, want a boolean", path, got)
		}
	}
}

// stacks are the combinations that every endpoint is tried on.
var stacks = []stack{
	{driver: "mysql"}, {driver: "sqlite"}, {driver: "mysql", fcgid: true}, {driver: "sqlite", fcgid: true},
	{driver: "sqlite", at: "sub/panel"}, {driver: "mysql", at: "sub/panel", fcgid: true},
	{driver: "sqlite", at: "alias"}, {driver: "sqlite", at: "alias", fcgid: true},
	{driver: "sqlite", mod: "cgi"}, {driver: "mysql", mod: "cgi", fcgid: true},
	{driver: "mysql", beside: wordPressRoot, php: true}, {driver: "sqlite", beside: wordPressInherited, php: true, fcgid: true},
}

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, st := range stacks {
		t.Run(st.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, st)
			s.createInstance()
			if s.db != nil { // what cannot be set through the API, as another program has left it
				_, err := s.db.Exec("UPDATE " + s.dbName + ".instances SET cms_version = '6.4'")
				s.must(err)
				s.get("/instances/list.php").want(200).like("list")
				s.get("/instances/monitor.php?instance_id=wp-test-001").want(200).like("monitor")
			}
			s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(200).like("login")
			s.post("/auth/verify.php", nil).want(200).like("verify")
			checkChanges(s)
			checkReads(s)
			checkFailures(s)
		})
	}
}

func checkChanges(s *site) {
	t, id := s.t, map[string]any{"instance_id": "wp-test-001"}
	t.Helper()
	first := s.get("/instances/status.php?instance_id=wp-test-001").want(200).like("status").field("pid")

	again := s.post("/instances/start.php", id).want(200).like("start")
	if again.field("virtual_pid") != first || again.field("message") != "Instance is already running" || again.field("changed") != false {
		t.Errorf("a second start changed something: %s", again.body)
	}
	stop := s.post("/instances/stop.php", id).want(200).like("stop")
	if stop.field("message") != "Instance deactivated successfully" || stop.field("status") != "stopped" || stop.field("virtual_pid") != nil {
		t.Errorf("stop answered %s", stop.body)
	}
	if m := s.post("/instances/stop.php", id).want(200).like("stop").field("message"); m != "Instance is already stopped" {
		t.Errorf("a second stop says %q", m)
	}
	if st := s.get("/instances/status.php?instance_id=wp-test-001").want(200); st.field("pid") != nil || st.field("status") != "stopped" {
		t.Errorf("status of a stopped instance: %s", st.body)
	}
	start := s.post("/instances/start.php", id).want(200).like("start")
	pid, _ := start.field("virtual_pid").(string)
	if pid == first || !regexp.MustCompile(`^v\d{11,19}$`).MatchString(pid) || start.field("pid") != pid {
		t.Errorf("start answered %s after the run %v", start.body, first)
	}
	if start.field("message") != "Instance activated successfully" || start.field("status") != "running" {
		t.Errorf("start answered %s", start.body)
	}
	restart := s.post("/instances/restart.php", id).want(200).like("start")
	if restart.field("virtual_pid") == pid || restart.field("message") != "Instance restarted successfully" {
		t.Errorf("restart answered %s after the run %s", restart.body, pid)
	}
	created := s.post("/instances/create.php", map[string]any{"instance_id": "wp-test-002", "instance_name": "Second site", "cms_type": "wordpress",
		"domain": "two.test", "database_name": "wp_two", "memory_limit": "128M", "max_execution_time": "30", "max_children": 3}).want(201).like("create")
	if created.field("message") != "Instance created successfully" {
		t.Errorf("create answered %s", created.body)
	}
	s.post("/instances/delete.php", map[string]any{"instance_id": "wp-test-002"}).want(200)
	s.get("/instances/status.php?instance_id=wp-test-002").want(404)
	if _, err := os.Stat(s.host.Home + "/instances/wp-test-001/index.php"); err != nil {
		t.Error("the files of the instance are gone:", err)
	}
}

func checkReads(s *site) {
	t := s.t
	t.Helper()
	list := s.get("/instances/list.php").want(200)
	if list.field("total") != 1.0 {
		t.Errorf("list answered %s", list.body)
	}
	for _, path := range []string{"/v1/instances", "/v1/instances/", "/v1/instances.php?page=1&limit=500&status=active&search=test&sort=instance_name&order=desc"} {
		s.get(path).want(200).like("list-v1")
	}
	if n := s.get("/v1/instances?search=nothing-like-it").want(200).field("total"); n != 0.0 {
		t.Errorf("a search for nothing finds %v", n)
	}
	s.get("/v1/instances/wp-test-001").want(200)
	s.get("/kernel/processes").want(200).like("processes")
	resources := s.get("/instances/resources.php?instance_id=wp-test-001&fresh=1").want(200).like("resources")
	if resources.field("disk_usage") != 3000.0 {
		t.Errorf("resources answered %s, and the directory holds 3000 bytes", resources.body)
	}
	s.get("/instances/health.php?instance_id=wp-test-001").want(200).like("health")
	monitor := s.get("/instances/monitor.php?instance_id=wp-test-001").want(200)
	if at, _ := monitor.field("timestamp").(string); !timestamp.MatchString(at) {
		t.Errorf("monitor's timestamp is %q", at)
	}
	for _, alias := range []string{"/instances/list", "/instances/monitor?instance_id=wp-test-001", "/instances/status/?instance_id=wp-test-001"} {
		s.get(alias).want(200)
	}
	s.post("/instances/start", map[string]any{"instance_id": "wp-test-001"}).want(200)
	s.post("/v1/instances/start", map[string]any{"instance_id": "wp-test-001"}).want(200)
}

func checkFailures(s *site) {
	t := s.t
	t.Helper()
	for _, action := range []string{"start", "stop", "restart", "delete"} {
		path := "/instances/" + action + ".php"
		s.post(path, map[string]any{}).want(400).says("invalid", "instance_id required")
		s.post(path, map[string]any{"instance_id": ""}).want(400).says("invalid", "instance_id required")
		s.post(path, map[string]any{"instance_id": "../etc"}).want(400)
		s.post(path, map[string]any{"instance_id": "no-such-one"}).want(404).says("not_found", "Instance not found")
		if allow := s.get(path).want(405).header.Get("Allow"); allow != "POST, OPTIONS" {
			t.Errorf("GET %s: Allow is %q", path, allow)
		}
	}
	for _, read := range []string{"status", "monitor", "resources", "health"} {
		s.get("/instances/"+read+".php").want(400).says("invalid", "instance_id required")
		s.get("/instances/"+read+".php?instance_id=no-such-one").want(404).says("not_found", "Instance not found")
		s.post("/instances/"+read+".php", nil).want(405)
	}
	valid := map[string]any{"instance_id": "wp-test-001", "instance_name": "x", "cms_type": "native", "database_name": "x"}
	s.post("/instances/create.php", valid).want(409).says("conflict", "Instance ID already exists")
	for field := range valid {
		body := map[string]any{}
		for k, v := range valid {
			if k != field {
				body[k] = v
			}
		}
		s.post("/instances/create.php", body).want(400).says("invalid", "Field '"+field+"' is required")
	}
	s.get("/v1/instances?sort=password").want(400)
	s.get("/instances/nonsense.php").want(404).says("not_found", "")
	s.get("/no/such/thing").want(404).says("not_found", "")
	for _, method := range []string{"PUT", "DELETE", "PATCH", "BREW"} {
		s.do(method, "/instances/list.php", nil, nil).want(405)
	}
	if o := s.do("OPTIONS", "/instances/list.php", nil, nil); o.status != 204 || o.header.Get("Allow") != "GET, OPTIONS" {
		t.Errorf("OPTIONS answered %d, Allow %q", o.status, o.header.Get("Allow"))
	}
	none := map[string][]string{"Authorization": {""}}
	s.do("GET", "/instances/list.php", nil, none).want(401).says("unauthenticated", "No token provided")
	s.do("POST", "/auth/verify.php", nil, none).want(401).says("unauthenticated", "No token provided")
	bad := map[string][]string{"Authorization": {"Bearer nonsense"}}
	s.do("POST", "/auth/verify.php", nil, bad).want(401).says("unauthenticated", "Invalid or expired token")
	s.post("/auth/login.php", map[string]any{"username": "admin"}).want(400).says("invalid", "Username and password required")
	s.post("/auth/login.php", map[string]any{"username": "admin", "password": "wrong"}).want(401).says("unauthenticated", "Invalid credentials")
	s.post("/auth/login.php", map[string]any{"username": "nobody", "password": "wrong"}).want(401).says("unauthenticated", "Invalid credentials")
}
