package php

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The keys of the contract, and the types that JSON has for their values.
var (
	usage  = keys{"database_size": "number", "disk_usage": "number", "memory": "number", "mode": "string", "queries": "number"}
	shapes = map[string]keys{
		"status":    {"mode": "string", "pid": "pid", "socket": "any", "started_at": "string", "status": "string"},
		"resources": usage,
		"health":    {"healthy": "bool", "last_check": "string", "mode": "string", "resources": "usage", "status": "string"},
		"started":   {"instance_id": "string", "message": "string", "mode": "string", "pid": "pid", "status": "string", "success": "bool"},
		"stopped":   {"instance_id": "string", "message": "string", "mode": "string", "status": "string", "success": "bool"},
	}
)

type keys map[string]string

// wantShape wants just these keys.
func wantShape(t testing.TB, name string, value any, mode string) {
	t.Helper()
	want := maps.Clone(shapes[name])
	if name == "started" && mode == "virtual" {
		want["virtual_pid"] = "string"
	}
	got, _ := value.(map[string]any)
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("%s is %v, and should have the keys %v", name, value, slices.Sorted(maps.Keys(want)))
		return
	}
	for key, v := range got {
		is := map[bool]string{true: "any", false: strings.TrimPrefix(fmt.Sprintf("%T", v), "float")}[want[key] == "any"]
		switch {
		case is == "64":
			is = "number"
		case want[key] == "usage":
			wantShape(t, "resources", v, mode)
			continue
		}
		kind := want[key]
		if kind == "pid" {
			kind = map[string]string{"virtual": "string", "real": "number"}[mode]
		}
		if is != kind || key == "mode" && v != mode {
			t.Errorf("%s has %s => %v (%s), want a %s, mode %s", name, key, v, is, kind, mode)
		}
	}
}

// Try makes every call of the class with an instance that runs and one that is not there, in a mode, and runs the example
// of the contract.
func (c Caller) Try(t testing.TB, id, mode string) {
	t.Helper()
	outcomes, dump := c.Call(t, "startInstance:"+id, "restartInstance:"+id, "stopInstance:"+id, "startInstance:"+id, "getInstanceStatus:"+id,
		"getResourceUsage:"+id, "monitorInstanceHealth:"+id, "getMode", "canUseRealProcessManager",
		"startInstance:no-such-one", "stopInstance:no-such-one", "restartInstance:no-such-one", "monitorInstanceHealth:no-such-one",
		"monitorInstanceHealth:../etc", "getInstanceStatus:no-such-one", "getResourceUsage:no-such-one")
	for i, name := range []string{"started", "started", "stopped", "started", "status", "resources", "health"} {
		if outcomes[i].Exception != "" {
			t.Fatalf("call %d: %s %s\n%s", i, outcomes[i].Exception, outcomes[i].Message, outcomes[i].Trace)
		}
		wantShape(t, name, outcomes[i].Answer, mode)
	}
	if outcomes[7].Answer != mode || outcomes[8].Answer != (mode == "real") {
		t.Errorf("the mode is %+v, %+v; want %s", outcomes[7], outcomes[8], mode)
	}
	if status, _ := outcomes[4].Answer.(map[string]any); status["status"] != "running" {
		t.Errorf("after a start the status is %v", status)
	}
	for i, want := range []string{"map[code:not_found error:Instance not found message:Instance not found success:false]", "", "",
		"map[healthy:false reason:Instance not found]", "map[healthy:false reason:Instance not found]"} {
		if want == "" {
			want = "map[code:not_found error:Instance not found message:Instance not found success:false]"
		}
		if got := outcomes[9+i]; fmt.Sprint(got.Answer) != want {
			t.Errorf("of an unknown instance call %d gives %+v", i, got)
		}
	}
	for _, got := range outcomes[14:] {
		if got.Exception == "" || got.Message != "Instance not found" || got.Code != 404 {
			t.Errorf("of an unknown instance a read gives %+v", got)
		}
	}
	if strings.Contains(dump, "vpm_") {
		t.Errorf("a dump shows the token: %s", dump)
	}
	c.example(t, id, mode)
}

func (c Caller) example(t testing.TB, id, mode string) {
	t.Helper()
	for name, option := range map[string]string{"VPM_API_URL": "url", "VPM_API_TOKEN": "token"} { // it knows no options
		if value, _ := c.Options[option].(string); value != "" {
			c.Env = append(slices.Clone(c.Env), name+"="+value)
		}
	}
	out, err := c.run("usage.php", nil, id)
	var got map[string]any
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		t.Fatalf("the example of the contract: %v: %s", err, out)
	}
	for _, name := range []string{"status", "resources", "health"} {
		wantShape(t, name, got[name], mode)
	}
}
