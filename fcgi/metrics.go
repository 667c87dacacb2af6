package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"vpm/core/app"
	"vpm/core/gateway"
)

// metrics is what the server measures, as Prometheus names it: base units, _total for what only grows. What can be
// counted as it happens is, and what a state is gathered from is read when somebody asks.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	ticks    *prometheus.CounterVec
	took     prometheus.Histogram
	lastGood prometheus.Gauge
}

func newMetrics(resident *app.Resident, log zerolog.Logger) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vpm_http_requests_total",
			Help: "Requests that the API answered, by route, method and status."}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vpm_http_request_duration_seconds",
			Help: "How long the API took to answer, by route.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"route"}),
		ticks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vpm_ticks_total",
			Help: "Periodic passes over the instances, by how they ended."}, []string{"result"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vpm_tick_duration_seconds",
			Help: "How long a periodic pass took.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60}}),
		lastGood: prometheus.NewGauge(prometheus.GaugeOpts{Name: "vpm_tick_last_success_timestamp_seconds",
			Help: "When the last periodic pass that succeeded ended, in Unix time; 0 for none since the start."}),
	}
	built := prometheus.NewGauge(prometheus.GaugeOpts{Name: "vpm_build_info", Help: "1, with the version that runs.",
		ConstLabels: prometheus.Labels{"version": version}})
	built.Set(1)
	for _, result := range []string{tickGood, tickFailed} { // so that both begin at 0
		m.ticks.WithLabelValues(result)
	}
	m.registry.MustRegister(m.requests, m.duration, m.ticks, m.took, m.lastGood, built, stateMetrics{resident, log},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const tickGood, tickFailed = "success", "failure"

// handler answers two scrapes at once at most; others are told so.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 2})
}

// observe counts an answer. Clients choose paths and methods, so that what is none of ours counts as other.
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "other"
	}
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// timed measures the periodic pass. One that panics counts as failed.
func (m *metrics) timed(pass func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		began, result := time.Now(), tickFailed
		defer func() {
			m.took.Observe(time.Since(began).Seconds())
			m.ticks.WithLabelValues(result).Inc()
		}()
		err := pass(ctx)
		if err == nil {
			result = tickGood
			m.lastGood.SetToCurrentTime()
		}
		return err
	}
}

// watch adds how much the server has to do.
func (m *metrics) watch(server *gateway.Server) {
	gauge := func(name, help string, value func(gateway.Load) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(server.Load()) })
	}
	m.registry.MustRegister(
		gauge("vpm_http_requests_running", "Requests that are being answered.", func(l gateway.Load) float64 { return float64(l.Running) }),
		gauge("vpm_http_requests_waiting", "Requests that wait for their turn.", func(l gateway.Load) float64 { return float64(l.Waiting) }),
		gauge("vpm_fastcgi_connections", "Open connections of web servers.", func(l gateway.Load) float64 { return float64(l.Connections) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "vpm_http_requests_refused_total",
			Help: "Requests that were answered 503, busy, since too many were under way."}, func() float64 { return float64(server.Load().Refused) }))
}
