package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The numbers of clients that ask at once.
var loads = []int{1, 10, mostClients}

const mostClients = 50

// What status.php of the server has to reach against PHP, in requests a second at each load, and against the constant.
var (
	timesPHP = []float64{1, 1.3, 1.3}
	constant = 1.5
)

// serving is a page, and what was measured of it at each load.
type serving struct {
	page
	at []measured
}

type measured struct{ times, rates series }

// realMode measures a server: FastCGI, starts, the status of many, and what the server keeps.
func (b *bench) realMode(ctx context.Context) (err error) {
	s, err := b.bootVPS(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	for _, section := range []func(context.Context, *vps) error{b.fastCGI, b.starts, b.endurance, b.many} {
		if err := section(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// fastCGI measures status.php of an instance without and with a process of its own, beside the yardsticks.
func (b *bench) fastCGI(ctx context.Context, s *vps) error {
	statements, length, err := s.statements(ctx, status)
	if err != nil {
		return err
	}
	if err := s.yardsticks(ctx, statements, length); err != nil {
		return err
	}
	const ok = `"success":true`
	ofMoved := status
	ofMoved.path = "/api/instances/status.php?instance_id=" + movedSite
	php := &serving{page: page{name: "PHP-FPM, new connection", request: request{"GET", "/select.php", "", ok}}}
	kept := &serving{page: page{name: "PHP-FPM, kept connection", request: request{"GET", "/select.php?persistent=1", "", ok}}}
	least := &serving{page: page{name: "Go, a constant", request: request{"GET", "/answer.php", "", ok}}}
	vpm := &serving{page: page{name: "status.php", token: s.token, request: status}}
	process := &serving{page: page{name: "status.php of a process", token: s.token, request: ofMoved}}
	all := []*serving{php, kept, least, vpm, process}
	for round := -1; round < b.rounds; round++ { // -1 warms up
		for _, p := range all {
			if round < 0 {
				p.at = make([]measured, len(loads))
			}
			for i, n := range loads {
				times, rate, err := s.press(ctx, &p.page, n)
				if err != nil {
					return err
				}
				if round >= 0 {
					p.at[i].times.add(round, times...)
					p.at[i].rates.add(round, rate)
				}
			}
		}
	}
	var rows []row
	for i, n := range loads {
		for _, p := range all {
			m := p.at[i]
			cells := row{fmt.Sprintf("%s, %d at once", p.name, n), m.times.quantile(0.5), m.times.quantile(0.99),
				m.rates.spread(), m.rates.ratio(php.at[i].rates), least.at[i].rates.ratio(m.rates), "", ""}
			if p == vpm {
				slower := least.at[i].rates.ratio(m.rates).Median
				cells[6], cells[7] = fmt.Sprintf("<= %.1fx the constant", constant), verdict(slower <= constant)
			}
			rows = append(rows, cells)
			if p == vpm {
				rows = append(rows, againstPHP(i, m, php.at[i]))
			}
		}
	}
	return b.print(fmt.Sprintf("Apache, FastCGI, %d statements", len(statements)),
		[]string{"p50", "p99", "requests/s", "x PHP", "constant's x", "goal", "verdict"}, rows)
}

// againstPHP is the other goal of status.php: what is asked of it against PHP at the i-th load.
func againstPHP(i int, vpm, php measured) row {
	goal := fmt.Sprintf(">= %.1fx PHP", timesPHP[i])
	met := vpm.rates.ratio(php.rates).Median >= timesPHP[i]
	if loads[i] > 1 {
		goal += ", better p99"
		met = met && vpm.times.quantile(0.99) < php.times.quantile(0.99)
	}
	return row{fmt.Sprintf("status.php and PHP-FPM, %d at once", loads[i]), nil, nil, nil, vpm.rates.ratio(php.rates), nil, goal, verdict(met)}
}

// press has n clients ask for a while, and gives how long each request took and how many were answered a second.
func (s site) press(ctx context.Context, p *page, n int) (times []float64, rate float64, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	begin := time.Now()
	for range n {
		wg.Go(func() {
			var own []float64
			var failed error
			for failed == nil && time.Since(begin) < atOnce {
				asked := time.Now()
				_, failed = s.call(ctx, p.token, p.request)
				own = append(own, milliseconds(time.Since(asked)))
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, own...)
			if failed != nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return times, float64(len(times)) / time.Since(begin).Seconds(), err
}

// once gives how long one request took.
func (s site) once(ctx context.Context, p *page) (float64, error) {
	begin := time.Now()
	_, err := s.call(ctx, p.token, p.request)
	return milliseconds(time.Since(begin)), err
}
