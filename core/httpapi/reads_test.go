package httpapi

import (
	"context"
	"database/sql"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// TestProcessesSayWhatIsKnown: of an instance that never ran there is no process, and of one whose memory was not estimated
// no figure.
func TestProcessesSayWhatIsKnown(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "estimated", "measured")
	never := core.Instance{InstanceID: "never", Name: "n", CMSType: "native", Status: core.StatusInactive}
	must(t, p.db.CreateInstance(t.Context(), never, core.Run{VirtualPID: "v1"}, core.Event{Action: core.ActionCreate}))
	raw, err := sql.Open("sqlite", p.path)
	must(t, err)
	defer raw.Close()
	_, err = raw.ExecContext(t.Context(), `DELETE FROM virtual_processes WHERE instance_id = 'never'`)
	must(t, err)
	for id, how := range map[string]string{"estimated": "estimated as 5 processes", "measured": "measured"} {
		must(t, p.db.SaveUsage(t.Context(), id, core.Usage{Memory: 1 << 20, MeasuredAt: time.Unix(1795403510, 0), Evidence: core.UsageEvidence{Memory: how}}))
	}
	a := p.get("kernel/processes").want(200)
	list, _ := a.field("processes").([]any)
	if len(list) != 2 || a.field("total") != 2.0 {
		t.Fatalf("the processes are %s", a.Body)
	}
	for _, one := range list {
		process, _ := one.(map[string]any)
		want := map[string]any{"estimated": float64(1 << 20)}[process["instance_id"].(string)]
		if process["memory_usage"] != want {
			t.Errorf("of %v the memory is %v; want %v", process["instance_id"], process["memory_usage"], want)
		}
	}
}

// TestDoctorKnowsHowItWasAsked: what it asks the web server for is the address that people have.
func TestDoctorKnowsHowItWasAsked(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	var asked Asked
	backend := p.backend()
	backend.Doctor = func(_ context.Context, a Asked) []core.Check {
		asked = a
		return []core.Check{{Name: "asked", Result: core.CheckOK, Reason: "asked"}}
	}
	p.Backend = func() (*Backend, error) { return backend, nil }
	for target, want := range map[string]Asked{
		"http://a.example/api/doctor.php":     {API: "http://a.example/api"},
		"https://a.example:8443/x/doctor.php": {HTTPS: true, API: "https://a.example:8443/x"},
		"https://a.example/doctor.php":        {HTTPS: true, API: "https://a.example/"},
	} {
		if p.send(httptest.NewRequest("GET", target, strings.NewReader(""))).Code != 200 || asked != want {
			t.Errorf("%s is asked as %+v; want %+v", target, asked, want)
		}
	}
}

// TestTryingSetUp: who has the code is told what a database would bring, before anything is saved.
func TestTryingSetUp(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	taken := false
	p.Setup.Try = func(_ context.Context, r core.SetupRequest) (bool, error) {
		if r.Code != "right" {
			return false, core.Errorf(core.CodeForbidden, "cannot set up: the code is wrong")
		}
		return taken, nil
	}
	for _, c := range []struct {
		code, driver string
		taken        bool
		status       int
		words        string
	}{
		{"wrong", "sqlite", true, 403, "code is wrong"}, {"right", "", false, 200, "The code is right"},
		{"right", "mysql", false, 200, "can be used"}, {"right", "mysql", true, 200, "log in as that one"},
	} {
		taken = c.taken
		p.post("setup", map[string]any{"try": true, "code": c.code, "db_driver": c.driver}).want(c.status).says(c.words)
	}
}
