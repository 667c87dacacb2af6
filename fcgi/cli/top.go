package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
)

// running is what top shows of one instance.
type running struct {
	instance
	memory *int64
	cpu    *float64
}

// orders are what the table may be sorted by, and the key for it.
var orders = []struct {
	key     byte
	name    string
	compare func(a, b running) int
}{
	{'i', "instance", func(a, b running) int { return cmp.Compare(a.ID, b.ID) }},
	{'s', "state", func(a, b running) int { return cmp.Compare(a.Process.Status, b.Process.Status) }},
	{'h', "health", func(a, b running) int { return cmp.Compare(healthOf(a.Process).text, healthOf(b.Process).text) }},
	{'m', "memory", func(a, b running) int { return cmp.Compare(deref(b.memory), deref(a.memory)) }},
	{'c', "cpu", func(a, b running) int { return cmp.Compare(deref(b.cpu), deref(a.cpu)) }},
}

// newTop is "vpm top". Where stdout is no terminal it prints the table once.
func newTop(local Local) *cobra.Command {
	sort, every := "instance", time.Duration(0)
	names := make([]string, len(orders))
	for i, o := range orders {
		names[i] = o.name
	}
	cmd := &cobra.Command{Use: "top", Short: "Show the instances, again and again", Args: NoArgs,
		Long: "Show the instances, anew every two seconds. Keys: i, s, h, m and c sort by instance, state, health, memory and CPU time, r turns the order round, q ends."}
	cmd.Flags().StringVar(&sort, "sort", sort, strings.Join(names, ", "))
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "how often it is shown anew")
	_ = cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return asking(local, cmd, func(c *call) error {
		t := top{call: c, by: slices.Index(names, sort), every: max(every, 200*time.Millisecond)}
		if t.by < 0 {
			return invalidSort(names)
		}
		in, isTerminal := terminal(cmd.InOrStdin())
		if c.width == 0 || !isTerminal || c.format != formatTable {
			return t.once()
		}
		return t.live(in)
	})
}

// top is a live table.
type top struct {
	*call
	by      int
	reverse bool
	every   time.Duration
}

func (t *top) once() error {
	answer, list, err := t.read(t.ctx)
	if err != nil {
		return err
	}
	return t.show(answer, func() ([]block, error) { return []block{t.table(list)}, nil })
}

// read gives the instances, and for programs the answer that has most of it.
func (t *top) read(ctx context.Context) (json.RawMessage, []running, error) {
	answer, err := t.Get(ctx, "instances/list", nil)
	if err != nil {
		return nil, nil, err
	}
	l, err := decode[listAnswer](answer)
	if err != nil {
		return nil, nil, err
	}
	processes, err := t.Get(ctx, "kernel/processes", nil)
	if err != nil {
		return nil, nil, err
	}
	p, err := decode[struct {
		Processes []struct {
			ID     string   `json:"instance_id"`
			Memory *int64   `json:"memory_usage"`
			CPU    *float64 `json:"cpu_time"`
		} `json:"processes"`
	}](processes)
	if err != nil {
		return nil, nil, err
	}
	list := make([]running, len(l.Instances))
	at := map[string]int{}
	for i, in := range l.Instances {
		list[i].instance, at[in.ID] = in, i
	}
	for _, one := range p.Processes {
		if i, there := at[one.ID]; there {
			list[i].memory, list[i].cpu = one.Memory, one.CPU
		}
	}
	return answer, list, nil
}

func (t *top) table(list []running) *table {
	slices.SortStableFunc(list, func(a, b running) int {
		order := cmp.Or(orders[t.by].compare(a, b), cmp.Compare(a.ID, b.ID))
		if t.reverse {
			return -order
		}
		return order
	})
	out := &table{none: "There are no instances.", columns: []column{{title: "INSTANCE"}, {title: "STATE"}, {title: "HEALTH"}, {title: "MEMORY", right: true},
		{title: "CPU", right: true, spare: true}, {title: "SITE", least: 12, spare: true}, {title: "PID", spare: true}}}
	for _, r := range list {
		cpu := "-"
		if r.cpu != nil {
			cpu = strconv.FormatFloat(*r.cpu, 'f', 1, 64) + " s"
		}
		out.add(text(r.ID), stateOf(r.Process.Status, r.seen), healthOf(r.Process), text(sizeOrNot(r.memory)), text(cpu), text(r.url()), text(pidOf(r.Process.PID)))
	}
	return out
}

func invalidSort(names []string) error {
	return core.Errorf(core.CodeInvalid, "cannot sort by this: it must be one of %s", strings.Join(names, ", "))
}
