package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"vpm/core"
)

// newCreate is "vpm create".
func newCreate(local Local) *cobra.Command {
	texts := map[string]*string{}
	var layout, registerOnly, password bool
	var seconds, children int
	cmd := &cobra.Command{Use: "create INSTANCE", Short: "Register a site, or make a new one", Args: arguments(1, 1), ValidArgsFunction: cobra.NoFileCompletions}
	f := cmd.Flags()
	for name, usage := range map[string]string{
		"name": "what people call it; the id where not given", "type": "wordpress, joomla, drupal or native", "domain": "its `host` name", "path-prefix": "its `path` on the host",
		"database": "the `name` of its database", "database-prefix": "what the names of its tables begin with", "database-user": "for a new WordPress",
		"database-host": "for a new WordPress", "memory": "its memory `limit`, as 256M", "path": "its `directory`", "site-docroot": "the `directory` where its requests enter",
		"site-url": "its `URL`, where it is not http:// and the domain",
	} {
		texts[name] = f.String(name, "", usage)
	}
	f.IntVar(&seconds, "time", 0, "how many `seconds` a page may take")
	f.IntVar(&children, "children", 0, "how many PHP processes it may have")
	f.BoolVar(&layout, "layout", false, "make the site, or fail")
	f.BoolVar(&registerOnly, "register-only", false, "make nothing in its directory")
	f.BoolVar(&password, "database-password", false, "ask for the password of its database, or read it from stdin")
	cmd.MarkFlagsMutuallyExclusive("layout", "register-only")
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		body := map[string]any{"instance_id": c.args[0]}
		for name, field := range map[string]string{"name": "instance_name", "type": "cms_type", "domain": "domain", "path-prefix": "path_prefix", "database": "database_name",
			"database-prefix": "database_prefix", "database-user": "database_user", "database-host": "database_host", "memory": "memory_limit", "path": "path",
			"site-docroot": "docroot", "site-url": "url"} {
			set(body, field, any(*texts[name]))
		}
		if _, there := body["instance_name"]; !there {
			body["instance_name"] = c.args[0]
		}
		limits(body, seconds, children)
		if layout || registerOnly {
			body["layout"] = layout
		}
		if password {
			secret, err := c.secret("Password of the database", false)
			if err != nil {
				return err
			}
			body["database_password"] = secret
		}
		return perform(c, change{path: "instances/create", body: body, needs: core.PermissionCreate, doing: "Creating"}, createdBlocks)
	})
}

func limits(body map[string]any, seconds, children int) {
	if seconds != 0 {
		body["max_execution_time"] = seconds
	}
	if children != 0 {
		body["max_children"] = children
	}
}

func createdBlocks(a struct {
	Message  string `json:"message"`
	Instance struct {
		ID      string  `json:"instance_id"`
		Path    string  `json:"path"`
		Process process `json:"process"`
	} `json:"instance"`
	Layout struct {
		Steps []string `json:"steps"`
		Next  string   `json:"next"`
	} `json:"layout"`
}) []block {
	var f fields
	f.add("instance", text(a.Instance.ID))
	f.add("directory", text(a.Instance.Path))
	f.add("done", text(strings.Join(a.Layout.Steps, "; ")))
	f.add("next", cell{a.Layout.Next, doubt})
	return []block{joined{line{text: a.Message}, f}}
}
