package gatetest

import (
	"testing"
	"time"

	"vpm/htaccess"
	"vpm/scripts/lab"
)

func TestUntil(t *testing.T) {
	t.Parallel()
	host := startHost(t, lab.Options{PHP: true}, siteTree())
	until := soon()
	closeSite(t, host, siteRules, render(t, htaccess.Gate{Until: until}))
	wantEnd(t, host.URL, until)
}

func TestUntilInNginx(t *testing.T) {
	t.Parallel()
	var until time.Time
	url := startNginx(t, func(string) string {
		until = soon()
		text, err := htaccess.Gate{Instance: "site", Until: until}.RenderNginx()
		if err != nil {
			t.Fatal(err)
		}
		return text
	})
	wantEnd(t, url, until)
}

func soon() time.Time { return time.Now().Truncate(time.Second).Add(3 * time.Second) }

// wantEnd wants the gate to end by itself, at its time and not before.
func wantEnd(t *testing.T, url string, until time.Time) {
	t.Helper()
	if a := get(t, url, "/about.html"); a.status != 503 && time.Now().Before(until) {
		t.Fatalf("%s: %d", a.name, a.status)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for get(t, url, "/about.html").status == 503 {
		if time.Since(until) > time.Minute {
			t.Fatal("the gate does not end")
		}
		<-tick.C
	}
	if early := time.Until(until); early > 0 {
		t.Errorf("the gate ended %s early", early)
	}
}
