package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	inTurn  = 25                     // requests of one client in a round
	clients = 4                      // at once
	atOnce  = 400 * time.Millisecond // how long they ask in a round
)

// site is a running web server as seen by clients that keep their connections.
type site struct {
	url    string
	client *http.Client
}

func newSite(url string) site {
	return site{url, &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: mostClients, DisableCompression: true}}}
}

// call implements caller.
func (s site) call(ctx context.Context, token string, r request) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, s.url+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 || !strings.Contains(string(body), r.wants) {
		return nil, fmt.Errorf("cannot use the answer to %s: %s: %.300s", r.path, resp.Status, body)
	}
	return body, nil
}

// page is something served, and what was measured of it.
type page struct {
	name  string
	token string
	request
	times series // ms, of one client
	rates series // requests a second, of several clients
}

// measure asks for all pages in turn, round by round. Round 0 warms up.
func (s site) measure(ctx context.Context, rounds int, pages []*page) error {
	for round := -1; round < rounds; round++ {
		for _, p := range pages {
			times := make([]float64, inTurn)
			for i := range times {
				begin := time.Now()
				if _, err := s.call(ctx, p.token, p.request); err != nil {
					return err
				}
				times[i] = milliseconds(time.Since(begin))
			}
			rate, err := s.rate(ctx, p)
			if err != nil {
				return err
			}
			if round >= 0 {
				p.times.add(round, times...)
				p.rates.add(round, rate)
			}
		}
	}
	return nil
}

// rate gives how many requests a second several clients get answered.
func (s site) rate(ctx context.Context, p *page) (float64, error) {
	var mu sync.Mutex
	var done int
	var failed error
	var wg sync.WaitGroup
	begin := time.Now()
	for range clients {
		wg.Go(func() {
			n := 0
			var err error
			for err == nil && time.Since(begin) < atOnce {
				_, err = s.call(ctx, p.token, p.request)
				n++
			}
			mu.Lock()
			defer mu.Unlock()
			done += n
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	return float64(done) / time.Since(begin).Seconds(), failed
}

// rows gives the cells of pages: against yardstick, how many times as fast each answers and how many times as
// many requests it answers. A page that needs least must reach it in both.
func rows(pages []*page, yardstick, judged *page, least float64) []row {
	var all []row
	for _, p := range pages {
		cells := row{p.name, p.times.quantile(0.5), p.times.quantile(0.99), p.rates.spread(), 1, 1, "", ""}
		if p != yardstick {
			faster, more := yardstick.times.ratio(p.times), p.rates.ratio(yardstick.rates)
			cells[4], cells[5] = faster, more
			if p == judged {
				cells[6], cells[7] = fmt.Sprintf(">= %.1fx both", least), verdict(faster.Median >= least && more.Median >= least)
			}
		}
		all = append(all, cells)
	}
	return all
}

var webHead = []string{"p50", "p99", fmt.Sprintf("requests/s, %d clients", clients), "speed x PHP, 1 client", "requests/s x PHP", "goal", "verdict"}
