package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// turns is what a client does in a round.
type turns struct {
	*client
	round *round
	rng   *rand.Rand
	name  string // unique in the run
	n     int
	owner bool     // of an account
	own   *account // nil: not yet
}

// act is one thing that a client does, and how many of all the things it is.
type act struct {
	weight int
	do     func(t *turns, ctx context.Context, in *instance)
}

// acts are all there are. Not among them is a restore that succeeds, which puts another state in the place of this one: the
// calm has it.
var acts = []act{
	{12, func(t *turns, ctx context.Context, in *instance) { t.change(ctx, in, "start", nil) }},
	{14, func(t *turns, ctx context.Context, in *instance) { t.change(ctx, in, "stop", t.stopping()) }},
	{6, func(t *turns, ctx context.Context, in *instance) { t.change(ctx, in, "restart", nil) }},
	{2, func(t *turns, ctx context.Context, in *instance) { t.change(ctx, in, "delete", nil) }},
	{5, func(t *turns, ctx context.Context, in *instance) { t.counted(ctx, in, "create", in.create()) }},
	{2, (*turns).bypass},
	{2, (*turns).update},
	{3, (*turns).bulk},
	{2, (*turns).mute},
	{3, func(t *turns, ctx context.Context, in *instance) { t.spoilt(ctx, in, true) }},
	{2, func(t *turns, ctx context.Context, in *instance) { t.spoilt(ctx, in, false) }},
	{40, (*turns).read},
	{4, (*turns).post},
	{4, (*turns).person},
	{4, (*turns).never},
	{3, (*turns).adopt},
	{6, (*turns).visit},
	{8, func(t *turns, _ context.Context, in *instance) { in.edit(t.rng, t.round) }},
}

// play acts until the round is over.
func (t *turns) play(ctx context.Context) {
	all := 0
	for _, a := range acts {
		all += a.weight
	}
	for ; ctx.Err() == nil && time.Now().Before(t.round.until); t.n++ {
		in := t.world.instances[t.rng.IntN(len(t.world.instances))]
		if t.owner && t.rng.IntN(3) == 0 {
			t.account(ctx, in)
			continue
		}
		at := t.rng.IntN(all)
		for _, a := range acts {
			if at -= a.weight; at < 0 {
				a.do(t, ctx, in)
				break
			}
		}
	}
}

// ask makes a request by a random way and looks at what no answer may be.
func (t *turns) ask(ctx context.Context, q call) answer {
	token, way := t.world.tokens.get(), ways[t.rng.IntN(len(ways))]
	t.check = t.rng.IntN(8) == 0
	a := t.do(ctx, q, way)
	t.round.answered(way, q, a)
	switch {
	case q.as == "" && a.ours && a.status == http.StatusUnauthorized && a.text("code") == "unauthenticated":
		t.world.tokens.renew(ctx, t.world, token)
	case a.err != nil && a.status == 0:
		time.Sleep(200 * time.Millisecond) // the web server is down
	}
	return a
}

// reason is another for each request.
func (t *turns) reason() string { return fmt.Sprintf("%s, %d", t.name, t.n) }

// change makes a change that carries a reason, and remembers what was answered.
func (t *turns) change(ctx context.Context, in *instance, action string, more map[string]any) answer {
	reason := t.reason()
	body := map[string]any{"instance_id": in.id, "reason": reason}
	for k, v := range more {
		body[k] = v
	}
	if action == "stop" {
		body["verify"] = t.rng.IntN(3) == 0
	}
	in.note("%s sends %s %v", reason, action, more)
	if end, err := time.Parse(time.RFC3339, fmt.Sprint(more["until"])); err == nil {
		in.ending(reason, end)
	}
	a := t.ask(ctx, call{method: "POST", path: "/instances/" + action + ".php", body: body})
	in.note("%s: %s", reason, a)
	in.changed(action, reason, a.outcome(), a.fields)
	return a
}

// stopping is how an instance is stopped: for good, for days, or until in a moment.
func (t *turns) stopping() map[string]any {
	switch t.rng.IntN(5) {
	case 0:
		until := t.world.built.clock.now().Add(time.Duration(1+t.rng.IntN(4)) * time.Second).UTC()
		return map[string]any{"until": until.Format(time.RFC3339)}
	case 1:
		return map[string]any{"duration": fmt.Sprintf("%dh", 24+t.rng.IntN(100))}
	}
	return nil
}

// counted makes a change that carries no reason.
func (t *turns) counted(ctx context.Context, in *instance, action string, q call) {
	in.note("%s sends %s", t.reason(), action)
	a := t.ask(ctx, q)
	in.note("%s: %s", t.reason(), a)
	in.changed(action, "", a.outcome(), nil)
}

func (t *turns) bypass(ctx context.Context, in *instance) {
	t.counted(ctx, in, "bypass", call{method: "POST", path: "/instances/bypass.php", body: map[string]any{"instance_id": in.id, "duration": "24h"}})
}

func (t *turns) update(ctx context.Context, in *instance) {
	t.counted(ctx, in, "update", call{method: "POST", path: "/instances/update.php", body: map[string]any{"instance_id": in.id, "instance_name": t.reason()}})
}

func (t *turns) mute(ctx context.Context, in *instance) {
	t.ask(ctx, call{method: "POST", path: "/instances/mute.php", body: map[string]any{"instance_id": in.id, "duration": "2h", "reason": "torture"}})
}

// bulk changes several instances by one request, all for the same reason.
func (t *turns) bulk(ctx context.Context, in *instance) {
	action := []string{"start", "stop", "restart"}[t.rng.IntN(3)]
	reason, chosen, ids := t.reason(), map[string]*instance{in.id: in}, []string{in.id}
	for range 2 + t.rng.IntN(6) {
		other := t.world.instances[t.rng.IntN(len(t.world.instances))]
		if chosen[other.id] == nil {
			chosen[other.id], ids = other, append(ids, other.id)
		}
	}
	body := map[string]any{"action": action, "instance_ids": ids, "reason": reason, "verify": false}
	for _, one := range chosen {
		one.note("%s sends bulk %s", reason, action)
	}
	a := t.ask(ctx, call{method: "POST", path: "/instances/bulk.php", body: body})
	results, _ := a.fields["results"].([]any)
	items := map[string]answer{}
	for _, r := range results {
		item, _ := r.(map[string]any)
		id, _ := item["instance_id"].(string)
		items[id] = itemOf(item)
	}
	for id, one := range chosen {
		item, ok := items[id]
		if !ok {
			item = a
		}
		one.note("%s: %s (%v)", reason, a, item.fields)
		one.changed(action, reason, item.outcome(), item.fields)
	}
}

// spoilt sends a change that must not be made: its body ends too early, or is too large.
func (t *turns) spoilt(ctx context.Context, in *instance, truncated bool) {
	action, reason := []string{"start", "stop", "restart", "delete"}[t.rng.IntN(4)], t.reason()
	text := fmt.Sprintf(`{"instance_id":%q,"reason":%q}`, in.id, reason)
	q := call{method: "POST", path: "/instances/" + action + ".php", raw: []byte(text), announced: len(text) + 1 + t.rng.IntN(5000)}
	if !truncated {
		text = fmt.Sprintf(`{"instance_id":%q,"reason":%q,"pad":"%s"}`, in.id, reason, strings.Repeat("x", 100_000+t.rng.IntN(1_000_000)))
		q.raw, q.announced = []byte(text), 0
	}
	in.note("%s sends a spoilt %s", reason, action)
	a := t.ask(ctx, q)
	in.note("%s: %s", reason, a)
	in.changed(action, reason, refused, nil)
	if a.ours && a.status < 300 {
		t.round.violate(in, "a spoilt body is answered %s", a)
	}
}

// reads are what changes nothing, %s being an instance.
var reads = strings.Fields(`/instances/status.php?instance_id=%s /instances/status.php?instance_id=%s /instances/monitor.php?instance_id=%s
	/instances/monitor.php?instance_id=%s /instances/list.php /instances/list.php /v1/instances?search=%s /v1/instances?limit=10&page=2
	/v1/instances/%s /instances/resources.php?instance_id=%s /instances/health.php?instance_id=%s /instances/health.php?instance_id=%s&fresh=1
	/instances/history.php?instance_id=%s /instances/events.php?instance_id=%s /instances/events.php /kernel/processes /instances/log.php?instance_id=%s
	/mode.php /doctor.php /openapi.php /metrics.php /users/list.php /sessions/list.php?all=1 /tokens/list.php /setup.php /reset.php /auth/verify.php /no/such/call.php`)

func (t *turns) read(ctx context.Context, in *instance) {
	path := strings.ReplaceAll(reads[t.rng.IntN(len(reads))], "%s", url.PathEscape(in.id))
	t.ask(ctx, call{method: "GET", path: path})
}

// post makes the calls that are about no instance.
func (t *turns) post(ctx context.Context, _ *instance) {
	switch t.rng.IntN(10) {
	case 0:
		t.ask(ctx, call{method: "POST", path: "/tick.php", body: map[string]any{}})
	case 1:
		t.ask(ctx, call{method: "POST", path: "/instances/scan.php", body: map[string]any{}})
	case 2:
		t.ask(ctx, call{method: "POST", path: "/backup.php", body: map[string]any{}})
	case 3:
		t.ask(ctx, call{method: "POST", path: "/migrate.php", body: map[string]any{}})
	case 4:
		t.ask(ctx, call{method: "POST", path: "/sessions/revoke.php", body: map[string]any{"id": 1 << 30}})
	case 5: // counted against an address of its own
		newClient(t.world, 249).do(ctx, call{method: "POST", path: "/auth/login.php", body: map[string]any{"username": "nobody", "password": "wrong"}}, ways[t.rng.IntN(3)])
	case 6:
		t.world.login(ctx) // a session more
	case 7:
		t.ask(ctx, call{method: "POST", path: "/auth/verify.php", body: map[string]any{}})
	default: // no sense at all
		path := []string{"/instances/start.php", "/auth/login.php", "/instances/bulk.php"}[t.rng.IntN(3)]
		t.ask(ctx, call{method: "POST", path: path, raw: []byte([]string{"", "{", "[]", `{"instance_id":{}}`, "\xff\xfe", strings.Repeat("[", 9000)}[t.rng.IntN(6)])})
	}
}

// person adds a user or an API token, or takes a token away.
func (t *turns) person(ctx context.Context, _ *instance) {
	name := strings.NewReplacer(", ", "-", " ", "-").Replace(t.reason())
	switch t.rng.IntN(3) {
	case 0:
		a := t.ask(ctx, call{method: "POST", path: "/users/create.php", body: map[string]any{"username": name, "password": adminPassword, "role": "viewer"}})
		t.world.people.added("user "+name, a.outcome())
	case 1:
		a := t.ask(ctx, call{method: "POST", path: "/tokens/create.php", body: map[string]any{"name": name, "scope": "view"}})
		t.world.people.added("token "+name, a.outcome())
		if id, ok := a.fields["id"].(float64); ok {
			t.world.people.number("token "+name, int64(id))
		}
	case 2:
		if name, id := t.world.people.any(t.rng); id > 0 {
			a := t.ask(ctx, call{method: "POST", path: "/tokens/revoke.php", body: map[string]any{"id": id}})
			t.world.people.removed(name, a.outcome())
		}
	}
}

// visit asks for the site. What is no answer to a visitor shows in the calm; here only that it is this site.
func (t *turns) visit(ctx context.Context, in *instance) {
	status, body, err := in.visit(ctx, t.http)
	if err == nil && status == 200 && body != in.page() {
		t.round.violate(in, "a visitor is shown %.200q", body)
	}
	visits.Add(1)
}

var visits atomic.Int64
