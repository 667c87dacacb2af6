package vpstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

const sites = 20

// TestBadDays has on a server with twenty sites what goes wrong on servers go wrong.
func TestBadDays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.setUp(s.database("mysql"))
	s.sh("/opt/vpm install")
	s.addSites()
	for _, day := range []struct {
		name string
		have func(*server)
	}{
		{"sudo", (*server).wantNoSudo},
		{"apart", (*server).wantApart},
		{"out of memory", (*server).wantOthersServe},
		{"database restarts", (*server).wantDatabaseBack},
		{"server killed", (*server).wantStartsCompleted},
		{"reboot alone", (*server).wantAsLeft},
	} {
		t.Run(day.name, func(t *testing.T) {
			today := *s
			today.t = t
			day.have(&today)
		})
	}
}

func siteID(i int) string { return fmt.Sprintf("site%02d", i) }

func siteURL(i int) string { return "http://shop.test/" + siteID(i) + "/" }

func siteUnit(i int) string { return "vpm-php@" + siteID(i) + ".service" }

// addSites registers sites and gives each a process of its own.
func (s *server) addSites() {
	s.t.Helper()
	for i := range sites {
		dir := docroot + "/" + siteID(i)
		for name, text := range map[string]string{"index.php": page, "style.css": "body { color: black }\n",
			"eat.php": `<?php $all = str_repeat('x', 100 << 20); sleep(2); echo strlen($all);`} {
			if err := s.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
				s.t.Fatal(err)
			}
		}
		s.call("POST", "instances/create.php", map[string]any{"instance_id": siteID(i), "instance_name": "Site", "cms_type": "native",
			"domain": "shop.test", "path_prefix": "/" + siteID(i), "database_name": "none", "path": dir, "memory_limit": "128M"})
	}
	const lanes = 4
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for i := lane; i < sites; i += lanes {
				s.moveSite(i)
			}
		})
	}
	wg.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
	for i := range sites {
		s.awaitSite(i)
	}
}

func (s *server) moveSite(i int) {
	body := map[string]any{"instance_id": siteID(i), "operation": "move"}
	for {
		a, err := s.ask(s.t.Context(), "POST", "http://shop.test/api/instances/move.php", body)
		// Root takes one at a time, and a busy database may take longer to answer than a request waits.
		if err == nil && (a.fields["code"] == "busy" || a.fields["code"] == "unavailable") {
			continue
		}
		if err != nil || a.status != 200 {
			s.t.Errorf("the move of %s: %v %v", siteID(i), a, err)
		}
		return
	}
}

// awaitSite waits until the web server has taken on that a site is its own user's.
func (s *server) awaitSite(i int) {
	s.t.Helper()
	var a answer
	if err := s.Wait(s.limited(), func() bool { a = s.get(siteURL(i)); return isSite(i, a) }); err != nil {
		s.t.Fatalf("%s says %v: %v", siteID(i), a, err)
	}
}

func isSite(i int, a answer) bool {
	return a.status == 200 && a.fields["file"] == "/srv/vpm/"+siteID(i)+"/web/htdocs/index.php"
}

func (s *server) siteStatus(i int) map[string]any {
	s.t.Helper()
	return s.call("GET", "instances/status.php?instance_id="+siteID(i), nil)
}

func (s *server) changeSite(i int, what string) map[string]any {
	s.t.Helper()
	return s.call("POST", "instances/"+what+".php", map[string]any{"instance_id": siteID(i), "reason": "closed for a test"})
}

// load is clients that ask all the time.
type load struct {
	mu       sync.Mutex
	answered map[string]int
	failed   []string
	end      func()
}

// begin has a client call each of asks until end is called. An error is a request that failed.
func (s *server) begin(asks map[string]func(ctx context.Context) error) *load {
	l := &load{answered: map[string]int{}}
	ctx, cancel := context.WithCancel(s.t.Context())
	var wg sync.WaitGroup
	for name, ask := range asks {
		wg.Go(func() {
			for ctx.Err() == nil {
				err := ask(context.WithoutCancel(ctx)) // it ends between two requests
				l.mu.Lock()
				l.answered[name]++
				if err != nil {
					l.failed = append(l.failed, name+": "+err.Error())
				}
				l.mu.Unlock()
			}
		})
	}
	l.end = func() { cancel(); wg.Wait() }
	s.t.Cleanup(l.end)
	return l
}

// more waits until each client has had n more answers.
func (l *load) more(s *server, n int) {
	s.t.Helper()
	counts := func() map[string]int {
		l.mu.Lock()
		defer l.mu.Unlock()
		now := map[string]int{}
		for name, count := range l.answered {
			now[name] = count
		}
		return now
	}
	before := counts()
	err := s.Wait(s.limited(), func() bool {
		now := counts()
		for name := range now {
			if now[name] < before[name]+n {
				return false
			}
		}
		return len(now) > 0
	})
	if err != nil {
		s.t.Fatal(err, before, counts())
	}
}

// wantNone ends the load, which no request of may have failed.
func (l *load) wantNone(s *server) {
	s.t.Helper()
	l.end()
	if len(l.failed) > 0 {
		s.t.Errorf("%d of %v requests failed: %.2000s", len(l.failed), l.answered, strings.Join(l.failed, "\n"))
	}
}

// visit asks for the page of a site, which has to answer.
func (s *server) visit(i int) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		a, err := s.ask(ctx, "GET", siteURL(i), nil)
		if err == nil && !isSite(i, a) {
			err = fmt.Errorf("it says %v", a)
		}
		return err
	}
}
