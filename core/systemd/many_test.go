//go:build linux

package systemd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/scripts/vpslab"
)

// TestMany starts two hundred instances at once, of which no more than four may be starting at any moment, and looks at
// all of them.
func TestMany(t *testing.T) {
	t.Parallel()
	const many = 200
	l := ownLab(t, vpslab.Options{})
	pools, slugs := make([]Pool, many), make([]string, many)
	for i := range many {
		pools[i] = pool(fmt.Sprint("many", i))
		slugs[i] = pools[i].Slug
		l.write(t, "/var/lib/vpm/wanted/"+slugs[i], "")
	}
	for i := range maxStarts {
		slow := pool(fmt.Sprint("slow", i))
		pools = append(pools, slow)
		l.write(t, "/var/lib/vpm/wanted/"+slow.Slug, "")
		l.write(t, "/etc/systemd/system/"+UnitName(slow.Slug)+".d/20-slow.conf", "[Service]\nExecStartPre=/bin/sh -c 'until test -e /etc/go-on; do sleep 0.05; done'\n")
	}
	l.provision(t, pools...)
	var most []string
	together := l.client.Go("Inside.Together", slugs, &most, nil)
	if <-together.Done; together.Error != nil {
		t.Fatal(together.Error)
	}
	if len(most) == 0 || len(most) > 4 {
		t.Errorf("%d were started at the same time: %v", len(most), most)
	}
	l.root(t, "systemctl stop "+UnitName(slugs[0]))
	all := map[string]Used{}
	l.call(t, "Overview", Ask{}, &all)
	for i, slug := range slugs {
		d := l.ask(t, "Look", Ask{Slug: slug}).Result.Unit
		if s := all[slug]; s.Unit.up() != (i > 0) || s.PID != d.MainPID || s.Resources.Tasks.Known != (i > 0) {
			t.Errorf("%s: %+v, PID %d, up %v", slug, s, d.MainPID, i > 0)
		}
	}
	l.wantAnswers(t, slugs[1:])
	l.wantUnseenStartsCount(t, pools[many:], slugs[0])
}

// wantUnseenStartsCount gives up waiting for as many starts as there may be: another has to wait until they end.
func (l *lab) wantUnseenStartsCount(t *testing.T, slow []Pool, other string) {
	t.Helper()
	start := func(slug string, within time.Duration) Answer {
		return l.ask(t, "Drive", Ask{Verb: "start", Unit: UnitName(slug), Within: within})
	}
	for _, p := range slow {
		// Asked once: it is carried through, and a second start of the same would take a place of another's.
		if a := start(p.Slug, time.Second); a.Code != core.CodeBusy {
			t.Fatalf("%s: %+v", p.Slug, a)
		}
		l.wait(t, p.Slug, func(d Detail) bool { return d.Active == "activating" })
	}
	if a := start(other, time.Second); a.Code != core.CodeBusy || !strings.Contains(a.Message, "too many others") {
		t.Errorf("a start beside those that nobody waits for: %+v", a)
	}
	l.write(t, "/etc/go-on", "")
	if a := start(other, 2*time.Minute); a.Code != "" || !a.Result.Unit.up() {
		t.Errorf("a start after them: %+v", a)
	}
}

// wantAnswers asks the pools for their status.
func (l *lab) wantAnswers(t *testing.T, slugs []string) {
	t.Helper()
	for _, slug := range slugs {
		var s FPMStatus
		if l.call(t, "Status", Ask{Slug: slug}, &s); s.StartedAt.IsZero() {
			t.Errorf("%s: %+v", slug, s)
		}
	}
}
