package httpapi

import (
	"net/http"
	"path"
	"strings"

	"vpm/core"
)

// route is one endpoint: what it is called, how, by whom, and what answers.
type route struct {
	name    string // the last parts of the path, without .php
	methods string // allowed ones, as the Allow header has them
	access  access
	handle  func(*API, *call) (any, error)
}

// access is who may call a route: everybody, everybody who is logged in, or whoever has a permission.
type access core.Permission

const (
	public   access = ""
	loggedIn access = "logged in"
	view            = access(core.PermissionView)
	manage          = access(core.PermissionManage)
	create          = access(core.PermissionCreate)
	admin           = access(core.PermissionAll)
	tick            = access(core.PermissionTick)

	viewOrHere access = "view, or on this machine" // who may view, and programs on the server
)

const (
	get     = http.MethodGet
	post    = http.MethodPost
	getPost = "GET, POST"
)

// routes is the whole API. A name that ends in * takes any last part.
var routes = []route{
	{"auth/login", post, public, (*API).login},
	{"auth/verify", getPost, loggedIn, (*API).verify},
	{"auth/logout", post, loggedIn, (*API).logout},

	{"instances/list", get, view, (*API).list},
	{"instances/monitor", get, view, (*API).monitor},
	{"instances/status", get, view, (*API).status},
	{"instances/resources", get, view, (*API).resources},
	{"instances/health", get, view, (*API).health},
	{"instances/start", post, manage, (*API).start},
	{"instances/stop", post, manage, (*API).stop},
	{"instances/restart", post, manage, (*API).restart},
	{"instances/delete", post, manage, (*API).delete},
	{"instances/bulk", post, manage, (*API).bulk},
	{"instances/bypass", post, manage, (*API).bypass},
	{"instances/mute", post, manage, (*API).mute},
	{"instances/history", get, view, (*API).history},
	{"instances/events", get, view, (*API).events},
	{"instances/update", post, manage, (*API).update},
	{"instances/create", post, create, (*API).create},

	{"instances/scan", post, create, (*API).scan},
	{"instances/adopt", post, create, (*API).adopt},
	{"instances/log", get, view, (*API).siteLog},
	{"instances/move", getPost, admin, (*API).move},
	{"mode", get, view, (*API).mode},
	{"doctor", get, admin, (*API).doctor},
	{"openapi", get, view, (*API).describe},

	{"v1/instances/*", get, view, (*API).instanceV1},
	{"v1/instances", get, view, (*API).listV1},
	{"kernel/processes", get, view, (*API).processes},

	{"tick", getPost, tick, (*API).tick},
	{"metrics", get, viewOrHere, (*API).metrics},
	{"users/list", get, admin, (*API).listPeople},
	{"users/create", post, admin, (*API).createPerson},
	{"users/update", post, admin, (*API).updatePerson},
	{"users/password", post, loggedIn, (*API).changePassword},
	{"sessions/list", get, loggedIn, (*API).listSessions},
	{"sessions/revoke", post, loggedIn, (*API).endSession},
	{"tokens/list", get, admin, (*API).listTokens},
	{"tokens/create", post, admin, (*API).createToken},
	{"tokens/revoke", post, admin, (*API).revokeToken},

	{"setup", getPost, public, (*API).setup},
	{"reset", getPost, public, (*API).reset},
	{"migrate", post, admin, (*API).migrate},
	{"backup", post, admin, (*API).backup},
	{"restore", post, admin, (*API).restore},
}

// find gives the route of a request and what stands for its *. A program does not know at which prefix it
// was uploaded, and FastCGI hides it, so the last parts of the cleaned path decide: /api/instances/start.php,
// /panel//api/./instances/start/ and //host/api/instances/st%61rt are one. POST /api/v1/instances/start is the
// action, not an instance of that name.
func find(method, urlPath string) (route, string, bool) {
	parts := strings.Split(strings.Trim(path.Clean("/"+urlPath), "/"), "/")
	last := strings.TrimSuffix(parts[len(parts)-1], ".php")
	for n := min(3, len(parts)); n > 0; n-- {
		dir := strings.Join(parts[len(parts)-n:len(parts)-1], "/")
		if dir != "" {
			dir += "/"
		}
		name, wild := dir+last, dir+"*"
		for _, r := range routes {
			if r.name == name {
				return r, "", true
			}
			if r.name == wild && method != post {
				return r, last, true
			}
		}
	}
	return route{}, "", false
}

func (r route) allows(method string) bool {
	for m := range strings.SplitSeq(r.methods, ", ") {
		if m == method {
			return true
		}
	}
	return false
}

// changes tells whether a request of that method changes instances or who may do what, as opposed to looking, logging in
// and the periodic pass.
func (r route) changes(method string) bool {
	return method == post && (r.access == manage || r.access == create || r.access == admin) && r.name != "instances/scan"
}
