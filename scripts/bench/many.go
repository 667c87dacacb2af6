package main

import (
	"context"
	"fmt"
	"strings"

	"vpm/core/systemd"
)

const (
	manyProcesses = 200
	manyLimit     = 40 // ms
)

// many measures the status of two hundred instances with processes, all of them running.
func (b *bench) many(ctx context.Context, s *vps) error {
	err := s.change(ctx, func(exec func(query string, args ...any)) { exec(`DELETE FROM vpm_usage`) }) // which fill gives to all
	if err == nil {
		err = s.fill(ctx, 2, manyProcesses)
	}
	if err != nil {
		return err
	}
	var users, units strings.Builder
	for i := range manyProcesses {
		slug := fmt.Sprintf("site%04d", i+1)
		pool, err := systemd.Pool{Slug: slug, Docroot: "web", Listen: []string{"www-data", "vpmd"}, Manager: "ondemand", MaxChildren: 4,
			MemoryLimit: 64 << 20, MaxExecutionTime: 30}.Render()
		if err != nil {
			return err
		}
		for path, text := range map[string]string{"/etc/vpm/pools/" + slug + ".conf": pool, "/srv/vpm/" + slug + "/web/index.php": "<?php", "/var/lib/vpm/wanted/" + slug: "\n"} {
			if err := s.WriteFile(path, []byte(text), 0o644); err != nil {
				return err
			}
		}
		fmt.Fprintf(&users, "u vpm-%s -\n", slug)
		fmt.Fprintf(&units, "%s\n", systemd.UnitName(slug))
	}
	if _, err := s.RunInput(ctx, strings.NewReader(users.String()), "systemd-sysusers", "-"); err != nil {
		return err
	}
	if _, err := s.RunInput(ctx, strings.NewReader(units.String()), "xargs", "-n1", "-P4", "systemctl", "start"); err != nil {
		return err
	}
	err = s.change(ctx, func(exec func(query string, args ...any)) {
		exec(`INSERT INTO vpm_units (instance_row, slug) SELECT id, REPLACE(instance_id, '-', '') FROM instances WHERE instance_id LIKE 'site-%'`)
	})
	if err != nil {
		return err
	}
	all := page{token: s.token, request: list}
	all.wants = `"observed":"running"`
	body, err := s.call(ctx, s.token, all.request)
	if err != nil {
		return err
	}
	if n := strings.Count(string(body), `"mode":"real"`); n <= manyProcesses {
		return fmt.Errorf("cannot use the list: %d of its processes are real", n)
	}
	var times series
	for i := range (b.rounds + 1) * perRound {
		took, err := s.once(ctx, &all)
		if err != nil {
			return err
		}
		if round := i/perRound - 1; round >= 0 {
			times.add(round, took)
		}
	}
	return b.print(fmt.Sprintf("Status of %d processes", manyProcesses), []string{"min", "p50", "p99", "goal", "verdict"}, []row{{"list.php, through Apache",
		times.quantile(0), times.quantile(0.5), times.quantile(0.99), fmt.Sprintf("< %d ms", manyLimit), verdict(times.quantile(0.5) < manyLimit)}})
}
