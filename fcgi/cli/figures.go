package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
)

// newUsage is "vpm usage".
func newUsage(local Local) *cobra.Command {
	fresh := false
	cmd := named(local, &cobra.Command{Use: "usage INSTANCE", Short: "Show what an instance uses, and how that is known"}, 1, 1)
	cmd.Flags().BoolVar(&fresh, "fresh", false, "measure now, however short ago that was done")
	return asking(local, cmd, func(c *call) error {
		end := c.progress("Measuring")
		answer, err := c.get("instances/resources", c.args[0], "fresh", truth(fresh))
		end()
		return present(c, answer, err, func(u struct {
			Memory    int64              `json:"memory"`
			Disk      int64              `json:"disk_usage"`
			Allocated int64              `json:"disk_allocated"`
			Files     int64              `json:"files"`
			Database  int64              `json:"database_size"`
			Queries   int64              `json:"queries"`
			Measured  *time.Time         `json:"measured_at"`
			Evidence  core.UsageEvidence `json:"evidence"`
		}) []block {
			t := &table{columns: []column{{title: "FIGURE"}, {title: "VALUE", right: true}, {title: "EVIDENCE"}}}
			figure := func(name, value, evidence string) {
				if strings.HasPrefix(evidence, "unknown") {
					value = "-"
				}
				t.add(text(name), text(value), text(evidence))
			}
			figure("memory", size(u.Memory), u.Evidence.Memory)
			figure("disk", size(u.Disk), u.Evidence.Disk)
			figure("disk, as a quota counts", size(u.Allocated), fmt.Sprintf("%d files", u.Files))
			figure("database", size(u.Database), u.Evidence.Database)
			figure("queries", strconv.FormatInt(u.Queries, 10), u.Evidence.Queries)
			when := "never measured"
			if u.Measured != nil {
				when = "measured " + moment(u.Measured)
			}
			return []block{t, line{when, faint}}
		})
	})
}

// newHistory is "vpm history".
func newHistory(local Local) *cobra.Command {
	var from, to string
	step := time.Duration(0)
	cmd := named(local, &cobra.Command{Use: "history INSTANCE", Short: "Show the figures of an instance over time"}, 1, 1)
	cmd.Flags().StringVar(&from, "from", "", "since this `time`, or for so long, as 48h; a day where not given")
	cmd.Flags().StringVar(&to, "to", "", "until this `time`")
	cmd.Flags().DurationVar(&step, "step", 0, "how far the points are apart, as 1h")
	return asking(local, cmd, func(c *call) error {
		since, err := spanTime(from)
		if err != nil {
			return err
		}
		until, err := spanTime(to)
		if err != nil {
			return err
		}
		answer, err := c.get("instances/history", c.args[0], "from", since, "to", until, "step", number(int(step.Seconds())))
		return present(c, answer, err, historyBlocks)
	})
}

// spanTime reads a time, or how long ago.
func spanTime(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return time.Now().Add(-d.Abs()).Format(time.RFC3339), nil
	}
	return parseTime(s)
}

func historyBlocks(h struct {
	Samples []struct {
		At       time.Time `json:"at"`
		Healthy  *float64  `json:"healthy"`
		Memory   *int64    `json:"memory"`
		Disk     *int64    `json:"disk_usage"`
		Database *int64    `json:"database_size"`
		Queries  *int64    `json:"queries"`
		Probe    *float64  `json:"probe_ms"`
		ProbeMax *float64  `json:"probe_max_ms"`
	} `json:"samples"`
}) []block {
	t := &table{none: "There are no figures of this time.", columns: []column{{title: "TIME"}, {title: "HEALTHY", right: true}, {title: "ANSWER", right: true},
		{title: "SLOWEST", right: true, spare: true}, {title: "DISK", right: true}, {title: "DATABASE", right: true}, {title: "MEMORY", right: true, spare: true},
		{title: "QUERIES", right: true, spare: true}}}
	ms := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return strconv.FormatFloat(*v, 'f', 0, 64) + " ms"
	}
	for _, s := range h.Samples {
		healthy, queries := text("-"), "-"
		if s.Healthy != nil {
			healthy = cell{strconv.FormatFloat(*s.Healthy*100, 'f', 0, 64) + " %", good}
			if *s.Healthy < 1 {
				healthy.colour = bad
			}
		}
		if s.Queries != nil {
			queries = strconv.FormatInt(*s.Queries, 10)
		}
		t.add(text(moment(&s.At)), healthy, text(ms(s.Probe)), text(ms(s.ProbeMax)), text(sizeOrNot(s.Disk)), text(sizeOrNot(s.Database)),
			text(sizeOrNot(s.Memory)), text(queries))
	}
	return []block{t}
}

// newEvents is "vpm events".
func newEvents(local Local) *cobra.Command {
	limit, before := 0, 0
	cmd := named(local, &cobra.Command{Use: "events [INSTANCE]", Short: "Show who changed what, and when"}, 0, 1)
	cmd.Flags().IntVar(&limit, "limit", 20, "how many, 100 at most")
	cmd.Flags().IntVar(&before, "before", 0, "those before the one of this `number`")
	return asking(local, cmd, func(c *call) error {
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		if len(c.args) > 0 {
			q.Set("instance_id", c.args[0])
		}
		if before > 0 {
			q.Set("before", strconv.Itoa(before))
		}
		answer, err := c.Get(c.ctx, "instances/events", q)
		return present(c, answer, err, eventBlocks)
	})
}

func eventBlocks(a struct {
	Events []struct {
		At       time.Time `json:"at"`
		Instance string    `json:"instance_id"`
		Action   string    `json:"action"`
		Actor    string    `json:"actor"`
		Address  string    `json:"address"`
		Reason   string    `json:"reason"`
		Result   string    `json:"result"`
	} `json:"events"`
	Next int64 `json:"next_before"`
}) []block {
	t := &table{none: "There are no events.", columns: []column{{title: "TIME"}, {title: "INSTANCE"}, {title: "ACTION"}, {title: "BY", least: 12},
		{title: "FROM", spare: true}, {title: "RESULT", least: 10}, {title: "REASON", least: 12}}}
	for _, e := range a.Events {
		result := cell{e.Result, good}
		if e.Result != core.ResultOK {
			result.colour = bad
		}
		t.add(text(moment(&e.At)), text(e.Instance), text(e.Action), text(e.Actor), text(e.Address), result, text(e.Reason))
	}
	out := []block{t}
	if a.Next > 0 {
		out = append(out, line{fmt.Sprintf("There may be more: --before %d", a.Next), faint})
	}
	return out
}
