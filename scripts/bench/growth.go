package main

import (
	"context"
	"fmt"
	"math"
)

// What growth is judged by. The cost is processor time, of the program and of the database: how long others use the processors
// does not count.
const (
	linear = 1.1  // the greatest exponent between the two largest
	flat   = 1.25 // the greatest ratio of the cost of the most to that of the least
)

// curve is a cost against a number, in ms by number. rows are those that MariaDB looked at, at each point.
type curve struct {
	name   string
	flat   bool
	points [][2]float64
	rows   []any
}

// growth measures what calls of a CGI process cost against how much there is.
func (b *bench) growth(ctx context.Context) error {
	pair, err := b.newPair(ctx, "growth", 1)
	if err != nil {
		return err
	}
	var rows []row
	keep := func(file, of string, curves []*curve) {
		p := plot{File: file, Title: "Cost against the number of " + of, Of: of}
		for _, c := range curves {
			p.Curves = append(p.Curves, plotCurve{c.name, c.points})
			rows = append(rows, c.row(of))
		}
		b.results.Plots = append(b.results.Plots, p)
	}
	var instances, events, samples []*curve
	for _, a := range pair {
		got, err := b.grow(ctx, a, grown{[]int{1, 10, 100, 1_000, 10_000}, func(from, to int) error { return a.fill(ctx, from+1, to) }}, 1,
			curveOf("status.php", true, status), curveOf("list.php", false, list))
		if err != nil {
			return err
		}
		instances = append(instances, got...)
	}
	if pair, err = b.newPair(ctx, "history", callSites); err != nil {
		return err
	}
	for _, a := range pair {
		if err := a.watch(ctx); err != nil {
			return err
		}
		for _, of := range []struct {
			statement string
			to        *[]*curve
		}{{insertEvents, &events}, {insertSamples, &samples}} {
			got, err := b.grow(ctx, a, grown{[]int{100, 1_000, 10_000, 100_000}, func(from, to int) error { return a.insertMany(ctx, of.statement, from, to) }}, 0,
				curveOf("status.php", true, status), curveOf("monitor.php", true, monitor), curveOf(fmt.Sprintf("list.php of %d", callSites), true, list))
			if err != nil {
				return err
			}
			*of.to = append(*of.to, got...)
		}
	}
	files, err := b.growFiles(ctx)
	if err != nil {
		return err
	}
	keep("growth-instances", "instances", instances)
	keep("growth-events", "events of one instance", events)
	keep("growth-samples", "samples of one instance", samples)
	keep("growth-files", "files of one instance", files)
	return b.print("Growth, processor time of a CGI process and its database", []string{"at the least", "at the most", "most / least", "exponent", "rows read, at the least", "at the most", "goal", "verdict"}, rows)
}

// row judges a curve.
func (c *curve) row(of string) row {
	first, last := c.points[0], c.points[len(c.points)-1]
	before := c.points[len(c.points)-2]
	exponent := math.Log(last[1]/before[1]) / math.Log(last[0]/before[0])
	goal, met := fmt.Sprintf("exponent <= %.1f", linear), exponent <= linear
	if c.flat {
		goal, met = fmt.Sprintf("most / least <= %.2f", flat), last[1]/first[1] <= flat
	}
	at := func(p [2]float64) string { return fmt.Sprintf("%s ms of %.0f", number(p[1]), p[0]) }
	cells := row{c.name + " by " + of, at(first), at(last), last[1] / first[1], math.Round(100*exponent) / 100, nil, nil, goal, verdict(met)}
	if c.rows != nil {
		cells[5], cells[6] = c.rows[0], c.rows[len(c.rows)-1]
	}
	return cells
}

// grown is how something grows: to each number, from the one before.
type grown struct {
	numbers []int
	to      func(from, to int) error
}

type ofCall struct {
	curve
	request
}

func curveOf(name string, flat bool, r request) ofCall {
	return ofCall{curve{name: name, flat: flat}, r}
}

// processorTime gives what f takes of the processors in all other processes, each of n times, in ms.
func processorTime(n int, f func() error) (float64, error) {
	before, err := look()
	if err != nil {
		return 0, err
	}
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	after, err := look()
	return milliseconds(after.cpu-before.cpu) / float64(n), err
}

// grow measures calls at each number. The first number starts from what is there.
func (b *bench) grow(ctx context.Context, a account, g grown, from int, calls ...ofCall) ([]*curve, error) {
	reads, err := b.newTrips(a.driver, rowCounters)
	if err != nil {
		return nil, err
	}
	defer reads.close()
	for _, n := range g.numbers {
		if n > from {
			if err := g.to(from, n); err != nil {
				return nil, err
			}
		}
		from = n
		for i := range calls {
			c := &calls[i]
			ask := func() error {
				_, _, err := a.run(ctx, a.token, c.request)
				return err
			}
			rows, err := reads.of(ask) // warms up, too
			if err != nil {
				return nil, err
			}
			var cost series
			for range max(3, b.rounds/2) {
				ms, err := processorTime(10, ask)
				if err != nil {
					return nil, err
				}
				cost.add(0, ms)
			}
			c.rows = append(c.rows, rows)
			c.points = append(c.points, [2]float64{float64(n), cost.quantile(0.5)})
		}
	}
	curves := make([]*curve, len(calls))
	for i := range calls {
		curves[i] = &calls[i].curve
		curves[i].name += ", " + a.label
	}
	return curves, nil
}

// Both make rows of the one instance, a minute apart; ? stands for the first and the last number.
const (
	numbers = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 399)
		SELECT a.i * 400 + b.i AS i FROM n a, n b WHERE a.i * 400 + b.i >= ? AND a.i * 400 + b.i < ?`
	insertEvents = `INSERT INTO vpm_events (occurred_at, instance_id, action, actor, address, result, pid)
		SELECT (1763900000 - 60 * m.i) * 1000000, '` + instance + `', 'start', 'admin', '192.0.2.1', 'ok', 'v1795403510000000001' FROM (` + numbers + `) m`
	insertSamples = `INSERT INTO vpm_samples (instance_row, at, span, ticks, healthy, unhealthy, memory, disk_usage, database_size, queries, probe, probe_max)
		SELECT instances.id, 1763900000 - 60 * m.i, 0, 1, 1, 0, 65536, 314572800, 32768, 120, 84200, 84200 FROM instances, (` + numbers + `) m
		WHERE instance_id = '` + instance + `'`
)

func (d *database) insertMany(ctx context.Context, statement string, from, to int) error {
	return d.change(ctx, func(exec func(query string, args ...any)) { exec(statement, from, to) })
}
