package cli

import (
	"encoding/json"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"vpm/core"
)

type found struct {
	Complete bool `json:"complete"`
	Sites    []struct {
		Dir       string  `json:"dir"`
		CMS       string  `json:"cms_type"`
		Version   string  `json:"cms_version"`
		URL       string  `json:"url"`
		ID        *string `json:"instance_id"`
		Moved     bool    `json:"moved"`
		Suggested string  `json:"suggested_id"`
	} `json:"sites"`
}

// newScan is "vpm scan".
func newScan(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "scan", Short: "Find the sites that are here; change nothing", Args: NoArgs}
	return asking(local, cmd, func(c *call) error {
		answer, err := c.scan()
		return present(c, answer, err, func(f found) []block {
			t := &table{none: "No sites were found.", columns: []column{{title: "DIRECTORY", least: 24}, {title: "TYPE"}, {title: "VERSION", spare: true},
				{title: "INSTANCE"}, {title: "URL", least: 16, spare: true}}}
			for _, s := range f.Sites {
				id := cell{"new: " + s.Suggested, doubt}
				if s.ID != nil {
					id = cell{*s.ID, good}
					if s.Moved {
						id = cell{*s.ID + ", was moved", doubt}
					}
				}
				t.add(text(s.Dir), text(s.CMS), text(s.Version), id, text(s.URL))
			}
			out := []block{t}
			if !f.Complete {
				out = append(out, line{"There may be more: not everything could be looked through in time.", doubt})
			}
			return out
		})
	})
}

func (c *call) scan() (json.RawMessage, error) {
	defer c.progress("Looking for sites")()
	return c.Post(c.ctx, "instances/scan", struct{}{})
}

// newAdopt is "vpm adopt".
func newAdopt(local Local) *cobra.Command {
	all := false
	var id, name, address string
	cmd := &cobra.Command{Use: "adopt DIRECTORY... | --all", Short: "Register sites that \"vpm scan\" finds",
		Long: "Register sites that \"vpm scan\" finds, by their directories, or all that are not registered yet. Nothing of a site is touched. " +
			"One whose directory was moved is put right."}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "every site that is found and not registered")
	f.StringVar(&id, "id", "", "the `id` of the instance, where one directory is given")
	f.StringVar(&name, "name", "", "its name")
	f.StringVar(&address, "site-url", "", "its `URL`, where it is not the one that was found")
	dryRun(cmd)
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if all == (len(args) > 0) {
			return errors.New("cannot tell which sites to adopt: give their directories, or --all")
		}
		return nil
	}
	return asking(local, cmd, func(c *call) error {
		if (all || len(c.args) > 1) && id+name+address != "" {
			return core.Errorf(core.CodeInvalid, "cannot use --id, --name and --site-url but with one directory")
		}
		dirs := c.args
		if all {
			answer, err := c.scan()
			if err != nil {
				return err
			}
			list, err := decode[found](answer)
			if err != nil {
				return err
			}
			for _, s := range list.Sites {
				if s.ID == nil || s.Moved {
					dirs = append(dirs, s.Dir)
				}
			}
			if len(dirs) == 0 {
				return c.show(answer, func() ([]block, error) { return say("Every site that was found is registered."), nil })
			}
		}
		sites := make([]map[string]string, len(dirs))
		for i, dir := range dirs {
			sites[i] = map[string]string{"dir": absolute(dir)}
			set(sites[i], "instance_id", id)
			set(sites[i], "instance_name", name)
			set(sites[i], "url", address)
		}
		body := map[string]any{"sites": sites}
		if c.dry {
			return c.rehearse(change{path: "instances/adopt", body: body, needs: core.PermissionCreate})
		}
		end := c.progress("Registering")
		answer, err := c.Post(c.ctx, "instances/adopt", body)
		end()
		return c.settled(answer, err)
	})
}

// absolute is a directory as the panel has it; where the panel is elsewhere, people give it whole.
func absolute(dir string) string {
	if out, err := filepath.Abs(dir); err == nil {
		return out
	}
	return dir
}

func set[V any](m map[string]V, name string, value V) {
	if text, ok := any(value).(string); !ok || text != "" {
		m[name] = value
	}
}

// newDelete is "vpm delete".
func newDelete(local Local) *cobra.Command {
	reason := ""
	cmd := named(local, &cobra.Command{Use: "delete INSTANCE", Short: "Forget an instance; its files and database stay"}, 1, 1)
	cmd.Flags().StringVar(&reason, "reason", "", "why; the history keeps it")
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		body := map[string]any{"instance_id": c.args[0]}
		set(body, "reason", any(reason))
		return perform(c, change{path: "instances/delete", body: body, needs: core.PermissionManage, ids: c.args, doing: "Deleting"}, message)
	})
}

// message is an answer of which people want to read its sentence.
func message(a struct {
	Message string `json:"message"`
}) []block {
	return say("%s", a.Message)
}
