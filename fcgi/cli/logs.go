package cli

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
)

type logAnswer struct {
	Available bool     `json:"available"`
	Path      string   `json:"path"`
	Lines     []string `json:"lines"`
	Reason    string   `json:"reason"`
}

// The most that one request gives, and how often it is asked anew.
const (
	logMost  = 1000
	logEvery = 2 * time.Second
)

// newLogs is "vpm logs".
func newLogs(local Local) *cobra.Command {
	follow := false
	lines := 0
	cmd := named(local, &cobra.Command{Use: "logs INSTANCE", Short: "Show the end of the error log of a site"}, 1, 1)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is added, until it is interrupted")
	cmd.Flags().IntVarP(&lines, "lines", "n", 50, "how many lines, "+strconv.Itoa(logMost)+" at most")
	return asking(local, cmd, func(c *call) error {
		if lines < 1 || lines > logMost {
			return core.Errorf(core.CodeInvalid, "cannot use --lines: it must be 1 to %d", logMost)
		}
		if follow {
			if c.format != formatTable {
				return core.Errorf(core.CodeInvalid, "cannot use --output with --follow")
			}
			return c.follow(lines)
		}
		answer, err := c.log(lines)
		return present(c, answer, err, func(a logAnswer) []block {
			if !a.Available {
				return []block{line{a.Reason, doubt}}
			}
			return []block{logLines(a.Lines)}
		})
	})
}

func (c *call) log(lines int) (json.RawMessage, error) {
	return c.get("instances/log", c.args[0], "lines", strconv.Itoa(lines))
}

func logLines(list []string) joined {
	out := make(joined, len(list))
	for i, l := range list {
		out[i] = line{text: l}
	}
	return out
}

// follow shows the last lines, and then what is added, until it is interrupted. A log that comes to be, or is replaced by a
// new one, is shown from its beginning; a panel that is away for a moment is asked again.
func (c *call) follow(lines int) error {
	var last logAnswer
	for first := true; ; first = false {
		answer, err := c.log(logMost)
		if err == nil {
			var now logAnswer
			if now, err = decode[logAnswer](answer); err == nil {
				err = c.showAdded(first, lines, last, now)
				last = now
			}
		}
		if c.ctx.Err() != nil {
			return nil // that is how it is meant to end
		}
		if code := core.CodeOf(err); err != nil && (first || code != core.CodeUnavailable && code != core.CodeThrottled) {
			return err
		}
		select {
		case <-c.ctx.Done():
			return nil
		case <-time.After(logEvery):
		}
	}
}

func (c *call) showAdded(first bool, lines int, last, now logAnswer) error {
	list := now.Lines
	switch {
	case first && !now.Available:
		return c.showLines([]string{now.Reason + "; waiting for it"})
	case first:
		list = list[max(0, len(list)-lines):]
	case now.Path == last.Path:
		list = added(last.Lines, now.Lines)
	}
	return c.showLines(list)
}

func (c *call) showLines(list []string) error {
	if len(list) == 0 {
		return nil
	}
	return c.show(nil, func() ([]block, error) { return []block{logLines(list)}, nil })
}

// added gives what came after was, of which now still has the end: the longest end of was that now begins with is the same.
func added(was, now []string) []string {
	for n := min(len(was), len(now)); n > 0; n-- {
		if slices.Equal(was[len(was)-n:], now[:n]) {
			return now[n:]
		}
	}
	return now
}
