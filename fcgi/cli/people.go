package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vpm/core"
)

type person struct {
	ID       int64   `json:"id"`
	Username string  `json:"username"`
	FullName *string `json:"full_name"`
	Email    *string `json:"email"`
	Role     string  `json:"role"`
	Status   string  `json:"status"`
	Sessions int     `json:"sessions"`
}

type people struct {
	Users []person `json:"users"`
}

// newUser is "vpm user".
func newUser(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Administer the people who may use the panel"}
	Group(cmd)
	list := asking(local, &cobra.Command{Use: "list", Short: "List them", Args: NoArgs}, func(c *call) error {
		answer, err := c.Get(c.ctx, "users/list", nil)
		return present(c, answer, err, func(a people) []block {
			t := &table{none: "There are no users.", columns: []column{{title: "USER"}, {title: "ROLE"}, {title: "STATUS"}, {title: "LOGINS", right: true},
				{title: "NAME", least: 10, spare: true}, {title: "EMAIL", least: 12, spare: true}, {title: "ID", right: true, spare: true}}}
			for _, u := range a.Users {
				status := cell{u.Status, good}
				if u.Status != "active" {
					status.colour = faint
				}
				t.add(text(u.Username), text(u.Role), status, text(strconv.Itoa(u.Sessions)), text(deref(u.FullName)), text(deref(u.Email)), text(strconv.FormatInt(u.ID, 10)))
			}
			return []block{t}
		})
	})
	cmd.AddCommand(list, newUserAdd(local),
		changeUser(local, "passwd", "Set a person's password, which ends their logins; it is asked for, or the first line of stdin", "set the password of", func(c *call, body map[string]any) error {
			password, err := c.secret("New password", true)
			body["password"] = password
			return err
		}),
		changeUser(local, "disable", "Let a person log in no more, and end their logins", "disable", func(_ *call, body map[string]any) error {
			body["status"] = "inactive"
			return nil
		}),
		changeUser(local, "enable", "Let a person log in again", "enable", func(_ *call, body map[string]any) error {
			body["status"] = "active"
			return nil
		}))
	return cmd
}

func newUserAdd(local Local) *cobra.Command {
	var name, email, role string
	cmd := &cobra.Command{Use: "add USER", Short: "Add a person; the password is asked for, or the first line of stdin", Args: arguments(1, 1), ValidArgsFunction: cobra.NoFileCompletions}
	cmd.Flags().StringVar(&name, "name", "", "the full name")
	cmd.Flags().StringVar(&email, "email", "", "the `address`")
	cmd.Flags().StringVar(&role, "role", core.RoleViewer, "admin, manager or viewer")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(core.Roles, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		body := map[string]any{"username": c.args[0], "role": role}
		set(body, "full_name", any(name))
		set(body, "email", any(email))
		if !c.dry {
			password, err := c.secret("Password of "+clean(c.args[0]), true)
			if err != nil {
				return err
			}
			body["password"] = password
		}
		return perform(c, change{path: "users/create", body: body, needs: core.PermissionAll}, message)
	})
}

// changeUser makes a command that changes one person, whom people name and the API numbers.
func changeUser(local Local, verb, short, doing string, complete func(*call, map[string]any) error) *cobra.Command {
	cmd := &cobra.Command{Use: verb + " USER", Short: short, Args: arguments(1, 1), ValidArgsFunction: cobra.NoFileCompletions}
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		answer, err := c.Get(c.ctx, "users/list", nil)
		if err != nil {
			return err
		}
		all, err := decode[people](answer)
		if err != nil {
			return err
		}
		for _, u := range all.Users {
			if u.Username != c.args[0] {
				continue
			}
			body := map[string]any{"id": u.ID}
			if !c.dry {
				if err := complete(c, body); err != nil {
					return err
				}
			}
			return perform(c, change{path: "users/update", body: body, needs: core.PermissionAll}, message)
		}
		return core.Errorf(core.CodeNotFound, "cannot %s %s: there is no such user", doing, clean(c.args[0]))
	})
}

// newToken is "vpm token".
func newToken(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Administer the tokens by which programs call the API"}
	Group(cmd)
	list := asking(local, &cobra.Command{Use: "list", Short: "List them", Args: NoArgs}, func(c *call) error {
		answer, err := c.Get(c.ctx, "tokens/list", nil)
		return present(c, answer, err, func(a struct {
			Tokens []struct {
				ID       int64   `json:"id"`
				Name     string  `json:"name"`
				Scope    string  `json:"scope"`
				By       string  `json:"created_by"`
				Created  string  `json:"created_at"`
				LastUsed *string `json:"last_used_at"`
			} `json:"tokens"`
		}) []block {
			t := &table{none: "There are no tokens.", columns: []column{{title: "ID", right: true}, {title: "NAME", least: 12}, {title: "SCOPE"}, {title: "CREATED", spare: true},
				{title: "BY", least: 8, spare: true}, {title: "LAST USED"}}}
			for _, k := range a.Tokens {
				used := localMoment(deref(k.LastUsed))
				if used == "" {
					used = "never"
				}
				t.add(text(strconv.FormatInt(k.ID, 10)), text(k.Name), text(k.Scope), text(localMoment(k.Created)), text(k.By), text(used))
			}
			return []block{t}
		})
	})
	cmd.AddCommand(list, newTokenCreate(local), newTokenRevoke(local))
	return cmd
}

func newTokenCreate(local Local) *cobra.Command {
	scope := ""
	scopes := []string{core.ScopeView, core.ScopeManage, core.ScopeTick}
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a token; it is printed this once", Args: arguments(1, 1), ValidArgsFunction: cobra.NoFileCompletions}
	cmd.Flags().StringVar(&scope, "scope", core.ScopeView, strings.Join(scopes, ", "))
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions(scopes, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		return perform(c, change{path: "tokens/create", body: map[string]any{"name": c.args[0], "scope": scope}, needs: core.PermissionAll}, func(a struct {
			Token string `json:"token"`
		}) []block {
			return say("%s", a.Token) // alone, so that a script can take it
		})
	})
}

func newTokenRevoke(local Local) *cobra.Command {
	cmd := &cobra.Command{Use: "revoke ID", Short: "Make a token useless", Args: arguments(1, 1), ValidArgsFunction: cobra.NoFileCompletions}
	dryRun(cmd)
	return asking(local, cmd, func(c *call) error {
		id, err := strconv.ParseInt(c.args[0], 10, 64)
		if err != nil || id < 1 {
			return core.Errorf(core.CodeInvalid, "cannot use this as the number of a token: see vpm token list")
		}
		return perform(c, change{path: "tokens/revoke", body: map[string]any{"id": id}, needs: core.PermissionAll}, message)
	})
}
