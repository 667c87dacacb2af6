// Package doctor checks an installation of vpm, and says of each thing that is not well what to do. It only looks.
// core/doctor/asroot has the checks of a server, which need root.
package doctor

import (
	"context"
	"fmt"
	"io"
	"time"

	"vpm/core"
)

// Finding is what a check came to. Fix says what to do where it is not well.
type Finding struct {
	Result core.CheckResult
	Reason string
	Fix    string
}

// OK finds that all is well.
func OK(format string, args ...any) Finding {
	return Finding{Result: core.CheckOK, Reason: fmt.Sprintf(format, args...)}
}

// Warning finds what people should mend, and vpm works without.
func Warning(fix, format string, args ...any) Finding {
	return Finding{core.CheckWarning, fmt.Sprintf(format, args...), fix}
}

// Failed finds what keeps vpm from working.
func Failed(fix, format string, args ...any) Finding {
	return Finding{core.CheckFailed, fmt.Sprintf(format, args...), fix}
}

// Skipped finds that there is nothing to look at here.
func Skipped(format string, args ...any) Finding {
	return Finding{Result: core.CheckSkipped, Reason: fmt.Sprintf(format, args...)}
}

// Unknown finds that it could not look. fix says how to, "" where that is not known.
func Unknown(fix, format string, args ...any) Finding {
	return Finding{core.CheckUnknown, fmt.Sprintf(format, args...), fix}
}

// Item is one check.
type Item struct {
	Name string
	Look func(context.Context) Finding
}

// patience is what one check may take.
const patience = 10 * time.Second

// FixDetail is the key in core.Check.Details of what to do.
const FixDetail = "fix"

// Run makes checks, one after the other and each within ten seconds. Details has FixDetail where there is something
// to do.
func Run(ctx context.Context, items []Item) []core.Check {
	checks := make([]core.Check, len(items))
	for i, item := range items {
		checks[i] = item.run(ctx)
	}
	return checks
}

func (i Item) run(ctx context.Context) core.Check {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begin := time.Now()
	f := i.Look(ctx)
	c := core.Check{Name: i.Name, Result: f.Result, Reason: f.Reason, Duration: core.Milliseconds(time.Since(begin))}
	if f.Fix != "" {
		c.Details = map[string]any{FixDetail: f.Fix}
	}
	return c
}

// Print writes the checks for people, a line each and what to do below it.
func Print(w io.Writer, checks []core.Check) error {
	for _, c := range checks {
		if _, err := fmt.Fprintf(w, "%-8s %-15s %s\n", c.Result, c.Name, c.Reason); err != nil {
			return err
		}
		if fix, has := c.Details[FixDetail]; has {
			if _, err := fmt.Fprintf(w, "%25s%v\n", "-> ", fix); err != nil {
				return err
			}
		}
	}
	return nil
}
