//go:build linux

package systemd

import (
	"fmt"
	"testing"

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
	l.provision(t, pools...)
	var most int
	together := l.client.Go("Inside.Together", slugs, &most, nil)
	if <-together.Done; together.Error != nil {
		t.Fatal(together.Error)
	}
	if most == 0 || most > 4 {
		t.Errorf("%d were started at the same time", most)
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
