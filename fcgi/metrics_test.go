package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rs/zerolog"

	"vpm/core/app"
)

// families are metrics by name.
type families map[string]*dto.MetricFamily

// parse reads the text form, in which Prometheus's own linter has to find nothing wrong.
func parse(t *testing.T, text string) families {
	t.Helper()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter says %v %v of\n%s", problems, err, text)
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	list, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Errorf("cannot parse: %v\n%s", err, text)
	}
	return list
}

// value sums the series of a metric that have these labels; of a histogram it is how often something was observed.
func (f families) value(name string, labels map[string]string) (sum float64) {
series:
	for _, m := range f[name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		for name, want := range labels {
			if has[name] != want {
				continue series
			}
		}
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return sum
}

func (f families) want(t *testing.T, name string, labels map[string]string, want float64) {
	t.Helper()
	if got := f.value(name, labels); got != want {
		t.Errorf("%s%v is %v, want %v", name, labels, got, want)
	}
}

// TestMetrics asks for the metrics through every web server, as a program on this machine, and as others.
func TestMetrics(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	socket := held.Addr().String()
	launch(t, held, nil, p.args()...)
	for range 3 {
		p.wantStatus(socket, 200)
	}
	fronts := startFronts(t, socket)
	url := fronts[0]
	r := p.request("BREW", url.url, "/api/no/such/endpoint", "")
	r.Host = url.host
	want(t, r, 404)
	var got families
	for _, f := range fronts {
		r := p.request("GET", f.url, "/api/metrics.php", "")
		r.Host = f.host
		r.Header.Del("Authorization")
		a := want(t, r, 200)
		if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the headers are %v", f.name, a.header)
		}
		got = parse(t, a.body)
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		want(t, r, 401)
		r.Header.Set("Authorization", "Bearer "+p.token)
		want(t, r, 200, "vpm_database_up 1")
	}
	got.want(t, "vpm_http_requests_total", map[string]string{"route": "instances/status", "method": "GET", "code": "200"}, 3)
	got.want(t, "vpm_http_request_duration_seconds", map[string]string{"route": "instances/status"}, 3)
	got.want(t, "vpm_http_requests_total", map[string]string{"route": "other", "method": "other", "code": "404"}, 1)
	got.want(t, "vpm_http_requests_total", map[string]string{"route": "metrics", "code": "401"}, 5)
	got.want(t, "vpm_http_requests_running", nil, 1)
	got.want(t, "vpm_http_requests_waiting", nil, 0)
	got.want(t, "vpm_http_requests_refused_total", nil, 0)
	got.want(t, "vpm_instances", nil, 1)
	got.want(t, "vpm_instances", map[string]string{"wanted": "running"}, 1)
	got.want(t, "vpm_database_up", nil, 1)
	got.want(t, "vpm_database_connections_max", nil, databaseConns)
	got.want(t, "vpm_build_info", map[string]string{"version": "dev"}, 1)
	for _, name := range []string{"vpm_database_connections", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
		"go_goroutines", "vpm_fastcgi_connections"} {
		if got.value(name, nil) <= 0 {
			t.Errorf("%s is %v", name, got.value(name, nil))
		}
	}

	// A database that is away is what people want to be told of.
	p.text = strings.Replace(p.text, "VPM_DB_SOCKET=", "VPM_DB_SOCKET=/nowhere", 1)
	p.settings("")
	r = p.request("GET", url.url, "/api/metrics", "")
	r.Host = url.host
	r.Header.Del("Authorization")
	got = parse(t, want(t, r, 200, "vpm_database_up 0").body)
	got.want(t, "vpm_instances", nil, 0)
}

// TestTicksAreMeasured: how the passes ended, also one that panics.
func TestTicksAreMeasured(t *testing.T) {
	t.Parallel()
	log := zerolog.New(t.Output())
	m := newMetrics(&app.Resident{Docroot: t.TempDir(), Log: t.Output()}, log)
	pass := func(do func() error) {
		tickOnce(t.Context(), m.timed(func(context.Context) error { return do() }), log)
	}
	read := func() families {
		w := httptest.NewRecorder()
		m.handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/metrics", nil))
		return parse(t, w.Body.String())
	}
	pass(func() error { return errors.New("it fails") })
	pass(func() error { panic("a bug") })
	got := read()
	got.want(t, "vpm_ticks_total", map[string]string{"result": "failure"}, 2)
	got.want(t, "vpm_ticks_total", map[string]string{"result": "success"}, 0)
	got.want(t, "vpm_tick_last_success_timestamp_seconds", nil, 0)
	pass(func() error { return nil })
	got = read()
	got.want(t, "vpm_ticks_total", map[string]string{"result": "success"}, 1)
	got.want(t, "vpm_tick_duration_seconds", nil, 3)
	if at := got.value("vpm_tick_last_success_timestamp_seconds", nil); at < 1e9 {
		t.Errorf("the last pass that succeeded was at %v", at)
	}
}
