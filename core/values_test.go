package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"vpm/core"
)

func text(s string) *string { return &s }

func wantCode(t *testing.T, err error, code core.Code) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("the error is %v; want one of code %q", err, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheckID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "0", "wp-test-001", "Old_Site", "-", "_", strings.Repeat("x", 64)} {
		if err := core.CheckID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{".", "..", "../etc", "a/b", `a\b`, "a.b", "a b", " a", "a ", "a\x00", "a\n", "ä", "a%2fb", "a'b", "a;b", "\xff",
		strings.Repeat("x", 65), strings.Repeat("x", 10<<10)} {
		err := core.CheckID(id)
		wantCode(t, err, core.CodeInvalid)
		if strings.Contains(fmt.Sprint(err), id) && len(id) > 2 {
			t.Errorf("the message repeats what was sent: %v", err)
		}
	}
	var e *core.Error
	if err := core.CheckID(""); !errors.As(err, &e) || e.Code != core.CodeInvalid || e.Message != "instance_id required" {
		t.Errorf("the error is %v", err)
	}
}

func TestDiskAlertOfAnInstance(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]int64{`{}`: 7, `{"disk_alert":"20G"}`: 20 << 30, `{"disk_alert":"much"}`: 7, `garbage`: 7} {
		if got := (core.Instance{Config: &config}).DiskAlert(7); got != want {
			t.Errorf("%s: people are told past %d; want %d", config, got, want)
		}
	}
}

func TestPathAndURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config, domain, prefix *string
		path, url              string
	}{
		{nil, nil, nil, "/base/one", ""},
		{text(`{"path":"/srv/x/../y"}`), text("a.example"), nil, "/srv/y", "http://a.example/"},
		{text(`{"path":"../../etc"}`), text("a.example"), text("blog"), "/base/one", "http://a.example/blog"},
		{text(`{"path":""}`), text(""), text("/blog"), "/base/one", ""},
		{text(`{"url":"https://b.example/x"}`), text("a.example"), text("/"), "/base/one", "https://b.example/x"},
		{text(`{"path":7,"url":"https://b.example"}`), text("a.example"), text("//evil.example"), "/base/one", "http://a.example/evil.example"},
		{text(`[]`), text("a.example"), text(""), "/base/one", "http://a.example/"},
		{text(`null`), nil, nil, "/base/one", ""},
		{text(`garbage`), nil, nil, "/base/one", ""},
		{text(``), nil, nil, "/base/one", ""},
	} {
		in := core.Instance{InstanceID: "one", Config: c.config, Domain: c.domain, PathPrefix: c.prefix}
		if got := in.Path("/base"); got != c.path {
			t.Errorf("%v: the path is %q; want %q", c, got, c.path)
		}
		if got := in.URL(); got != c.url {
			t.Errorf("%v: the URL is %q; want %q", c, got, c.url)
		}
	}
}

func TestJSONOfTheContract(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		`"v17954035109345"`:     core.PID{Virtual: "v17954035109345"},
		`12345`:                 core.PID{Real: 12345},
		`12`:                    core.PID{Real: 12, Virtual: "v1"},
		`null`:                  core.PID{},
		`"2026-11-23 03:11:51"`: core.Timestamp("2026-11-23 03:11:51"),
		`{"pid":null,"status":"stopped","mode":"virtual","socket":null,"started_at":null}`: core.Process{Status: core.RunStopped, Mode: core.ModeVirtual},
		`[null]`: []core.Timestamp{""},
		`{"id":1,"username":"admin","full_name":"Admin","email":null,"role":"admin","permissions":["*"]}`: core.User{ID: 1, Username: "admin",
			FullName: text("Admin"), Role: "admin", Permissions: []core.Permission{"*"}},
		`{"id":1,"instance_id":"wp","instance_name":"","cms_type":"","cms_version":null,"domain":null,"path_prefix":"/","database_name":"","database_prefix":null,` +
			`"status":"active","config":"{}","resources":null,"created_at":null,"updated_at":null,"activated_at":null}`: core.Instance{ID: 1, InstanceID: "wp",
			PathPrefix: text("/"), Status: core.StatusActive, Config: text("{}")},
	} {
		got, err := json.Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("%#v is %s, %v; want %s", v, got, err, want)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	view, manage, create := core.PermissionView, core.PermissionManage, core.PermissionCreate
	for _, c := range []struct {
		user                 core.User
		view, manage, create bool
	}{
		{core.User{Role: "admin"}, true, true, true},
		{core.User{Role: "admin", Permissions: []core.Permission{}}, true, true, true},
		{core.User{Role: "manager", Permissions: core.DefaultPermissions("manager")}, true, true, true},
		{core.User{Role: "manager", Permissions: []core.Permission{}}, false, false, false},
		{core.User{Role: "viewer", Permissions: core.DefaultPermissions("viewer")}, true, false, false},
		{core.User{Role: "viewer", Permissions: []core.Permission{"*"}}, true, true, true},
		{core.User{Role: "viewer", Permissions: []core.Permission{manage}}, true, true, false},
		{core.User{Role: "viewer", Permissions: []core.Permission{create}}, true, false, true},
		{core.User{Role: "", Permissions: core.DefaultPermissions("")}, false, false, false},
		{core.User{Role: "Admin", Permissions: core.DefaultPermissions("Admin")}, false, false, false},
		{core.User{Role: "viewer", Permissions: []core.Permission{"instances.*", "INSTANCES.VIEW"}}, false, false, false},
	} {
		if c.user.May(view) != c.view || c.user.May(manage) != c.manage || c.user.May(create) != c.create {
			t.Errorf("%+v may view %v, manage %v, create %v", c.user, c.user.May(view), c.user.May(manage), c.user.May(create))
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	refused := core.Errorf(core.CodeConflict, "cannot do %s", "this")
	because := refused.Because(fs.ErrNotExist)
	if because.Message != "cannot do this" || !errors.Is(because, fs.ErrNotExist) || refused.Err != nil {
		t.Errorf("they are %v and %v", refused, because)
	}
	if e := core.Errorf(core.CodeInvalid, "cannot: %w", fs.ErrNotExist); !errors.Is(e, fs.ErrNotExist) || e.Message != "cannot: file does not exist" {
		t.Errorf("it is %v", e)
	}
	for _, c := range []struct {
		err  error
		code core.Code
	}{{nil, ""}, {refused, core.CodeConflict}, {fmt.Errorf("x: %w", because), core.CodeConflict}, {fs.ErrNotExist, core.CodeInternal}} {
		wantCode(t, c.err, c.code)
	}
}

func TestTimestampScansText(t *testing.T) {
	t.Parallel()
	for _, v := range []any{"2026-11-23 03:11:51", []byte("2026-11-23 03:11:51"), nil} {
		ts := core.Timestamp("old")
		if err := ts.Scan(v); err != nil || v == nil && ts != "" || v != nil && ts != "2026-11-23 03:11:51" {
			t.Errorf("%v is read as %q, %v", v, ts, err)
		}
	}
	if err := new(core.Timestamp).Scan(7); err == nil {
		t.Error("a number was read as a timestamp")
	}
}
