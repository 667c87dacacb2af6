package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
)

type changed struct {
	ID      string   `json:"instance_id"`
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Until   *string  `json:"until"`
	Spared  []string `json:"spared"`
	process
	seen
}

// act makes a command that starts, stops or restarts instances.
func act(local Local, verb, short string, more func(cmd *cobra.Command) func(body map[string]any) error) *cobra.Command {
	reason := ""
	cmd := named(local, &cobra.Command{Use: verb + " INSTANCE...", Short: short}, 1, many)
	cmd.Flags().StringVar(&reason, "reason", "", "why; the history keeps it")
	dryRun(cmd)
	complete := more(cmd)
	return asking(local, cmd, func(c *call) error {
		body := map[string]any{}
		if reason != "" {
			body["reason"] = reason
		}
		if err := complete(body); err != nil {
			return err
		}
		doing := strings.ToUpper(verb[:1]) + verb[1:] + "ing"
		if verb == "stop" {
			doing = "Stopping"
		}
		ch := change{path: "instances/" + verb, body: body, needs: core.PermissionManage, ids: c.args, doing: doing}
		if len(c.args) == 1 {
			body["instance_id"] = c.args[0]
			return perform(c, ch, changedBlocks)
		}
		ch.path, body["action"], body["instance_ids"] = "instances/bulk", verb, c.args
		if c.dry {
			return c.rehearse(ch)
		}
		end := c.progress(doing)
		answer, err := c.Post(c.ctx, ch.path, body)
		end()
		return c.settled(answer, err)
	})
}

func changedBlocks(a changed) []block {
	f := fields{}
	f.add("instance", text(a.ID))
	f.add("state", stateOf(a.Status, a.seen))
	f.add("pid", text(pidOf(a.PID)))
	f.add("until", text(localMoment(deref(a.Until))))
	f.add("seen", text(a.Evidence.Seen))
	out := joined{line{text: a.Message}, f}
	for _, dir := range a.Spared {
		out = append(out, line{"left open, as nobody registered it: " + dir + " (see --include-nested)", doubt})
	}
	return []block{out}
}

func nothing(*cobra.Command) func(map[string]any) error {
	return func(map[string]any) error { return nil }
}

func newStart(local Local) *cobra.Command {
	return act(local, "start", "Start instances", nothing)
}

func newRestart(local Local) *cobra.Command {
	return act(local, "restart", "Restart instances", nothing)
}

// newStop is "vpm stop".
func newStop(local Local) *cobra.Command {
	return act(local, "stop", "Stop instances: visitors get 503", func(cmd *cobra.Command) func(map[string]any) error {
		var until, lasts string
		var nested, unseen bool
		f := cmd.Flags()
		f.StringVar(&until, "until", "", "the `time` at which the stop ends by itself, as 2026-11-24T10:00:00Z, or \"2026-11-24 10:00\" here")
		f.StringVar(&lasts, "for", "", "after how `long` the stop ends by itself, as 90m")
		f.BoolVar(&nested, "include-nested", false, "close sites in directories below that nobody registered, too")
		f.BoolVar(&unseen, "no-verify", false, "do not ask the site afterwards whether it is closed")
		cmd.MarkFlagsMutuallyExclusive("until", "for")
		return func(body map[string]any) error {
			if until != "" {
				t, err := parseTime(until)
				if err != nil {
					return err
				}
				body["until"] = t
			}
			if lasts != "" {
				body["duration"] = lasts
			}
			if nested {
				body["include_nested"] = true
			}
			if unseen {
				body["verify"] = false
			}
			return nil
		}
	})
}

// parseTime reads a time as the API has it, or one here as people write it.
func parseTime(s string) (string, error) {
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t.Format(time.RFC3339), nil
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return "", core.Errorf(core.CodeInvalid, "cannot use the time %q: it must be as 2026-11-24T10:00:00Z, or \"2026-11-24 10:00\" here", s)
	}
	return t.Format(time.RFC3339), nil
}
