package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vpm/core"
)

// change is something to be asked of the panel.
type change struct {
	path  string
	body  map[string]any
	needs core.Permission
	ids   []string // instances that must be there
	doing string   // what people read while it takes its time
	admin bool     // it needs a login, of an administrator
}

// secrets are fields that no dry run shows.
var secrets = []string{"password", "database_password"}

func dryRun(cmd *cobra.Command) {
	cmd.Flags().Bool("dry-run", false, "change nothing; check what can be checked, and say what would be asked")
}

// perform asks for a change and shows the answer, or with --dry-run what would be asked.
func perform[T any](c *call, ch change, table func(T) []block) error {
	if c.dry {
		return c.rehearse(ch)
	}
	end := c.progress(ch.doing)
	answer, err := c.Post(c.ctx, ch.path, ch.body)
	end()
	return present(c, answer, err, table)
}

// planned is what a dry run says.
type planned struct {
	Success bool           `json:"success"`
	DryRun  bool           `json:"dry_run"`
	Method  string         `json:"method"`
	Path    string         `json:"path"`
	Body    map[string]any `json:"body"`
	Now     []state        `json:"now,omitempty"`
}

// state is how an instance is now.
type state struct {
	ID       string `json:"instance_id"`
	Status   string `json:"status"`
	Wanted   string `json:"wanted"`
	Observed string `json:"observed"`
}

// rehearse checks who asks, whether they may, and that the instances are there; nothing is changed.
func (c *call) rehearse(ch change) error {
	answer, err := c.Get(c.ctx, "auth/verify", nil)
	if err != nil {
		return err
	}
	who, err := decode[struct{ User core.User }](answer)
	if err != nil {
		return err
	}
	if ch.admin && who.User.Role != core.RoleAdmin || !who.User.May(ch.needs) {
		return core.Errorf(core.CodeForbidden, "cannot do this as %s: permission denied", clean(who.User.Username))
	}
	p := planned{Success: true, DryRun: true, Method: "POST", Path: "/api/" + ch.path + ".php", Body: maps.Clone(ch.body)}
	for _, name := range secrets {
		if _, there := p.Body[name]; there {
			p.Body[name] = "…"
		}
	}
	for _, id := range ch.ids {
		answer, err := c.get("instances/status", id)
		if err != nil {
			return err
		}
		s, err := decode[state](answer)
		if err != nil {
			return err
		}
		p.Now = append(p.Now, s)
	}
	text, err := json.Marshal(p)
	return present(c, text, err, func(p planned) []block {
		body := make([]string, 0, len(p.Body))
		for _, name := range slices.Sorted(maps.Keys(p.Body)) {
			value, _ := json.Marshal(p.Body[name]) // it came from JSON
			body = append(body, name+"="+string(value))
		}
		out := []block{line{text: "Nothing was changed. This would be asked: " + p.Method + " " + p.Path},
			line{text: "  " + strings.Join(body, " ")}}
		for _, s := range p.Now {
			out = append(out, line{text: fmt.Sprintf("%s is %s now, wanted %s, seen %s", s.ID, s.Status, s.Wanted, s.Observed)})
		}
		return []block{joined(out)}
	})
}

// say is one line as an answer.
func say(format string, args ...any) []block {
	return []block{line{text: fmt.Sprintf(format, args...)}}
}

// settled shows what became of several, and gives the error of the first that failed.
func (c *call) settled(answer json.RawMessage, err error) error {
	err = present(c, answer, err, func(a struct{ Results []outcome }) []block {
		t := &table{columns: []column{{title: "INSTANCE"}, {title: "RESULT"}, {title: "MESSAGE"}}}
		for _, o := range a.Results {
			name := o.ID
			if name == "" {
				name = o.Dir
			}
			result := cell{"done", good}
			if !o.Success {
				result = cell{"failed", bad}
			}
			t.add(text(name), result, text(o.Message))
		}
		return []block{t}
	})
	if err != nil {
		return err
	}
	a, err := decode[struct{ Results []outcome }](answer)
	if err != nil {
		return err
	}
	failed := slices.DeleteFunc(a.Results, func(o outcome) bool { return o.Success })
	if len(failed) == 0 {
		return nil
	}
	return core.Errorf(core.Code(failed[0].Code), "%d of %d failed", len(failed), len(a.Results))
}
