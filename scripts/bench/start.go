package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

const (
	handLimit     = 1.3 // of a start by vpm, against one by hand
	startsInRound = 3
)

// starts measures a start by the API against "systemctl start" of the same unit by root, in turn.
func (b *bench) starts(ctx context.Context, s *vps) error {
	ask := func(what string) page {
		body := `{"instance_id":"` + movedSite + `","verify":false}`
		return page{token: s.token, request: request{"POST", "/api/instances/" + what + ".php", body, `"changed":true`}}
	}
	stopIt, startIt := ask("stop"), ask("start")
	var hand, api series
	for i := range (b.rounds + 1) * startsInRound {
		round := i/startsInRound - 1
		if _, err := s.call(ctx, s.token, stopIt.request); err != nil {
			return err
		}
		times, err := s.once(ctx, &startIt)
		if err != nil {
			return err
		}
		// Without what starting and entering the VPS take.
		text, err := s.Run(ctx, "bash", "-e", "-c", "systemctl stop "+movedUnit+"; begin=$EPOCHREALTIME; systemctl start "+movedUnit+"; echo $begin $EPOCHREALTIME")
		if err != nil {
			return err
		}
		begin, end, _ := strings.Cut(strings.TrimSpace(text), " ")
		from, err := strconv.ParseFloat(begin, 64)
		if err != nil {
			return fmt.Errorf("cannot read when it was started: %w", err)
		}
		to, err := strconv.ParseFloat(end, 64)
		if err != nil {
			return fmt.Errorf("cannot read when it was up: %w", err)
		}
		if round >= 0 {
			api.add(round, times)
			hand.add(round, 1000*(to-from))
		}
	}
	ratio := api.ratio(hand)
	return b.print("Start of a process", []string{"p50", "p99", "x by hand", "goal", "verdict"}, []row{
		{"systemctl start, by hand", hand.quantile(0.5), hand.quantile(0.99), 1, "", ""},
		{"start.php, through Apache", api.quantile(0.5), api.quantile(0.99), ratio, fmt.Sprintf("<= %.1fx", handLimit), verdict(ratio.Median <= handLimit)},
	})
}
