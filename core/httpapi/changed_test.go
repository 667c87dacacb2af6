package httpapi

import (
	"context"
	"testing"
)

// TestChangedByAnAdministrator: who installs the server hears of these changes and of nothing else, and only administrators
// are told how that goes.
func TestChangedByAnAdministrator(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "shop", "blog")
	changes := 0
	p.Changed = func(context.Context) { changes++ }
	backend, err := p.Backend()
	must(t, err)
	backend.Sudo = func(context.Context) any {
		return map[string]any{"sudoers": map[string]any{"line": "www-data", "message": "equivalent to root"}}
	}
	manage := p.issue("manage")
	p.post("users/create", map[string]any{"username": "manager", "password": password, "full_name": "M", "email": "m@x.example", "role": "manager"}).want(201)
	changes = 0
	shop := map[string]any{"instance_id": "shop", "verify": false}
	root := p.token
	for _, c := range []struct {
		name string
		body any
		want int // changes
	}{
		{"instances/stop", shop, 1}, {"instances/start", shop, 1}, {"instances/restart", shop, 1}, {"instances/mute", shop, 1},
		{"instances/update", map[string]any{"instance_id": "shop", "instance_name": "Shop"}, 1},
		{"instances/bulk", map[string]any{"action": "restart", "instance_ids": []string{"shop"}}, 1},
		{"instances/delete", map[string]any{"instance_id": "blog"}, 1},
		{"instances/stop", map[string]any{"instance_id": "nowhere"}, 0}, {"instances/stop", "{", 0},
		{"tick", nil, 0}, {"instances/scan", nil, 0}, {"auth/verify", nil, 0},
		{"auth/login", map[string]any{"username": "root", "password": password}, 0},
		{"users/password", map[string]any{"old_password": password, "new_password": password + "!"}, 0},
	} {
		before := changes
		if p.post(c.name, c.body); changes-before != c.want {
			t.Errorf("%s by an administrator: %d changes are heard of, want %d", c.name, changes-before, c.want)
		}
	}
	p.get("instances/list").want(200)
	p.get("mode").want(200).says("equivalent to root")
	grant, err := backend.Auth.Login(t.Context(), "192.0.2.1", "manager", password)
	must(t, err)
	for _, token := range []string{grant.Token, manage} {
		before := changes
		p.token = token
		p.post("instances/stop", shop).want(200)
		p.post("instances/start", shop).want(200)
		if p.get("mode").want(200).field("sudo") != nil || changes != before {
			t.Errorf("a manager is told of sudo, or %d changes are heard of", changes-before)
		}
	}
	p.token = root
}
