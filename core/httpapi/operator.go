package httpapi

import (
	"net/http"

	"vpm/core"
)

// Operator answers requests of somebody who may do everything because the settings, with the database's password in
// them, are theirs anyway: a person at a shell. They need no token, and the history names them as by. Nothing that is
// reached over a network may be given this handler; it is no way into ServeHTTP.
func (a *API) Operator(by core.Actor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, &by) })
}

// authorizeOperator makes the session of an operator, which is no login: it has no password and cannot be ended.
func (a *API) authorizeOperator(c *call, r route) error {
	backend, err := a.Backend()
	if err != nil {
		return err
	}
	c.backend = backend
	outdated, err := backend.Outdated(c.Context())
	if err != nil {
		return err
	}
	c.session = core.Session{Outdated: outdated, User: core.User{Username: c.operator.Name, Role: core.RoleAdmin,
		Permissions: core.DefaultPermissions(core.RoleAdmin)}}
	return c.permit(r)
}
