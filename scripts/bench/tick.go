package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What a tick is measured on, and what it may take there.
const (
	tickInstances = 200
	tickSeconds   = 20
	tickMB        = 48
	mostTicks     = 5 // each takes seconds
)

// tickRequest is a tick that is to come to every instance and find nothing wrong.
var tickRequest = request{"GET", "/api/tick.php", "", fmt.Sprintf(`"ran":true,"seen":%d,"left":false,`+
	`"completed":[],"repaired":[],"disputed":[],"unhealthy":[],"failed":[]`, tickInstances)}

// tick measures a tick that has everything to do: of each site the front page is asked for, the database is asked and
// measured with the login in its configuration, and the files are counted. The server of the sites is part of this
// process and answers in no time.
func (b *bench) tick(ctx context.Context) (err error) {
	sites, err := newSites(b.server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sites.server.Close()) }()
	pair, err := b.newPair(ctx, "tick", tickInstances)
	if err != nil {
		return err
	}
	var rows []row
	for _, a := range pair {
		if err := sites.layOut(ctx, &a); err != nil {
			return err
		}
		seconds, mb, err := b.ticks(ctx, a)
		if err != nil {
			return err
		}
		rows = append(rows,
			row{"time, s, " + a.label, seconds, fmt.Sprintf("< %d s", tickSeconds), verdict(seconds.Greatest < tickSeconds)},
			row{"peak RSS, MB, " + a.label, mb, fmt.Sprintf("< %d MB", tickMB), verdict(mb.Greatest < tickMB)})
	}
	return b.print(fmt.Sprintf("Tick over %d healthy instances", tickInstances), []string{"", "goal", "verdict"}, rows)
}

// ticks makes ticks with a token of their own, as cron does. To each of them every measurement is old.
func (b *bench) ticks(ctx context.Context, a account) (seconds, mb spread, err error) {
	var answer struct{ Token string }
	text, err := a.call(ctx, a.token, request{"POST", "/api/tokens/create.php", `{"name":"cron","scope":"tick"}`, `"token"`})
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		return spread{}, spread{}, fmt.Errorf("cannot get a token for ticks: %w", err)
	}
	var times, peaks []float64
	for range min(b.rounds, mostTicks) {
		if err := a.change(ctx, func(exec func(query string, args ...any)) { exec(`DELETE FROM vpm_usage`) }); err != nil {
			return spread{}, spread{}, err
		}
		begin := time.Now()
		peak, err := a.runPeak(ctx, b.built.peak, answer.Token, tickRequest)
		if err != nil {
			return spread{}, spread{}, err
		}
		times, peaks = append(times, time.Since(begin).Seconds()), append(peaks, peak)
		if err := a.allChecked(ctx); err != nil {
			return spread{}, spread{}, err
		}
	}
	return spreadOf(times), spreadOf(peaks), nil
}

// allChecked makes sure that no check of an instance was passed over but that of a certificate, of which there is none,
// and that everything was measured.
func (a account) allChecked(ctx context.Context) error {
	text, err := a.call(ctx, a.token, request{"GET", "/api/instances/monitor.php?instance_id=" + siteID(tickInstances), "", `"disk_usage":"measured"`})
	if err != nil {
		return err
	}
	var answer struct {
		Health struct {
			Checks []struct{ Name, Result, Reason string }
		}
		Resources struct {
			Tables int64 `json:"database_tables"`
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("cannot read what the tick found: %w", err)
	}
	if len(answer.Health.Checks) == 0 || answer.Resources.Tables == 0 {
		return fmt.Errorf("cannot use the tick: it found nothing: %s", text)
	}
	for _, c := range answer.Health.Checks {
		if c.Result != "ok" && c.Name != "certificate" {
			return fmt.Errorf("cannot use the tick: the check %s is %s: %s", c.Name, c.Result, c.Reason)
		}
	}
	return nil
}
