package main

import (
	"context"
	"net/http"
)

// never makes calls that have to be refused whatever happens around them: a host without systemd moves nothing, what is set
// up is not set up again, and nobody resets a password or puts a backup back without what that takes.
func (t *turns) never(ctx context.Context, in *instance) {
	q := []call{
		{method: "POST", path: "/instances/move.php", body: map[string]any{"instance_id": in.id}},
		{method: "POST", path: "/instances/move.php", body: map[string]any{"instance_id": in.id, "operation": "undo"}},
		{method: "GET", path: "/instances/move.php?instance_id=" + in.id},
		{method: "POST", path: "/setup.php", as: anybody, body: map[string]any{"code": "AAAAA-AAAAA-AAAAA-AAAAA", "db_driver": "sqlite", "username": "thief", "password": adminPassword}},
		{method: "POST", path: "/setup.php", as: anybody, body: map[string]any{"code": "AAAAA-AAAAA-AAAAA-AAAAA", "try": true}},
		{method: "POST", path: "/reset.php", as: anybody, body: map[string]any{"username": "admin", "password": "a thief's password"}},
		{method: "POST", path: "/restore.php", body: map[string]any{"file": "vpm-backup-20260101-000000.gz"}},
		{method: "POST", path: "/restore.php", body: map[string]any{"file": "../vpm.env", "replace": true}},
		{method: "POST", path: "/restore.php", as: anybody, body: map[string]any{"file": "vpm-backup-20260101-000000.gz", "replace": true}},
		{method: "POST", path: "/auth/logout.php", as: anybody, body: map[string]any{}},
	}[t.rng.IntN(10)]
	if a := t.ask(ctx, q); a.ours && a.status < http.StatusMultipleChoices {
		t.round.violate(nil, "%s %s is answered %s", q.method, q.path, a)
	}
}

// adopt registers the directory of an instance as a site that was found there. Where it is registered, nothing happens.
func (t *turns) adopt(ctx context.Context, in *instance) {
	in.note("%s sends adopt", t.reason())
	a := t.ask(ctx, call{method: "POST", path: "/instances/adopt.php", body: map[string]any{"sites": []any{
		map[string]any{"dir": in.dir, "instance_id": in.id, "instance_name": in.id, "url": in.url, "cms_type": "native"}}}})
	in.note("%s: %s", t.reason(), a)
	item := a
	if results, _ := a.fields["results"].([]any); len(results) == 1 {
		fields, _ := results[0].(map[string]any)
		item = itemOf(fields)
	}
	in.changed("create", "", item.outcome(), nil)
}

// itemOf is what a request about several instances says of one, as an answer about that one alone.
func itemOf(fields map[string]any) answer {
	one := answer{status: http.StatusOK, ours: true, fields: fields}
	if ok, _ := fields["success"].(bool); !ok {
		if one.status = http.StatusBadRequest; one.text("code") == "unavailable" || one.text("code") == "internal" {
			one.status = http.StatusServiceUnavailable
		}
	} else if result, ok := fields["result"].(map[string]any); ok {
		one.fields = result
	}
	return one
}
