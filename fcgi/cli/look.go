package cli

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// newList is "vpm list". Without a filter it shows all.
func newList(local Local) *cobra.Command {
	var status, search, sort string
	var reverse bool
	page, limit := 0, 0
	cmd := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List the instances", Args: NoArgs}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "only those that are active, inactive, maintenance or error")
	f.StringVar(&search, "search", "", "only those with this `text` in their id, name or domain")
	f.StringVar(&sort, "sort", "", "by this `field`, as instance_name")
	f.BoolVar(&reverse, "reverse", false, "the last first")
	f.IntVar(&page, "page", 0, "this page of them")
	f.IntVar(&limit, "limit", 0, "how many a page has, 100 at most")
	return asking(local, cmd, func(c *call) error {
		path, q := "instances/list", url.Values{}
		for name, value := range map[string]string{"status": status, "search": search, "sort": sort, "page": number(page), "limit": number(limit)} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if reverse {
			q.Set("order", "desc")
		}
		if len(q) > 0 {
			path = "v1/instances"
			if limit == 0 {
				q.Set("limit", "100")
			}
		}
		answer, err := c.Get(c.ctx, path, q)
		return present(c, answer, err, func(l listAnswer) []block {
			out := []block{listTable(l.Instances)}
			if n := len(l.Instances); n < l.Total {
				out = append(out, say("%d of %d; see --page", n, l.Total)...)
			}
			return out
		})
	})
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func listTable(list []instance) *table {
	t := &table{none: "There are no instances. \"vpm scan\" finds the sites that are here.", columns: []column{{title: "INSTANCE"}, {title: "STATE"},
		{title: "HEALTH"}, {title: "SITE", least: 16}, {title: "TYPE", spare: true}, {title: "NAME", least: 12, spare: true}, {title: "PID", spare: true}}}
	for _, in := range list {
		t.add(text(in.ID), stateOf(in.Process.Status, in.seen), healthOf(in.Process), text(in.url()), text(in.CMS), text(in.Name), text(pidOf(in.Process.PID)))
	}
	return t
}

// stateOf is what an instance is, and where that is not what is wanted or nobody could see it, that too.
func stateOf(status string, s seen) cell {
	c := cell{status, doubt}
	switch {
	case s.Drift:
		return cell{s.Wanted + ", seen " + s.Observed, bad}
	case status == "running":
		c.colour = good
	case status == "stopped":
		c.colour = faint
	case status == "error":
		c.colour = bad
	}
	return c
}

func healthOf(p process) cell {
	switch {
	case p.Status == "stopped":
		return text("-")
	case p.Healthy:
		return cell{"healthy", good}
	}
	return cell{"unhealthy", bad}
}

func pidOf(pid any) string {
	switch v := pid.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return ""
}

// newStatus is "vpm status".
func newStatus(local Local) *cobra.Command {
	cmd := named(local, &cobra.Command{Use: "status INSTANCE", Short: "Show what is wanted of an instance, and what was seen of it"}, 1, 1)
	return asking(local, cmd, func(c *call) error {
		answer, err := c.get("instances/status", c.args[0])
		return present(c, answer, err, func(s struct {
			ID string `json:"instance_id"`
			process
			seen
		}) []block {
			return []block{statusFields(s.ID, s.process, s.seen)}
		})
	})
}

func statusFields(id string, p process, s seen) fields {
	var f fields
	f.add("instance", text(id))
	f.add("state", stateOf(p.Status, s))
	f.add("wanted", text(s.Wanted))
	f.add("observed", text(s.Observed))
	f.add("mode", text(p.Mode))
	f.add("pid", text(pidOf(p.PID)))
	f.add("started", text(deref(p.StartedAt)))
	f.add("evidence", text(strings.TrimSpace(s.Evidence.Seen)))
	f.add("seen by", text(s.Evidence.How))
	f.add("seen at", text(moment(s.Evidence.At)))
	return f
}

// newHealth is "vpm health".
func newHealth(local Local) *cobra.Command {
	fresh := false
	cmd := named(local, &cobra.Command{Use: "health INSTANCE", Short: "Show the checks of an instance"}, 1, 1)
	cmd.Flags().BoolVar(&fresh, "fresh", false, "check now, however short ago that was done")
	return asking(local, cmd, func(c *call) error {
		end := c.progress("Checking")
		answer, err := c.get("instances/health", c.args[0], "fresh", truth(fresh))
		end()
		return present(c, answer, err, healthBlocks)
	})
}

func truth(b bool) string {
	if b {
		return "1"
	}
	return ""
}

type healthAnswer struct {
	ID        string  `json:"instance_id"`
	Healthy   bool    `json:"healthy"`
	Checks    []check `json:"checks"`
	CheckedAt *string `json:"checked_at"`
	Muted     *string `json:"muted_until"`
}

func healthBlocks(h healthAnswer) []block {
	var f fields
	f.add("instance", text(h.ID))
	f.add("health", map[bool]cell{true: {"healthy", good}, false: {"unhealthy", bad}}[h.Healthy])
	f.add("checked", text(localMoment(deref(h.CheckedAt))))
	f.add("alerts muted until", text(localMoment(deref(h.Muted))))
	t := &table{columns: []column{{title: "CHECK"}, {title: "RESULT"}, {title: "TOOK", right: true, spare: true}, {title: "REASON"}}, none: "No checks tell: they were not made yet (see --fresh), or came to nothing. Health is judged by the gate alone."}
	for _, one := range h.Checks {
		t.add(text(one.Name), cell{one.Result, colourOf(one.Result)}, text(strconv.FormatFloat(one.Duration, 'f', 0, 64)+" ms"), text(one.Reason))
	}
	return []block{f, t}
}

func colourOf(result string) colour {
	switch result {
	case "ok":
		return good
	case "failed":
		return bad
	case "warning":
		return doubt
	}
	return faint
}
