package httpapi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// sampled is a panel whose instance one has been ticked every five minutes, for an hour.
func sampled(t *testing.T) *panel {
	t.Helper()
	p := newPanel(t, "one")
	p.now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	r, err := p.db.Record(t.Context(), "one")
	must(t, err)
	for i := range 12 {
		at := p.now.Add(time.Duration(i-12) * 5 * time.Minute)
		s := core.Sample{At: at, Ticks: 1, Healthy: 1 - i%2, Unhealthy: i % 2, DiskUsage: new(int64(100 + i))}
		must(t, p.db.SaveWatch(t.Context(), r.Instance, core.Watch{SeenAt: at}, &s, nil, nil))
	}
	return p
}

func TestHistory(t *testing.T) {
	t.Parallel()
	p := sampled(t)
	for query, want := range map[string]struct {
		points   int
		step     float64
		from, to string
	}{
		"":                                    {12, 240, "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"},
		"step=300":                            {12, 300, "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"},
		"step=3600":                           {1, 3600, "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"},
		"step=1800&from=2026-11-24T09:30:00Z": {1, 1800, "2026-11-24T09:30:00Z", "2026-11-24T10:00:00Z"},
		"from=2026-11-24T09:30:00Z&to=2026-11-24T09:45:00Z": {3, 60, "2026-11-24T09:30:00Z", "2026-11-24T09:45:00Z"},
		"to=2026-11-24T09:05:00Z":                           {1, 240, "2026-11-23T09:05:00Z", "2026-11-24T09:05:00Z"},
		"from=2026-11-24T10:30:00%2B01:00&step=":            {6, 60, "2026-11-24T09:30:00Z", "2026-11-24T10:00:00Z"},
		"from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z": {1, 30744573456 - 30744573456%60, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"},
		"from=2030-01-01T00:00:00Z&to=2031-01-01T00:00:00Z": {0, 105120, "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"},
	} {
		a := p.get("instances/history?instance_id=one&" + query).want(200)
		points, _ := a.field("samples").([]any)
		if a.field("samples") == nil || len(points) != want.points || a.field("from") != want.from || a.field("to") != want.to ||
			a.field("step") != want.step && !strings.Contains(query, "9999") {
			t.Errorf("%q: %d points of %v s, %v to %v; want %+v", query, len(points), a.field("step"), a.field("from"), a.field("to"), want)
		}
	}
	p.get("instances/history?instance_id=one&step=3600&from=2026-11-24T09:00:00Z").want(200).
		says(`"samples":[{"at":"2026-11-24T09:00:00Z","ticks":12,"healthy":0.5,"memory":null,"disk_usage":`)
	for _, query := range []string{"from=yesterday", "to=2026-11-24", "from=1795403510", "to=2026-11-24T10:00:00", "from=2026-11-24T10:00:00Z", "from=2026-11-24T10:30:00+01:00",
		"from=2026-11-25T10:00:00Z&to=2026-11-24T10:00:00Z", "step=-1", "step=1.5", "step=a", "step=99999999999999999999", "step=31622401", "from=2026-13-01T00:00:00Z", "to=%00"} {
		p.get("instances/history?instance_id=one&" + query).want(400)
	}
	for _, query := range []string{"to=9999-12-31T23:59:59-12:00", "from=0000-01-01T00:00:00%2B12:00", "to=0000-01-01T01:00:00Z"} { // which JSON has no word for
		p.get("instances/history?instance_id=one&" + query).want(400).says("within the years")
	}
	p.get("instances/history?instance_id=none").want(404)
	p.get("instances/history?instance_id=").want(400)
	p.get("instances/history").want(400).says("instance_id required")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one", "two")
	for i := range 5 {
		p.post("instances/"+[]string{"stop", "start"}[i%2], map[string]any{"instance_id": "one", "reason": fmt.Sprint("reason ", i)}).want(200)
	}
	page := func(query string) (actions string, next float64) {
		t.Helper()
		a := p.get("instances/events?" + query).want(200)
		list, there := a.field("events").([]any)
		if !there {
			t.Errorf("%s: the events are %v", query, a.field("events"))
		}
		for _, e := range list {
			actions += fmt.Sprint(e.(map[string]any)["action"], " ")
		}
		next, _ = a.field("next_before").(float64)
		return strings.TrimSpace(actions), next
	}
	for query, want := range map[string]string{"instance_id=one": "stop start stop start stop create", "instance_id=two": "create", "instance_id=never": "",
		"instance_id=one&limit=0": "stop start stop start stop create", "instance_id=one&limit=-3": "stop start stop start stop create",
		"instance_id=one&limit=99999": "stop start stop start stop create", "instance_id=one&before=1": "", "instance_id=one&before=-5": "stop start stop start stop create",
		"": "stop start stop start stop create create setup"} {
		if got, _ := page(query); got != want {
			t.Errorf("%q gives %q, want %q", query, got, want)
		}
	}
	var pages []string
	for next, query := 0.0, "instance_id=one&limit=2"; ; query = fmt.Sprintf("instance_id=one&limit=2&before=%v", next) {
		var got string
		got, next = page(query)
		if pages = append(pages, got); next == 0 {
			break
		}
	}
	if got := strings.Join(pages, " | "); got != "stop start | stop start | stop create | " {
		t.Errorf("the pages are %q", got)
	}
	for _, query := range []string{"instance_id=../x", "instance_id=a%00", "limit=x", "before=x", "limit=1e3", "before=99999999999999999999"} {
		p.get("instances/events?" + query).want(400)
	}
}

func TestMute(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	p.now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	muted := func() any { // as health has it
		t.Helper()
		return p.get("instances/health?instance_id=one").want(200).field("muted_until")
	}
	for _, c := range []struct {
		body  any
		until any
	}{
		{map[string]any{"instance_id": "one", "duration": "90m", "reason": "works"}, "2026-11-24T11:30:00Z"},
		{url.Values{"instance_id": {"one"}, "until": {"2026-11-25T11:00:00+01:00"}}, "2026-11-25T10:00:00Z"},
		{map[string]any{"instance_id": "one"}, nil},
		{map[string]any{"instance_id": "one"}, nil}, // again
	} {
		a := p.post("instances/mute", c.body).want(200)
		if a.field("muted_until") != c.until || muted() != c.until || (a.field("message") == "Alerts are muted") != (c.until != nil) {
			t.Errorf("%v is answered %s, and health says %v", c.body, a.Body, muted())
		}
	}
	p.post("instances/mute", map[string]any{"instance_id": "one", "duration": "1h"}).want(200)
	for i, body := range []map[string]any{
		{"duration": "0s"}, {"duration": "-1h"}, {"duration": "1"}, {"duration": "forever"}, {"duration": "9000h"}, {"until": "2026-11-24T10:00:00Z"}, {"until": "2020-01-01T00:00:00Z"},
		{"until": "2028-01-01T00:00:00Z"}, {"until": "soon"}, {"until": "2026-11-25T10:00:00Z", "duration": "1h"}, {"reason": strings.Repeat("x", 501)}, {"duration": 3600},
	} {
		body["instance_id"] = "one"
		if a := p.post("instances/mute", body); a.Code != 400 {
			t.Errorf("%d: %v is answered %d %s", i, body, a.Code, a.Body)
		}
	}
	p.post("instances/mute", map[string]any{"instance_id": "none", "duration": "1h"}).want(404)
	p.post("instances/mute", map[string]any{"duration": "1h"}).want(400)
	if got := muted(); got != "2026-11-24T11:00:00Z" {
		t.Errorf("what was refused left it muted until %v", got)
	}
	p.get("instances/events?instance_id=one&limit=1").says(`"action":"mute"`)
}

func TestBypass(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	p.now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	p.post("instances/bypass", map[string]any{"instance_id": "one"}).want(409).says("not stopped")
	p.post("instances/stop", map[string]any{"instance_id": "one"}).want(200)
	secrets := map[any]bool{}
	for duration, until := range map[string]string{"": "2026-11-25T10:00:00Z", "1m": "2026-11-24T10:01:00Z", "90m": "2026-11-24T11:30:00Z", "720h": "2026-12-24T10:00:00Z"} {
		a := p.post("instances/bypass", url.Values{"instance_id": {"one"}, "duration": {duration}}).want(200)
		cookie, _ := a.field("cookie").(string)
		secret, ok := strings.CutPrefix(cookie, core.BypassParameter+"=")
		if a.field("until") != until || !ok || len(secret) != 64 || secrets[secret] || a.field("url") != "http://one.example/?"+cookie || a.field("observed") != "stopped" {
			t.Errorf("for %q: %s", duration, a.Body)
		}
		secrets[secret] = true
	}
	for _, duration := range []string{"59s", "-1h", "721h", "day", "1", "1h ", "2562047h47m16.854775807s"} {
		p.post("instances/bypass", map[string]any{"instance_id": "one", "duration": duration}).want(400)
	}
	p.post("instances/bypass", map[string]any{"instance_id": "none"}).want(404)
	p.post("instances/bypass", map[string]any{}).want(400)
	p.post("instances/bypass", map[string]any{"instance_id": "one", "duration": 90}).want(400)
	// Nobody else is told the secret.
	for _, path := range []string{"instances/events?instance_id=one", "instances/status?instance_id=one", "instances/monitor?instance_id=one", "instances/list", "v1/instances/one"} {
		for secret := range secrets {
			if a := p.get(path).want(200); strings.Contains(a.Body.String(), fmt.Sprint(secret)) {
				t.Errorf("%s shows the secret: %s", path, a.Body)
			}
		}
	}
}
