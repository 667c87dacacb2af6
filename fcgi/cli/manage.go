package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
)

// newMove is "vpm move".
func newMove(local Local) *cobra.Command {
	var undo, finish, remove bool
	cmd := named(local, &cobra.Command{Use: "move INSTANCE", Short: "Give an instance a process of its own on this server"}, 1, 1)
	cmd.Flags().BoolVar(&undo, "undo", false, "have visitors served from the original again")
	cmd.Flags().BoolVar(&finish, "finish", false, "make the move final")
	cmd.Flags().BoolVar(&remove, "remove", false, "delete the copy after an undo")
	cmd.MarkFlagsMutuallyExclusive("undo", "finish", "remove")
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		body := map[string]any{"instance_id": c.args[0], "operation": "move"}
		for name, wanted := range map[string]bool{"undo": undo, "finish": finish, "remove": remove} {
			if wanted {
				body["operation"] = name
			}
		}
		if c.dry {
			return c.rehearse(change{path: "instances/move", body: body, needs: core.PermissionAll, ids: c.args})
		}
		answer, err := c.move(body)
		return present(c, answer, err, movedBlocks)
	})
}

// move asks for a move until it is done: a large site is copied for longer than one request takes, and the copy goes on by itself.
func (c *call) move(body map[string]any) (json.RawMessage, error) {
	var copied atomic.Pointer[string]
	end := c.progressing(func() string { return "Moving" + deref(copied.Load()) })
	defer end()
	for {
		answer, err := c.Post(c.ctx, "instances/move", body)
		if core.CodeOf(err) != core.CodeBusy {
			return answer, err
		}
		if progress, err := c.get("instances/move", c.args[0]); err == nil {
			if p, err := decode[moveAnswer](progress); err == nil && p.Result.Copy.TotalBytes > 0 {
				far := fmt.Sprintf(", %s of %s", size(p.Result.Copy.Bytes), size(p.Result.Copy.TotalBytes))
				copied.Store(&far)
			}
		}
		select {
		case <-c.ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

type moveAnswer struct {
	Message string `json:"message"`
	Result  struct {
		Slug    string `json:"slug"`
		User    string `json:"user"`
		Docroot string `json:"docroot"`
		Copy    struct {
			Bytes      int64 `json:"bytes"`
			TotalBytes int64 `json:"total_bytes"`
		} `json:"copy"`
		Skipped  []json.RawMessage `json:"skipped"`
		LeftOut  []json.RawMessage `json:"left_out"`
		Warnings []string          `json:"warnings"`
	} `json:"result"`
}

func movedBlocks(a moveAnswer) []block {
	var f fields
	f.add("unit", text(a.Result.Slug))
	f.add("user", text(a.Result.User))
	f.add("directory", text(a.Result.Docroot))
	out := joined{line{text: a.Message}, f}
	if n, m := len(a.Result.Skipped), len(a.Result.LeftOut); n+m > 0 {
		out = append(out, line{fmt.Sprintf("%d files were not copied, and %d lines of .htaccess files were not carried over; see -o yaml", n, m), doubt})
	}
	for _, w := range a.Result.Warnings {
		out = append(out, line{w, doubt})
	}
	return []block{out}
}

// newLimits is "vpm limits".
func newLimits(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "limits", Short: "Show or set what an instance may use"}
	Group(cmd)
	show := named(local, &cobra.Command{Use: "show INSTANCE", Short: "Show what an instance may use"}, 1, 1)
	cmd.AddCommand(asking(local, show, func(c *call) error {
		if err := core.CheckID(c.args[0]); err != nil {
			return err // it becomes a part of the path
		}
		answer, err := c.Get(c.ctx, "v1/instances/"+c.args[0], nil)
		return present(c, answer, err, limitBlocks)
	}), newLimitsSet(local))
	return cmd
}

func newLimitsSet(local Local) *cobra.Command {
	var memory, total string
	var seconds, children, cpu, tasks int
	cmd := named(local, &cobra.Command{Use: "set INSTANCE", Short: "Set what an instance may use; what is not given stays"}, 1, 1)
	f := cmd.Flags()
	f.StringVar(&memory, "memory", "", "the memory `limit` of a request, as 256M")
	f.IntVar(&seconds, "time", 0, "how many `seconds` a page may take")
	f.IntVar(&children, "children", 0, "how many PHP processes it may have")
	f.StringVar(&total, "total-memory", "", "the memory `limit` of all its processes, as 1G")
	f.IntVar(&cpu, "cpu", 0, "how many `percent` of one processor all its processes may use")
	f.IntVar(&tasks, "tasks", 0, "how many processes and threads it may have")
	cmd.MarkFlagsOneRequired("memory", "time", "children", "total-memory", "cpu", "tasks")
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		body := map[string]any{"instance_id": c.args[0]}
		for flag, set := range map[string]struct {
			field string
			value any
		}{"memory": {"memory_limit", memory}, "time": {"max_execution_time", seconds}, "children": {"max_children", children},
			"total-memory": {"total_memory", total}, "cpu": {"cpu_limit", cpu}, "tasks": {"tasks_limit", tasks}} {
			if f.Changed(flag) { // an empty one, or 0, takes the limit away
				body[set.field] = set.value
			}
		}
		return perform(c, change{path: "instances/update", body: body, needs: core.PermissionManage, ids: c.args}, limitBlocks)
	})
}

func limitBlocks(a struct {
	Instance struct {
		ID     string `json:"instance_id"`
		Config struct {
			Memory   any `json:"memory_limit"`
			Seconds  any `json:"max_execution_time"`
			Children any `json:"max_children"`
			Total    any `json:"total_memory"`
			CPU      any `json:"cpu_limit"`
			Tasks    any `json:"tasks_limit"`
		} `json:"config"`
	} `json:"instance"`
}) []block {
	value := func(v any, unit string) cell {
		if v == nil {
			return cell{"not set", faint}
		}
		return text(strings.TrimSpace(fmt.Sprint(v, " ", unit)))
	}
	limits := a.Instance.Config
	var f fields
	f.add("instance", text(a.Instance.ID))
	f.add("memory", value(limits.Memory, ""))
	f.add("time of a page", value(limits.Seconds, "s"))
	f.add("PHP processes", value(limits.Children, ""))
	f.add("memory of all", value(limits.Total, ""))
	f.add("processor", value(limits.CPU, "%"))
	f.add("tasks", value(limits.Tasks, ""))
	return []block{f}
}

// newTick is "vpm tick": one periodic pass, for cron where programs may be run and no server is.
func newTick(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "tick", Short: "Make one periodic pass over the instances, as cron does", Args: NoArgs}
	return asking(local, cmd, func(c *call) error {
		end := c.progress("Passing over the instances")
		answer, err := c.Post(c.ctx, "tick", struct{}{})
		end()
		return present(c, answer, err, tickBlocks)
	})
}

func tickBlocks(a struct {
	Message   string   `json:"message"`
	Seen      int      `json:"seen"`
	Completed []string `json:"completed"`
	Repaired  []string `json:"repaired"`
	Disputed  []string `json:"disputed"`
	Unhealthy []string `json:"unhealthy"`
	Failed    []struct {
		ID      string `json:"instance_id"`
		Message string `json:"message"`
	} `json:"failed"`
	Alerts struct {
		Sent   int `json:"sent"`
		Unsent int `json:"unsent"`
	} `json:"alerts"`
	Took float64 `json:"took_ms"`
}) []block {
	var f fields
	f.add("seen", text(strconv.Itoa(a.Seen)))
	f.add("completed", cell{strings.Join(a.Completed, " "), good})
	f.add("repaired", cell{strings.Join(a.Repaired, " "), doubt})
	f.add("disputed", cell{strings.Join(a.Disputed, " "), bad})
	f.add("unhealthy", cell{strings.Join(a.Unhealthy, " "), bad})
	for _, one := range a.Failed {
		f.add("failed", cell{one.ID + ": " + one.Message, bad})
	}
	if a.Alerts.Sent+a.Alerts.Unsent > 0 {
		f.add("alerts", text(fmt.Sprintf("%d sent, %d not", a.Alerts.Sent, a.Alerts.Unsent)))
	}
	f.add("took", text(strconv.FormatFloat(a.Took, 'f', 0, 64)+" ms"))
	return []block{joined{line{text: a.Message}, f}}
}

// newMigrate is "vpm migrate".
func newMigrate(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Upgrade the tables of the database to this version", Args: NoArgs}
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		return perform(c, change{path: "migrate", body: map[string]any{}, needs: core.PermissionAll, doing: "Upgrading the database"}, message)
	})
}
