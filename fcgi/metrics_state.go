package main

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/httpapi"
	"vpm/core/systemd"
)

// scrapeLimit bounds what one scrape may take of the database and of systemd. Prometheus gives up after 10 seconds.
const scrapeLimit = 8 * time.Second

// readers is how many instances' figures are read at once.
const readers = 4

// stateMetrics reads the instances and the database whenever somebody asks.
type stateMetrics struct {
	resident *app.Resident
	log      zerolog.Logger
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	databaseUp   = describe("vpm_database_up", "1 while the database answers, else 0.")
	databaseOpen = describe("vpm_database_connections", "Open connections to the database.", "state")
	databaseMost = describe("vpm_database_connections_max", "How many connections to the database may be open.")
	databaseWait = describe("vpm_database_connection_waits_total", "How often a connection to the database had to be waited for.")
	databaseLong = describe("vpm_database_connection_wait_seconds_total", "How long connections to the database were waited for.")

	instances = describe("vpm_instances", "Instances, by what is wanted, what was last seen, and whether that is healthy.", "wanted", "observed", "healthy")

	instanceMemory   = describe("vpm_instance_memory_bytes", "Memory that the processes of an instance use, with the page cache charged to them.", "instance")
	instanceLimit    = describe("vpm_instance_memory_limit_bytes", "Memory that the processes of an instance may use.", "instance")
	instanceCPU      = describe("vpm_instance_cpu_seconds_total", "Processor time that the processes of an instance have used since its start.", "instance")
	instanceTasks    = describe("vpm_instance_tasks", "Processes and threads of an instance.", "instance")
	instanceRestarts = describe("vpm_instance_restarts_total", "Starts of an instance's process after an end that nobody asked for.", "instance")
	instanceOOM      = describe("vpm_instance_oom_kills_total", "Processes of an instance that the kernel ended for want of memory.", "instance")
	instanceWorkers  = describe("vpm_instance_php_workers", "PHP-FPM workers of an instance.", "instance", "state")
	instanceQueue    = describe("vpm_instance_php_queue", "Requests that wait for a PHP-FPM worker of an instance.", "instance")
)

// Describe gives what Collect can.
func (s stateMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{databaseUp, databaseOpen, databaseMost, databaseWait, databaseLong, instances, instanceMemory, instanceLimit,
		instanceCPU, instanceTasks, instanceRestarts, instanceOOM, instanceWorkers, instanceQueue} {
		to <- d
	}
}

// Collect reads. What cannot be read is left out, and vpm_database_up says so.
func (s stateMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	defer recovered(s.log, "the metrics")
	up := 0.0
	_ = s.resident.Look(func(b *httpapi.Backend, pool sql.DBStats) error { // the requests that fail for it are logged
		send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(d, kind, v, labels...)
		}
		send(databaseOpen, prometheus.GaugeValue, float64(pool.InUse), "in_use")
		send(databaseOpen, prometheus.GaugeValue, float64(pool.Idle), "idle")
		send(databaseMost, prometheus.GaugeValue, float64(pool.MaxOpenConnections))
		send(databaseWait, prometheus.CounterValue, float64(pool.WaitCount))
		send(databaseLong, prometheus.CounterValue, pool.WaitDuration.Seconds())
		records, _, err := b.Manager.Store.Records(ctx, core.Query{})
		if err != nil {
			return err
		}
		up = 1
		count(records, b.Manager.Now(), send)
		if b.Real != nil {
			s.measure(ctx, records, b.Real, send)
		}
		return nil
	})
	to <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, up)
}

type sender func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string)

// count counts the instances by state, as the list has it: nothing is looked at.
func count(records []core.Record, now time.Time, send sender) {
	type state struct{ wanted, observed, healthy string }
	states := map[state]int{}
	for _, r := range records {
		r = r.AsOf(now)
		s := state{string(r.Wanted(now)), string(core.ObservedUnknown), "false"}
		if e := r.Gate.Evidence; !e.At.IsZero() {
			s.observed = string(e.Observed)
		}
		if healthy, _ := r.Healthy(now); healthy {
			s.healthy = "true"
		}
		states[s]++
	}
	for s, n := range states {
		send(instances, prometheus.GaugeValue, float64(n), s.wanted, s.observed, s.healthy)
	}
}

// measure reads what the processes of the instances use that have one. The label is the instance's id: there are as many
// as instances are registered, and one that is deleted goes.
func (s stateMetrics) measure(ctx context.Context, records []core.Record, figures func(context.Context, core.Instance) any, send sender) {
	var group sync.WaitGroup
	next := make(chan core.Instance)
	for range readers {
		group.Go(func() {
			for in := range next {
				func() {
					defer recovered(s.log, "the metrics of "+in.InstanceID)
					if f, ok := figures(ctx, in).(systemd.Figures); ok {
						sendFigures(in.InstanceID, f, send)
					}
				}()
			}
		})
	}
	for _, r := range records {
		if ctx.Err() != nil {
			break
		}
		next <- r.Instance
	}
	close(next)
	group.Wait()
}

func sendFigures(id string, f systemd.Figures, send sender) {
	for _, one := range []struct {
		d    *prometheus.Desc
		kind prometheus.ValueType
		f    systemd.Figure
		unit float64
	}{
		{instanceMemory, prometheus.GaugeValue, f.Memory, 1},
		{instanceLimit, prometheus.GaugeValue, f.MemoryLimit, 1},
		{instanceCPU, prometheus.CounterValue, f.CPU, 1e-6},
		{instanceTasks, prometheus.GaugeValue, f.Tasks, 1},
		{instanceOOM, prometheus.CounterValue, f.OOMKills, 1},
	} {
		if one.f.Known && !one.f.Unlimited {
			send(one.d, one.kind, float64(one.f.Value)*one.unit, id)
		}
	}
	send(instanceRestarts, prometheus.CounterValue, float64(f.Restarts), id)
	if w := f.Workers; w != nil {
		send(instanceWorkers, prometheus.GaugeValue, float64(w.Active), id, "active")
		send(instanceWorkers, prometheus.GaugeValue, float64(w.Idle), id, "idle")
		send(instanceQueue, prometheus.GaugeValue, float64(w.Queue), id)
	}
}
