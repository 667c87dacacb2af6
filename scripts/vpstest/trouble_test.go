package vpstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// wantOthersServe has the workers of one site use more memory together than its control group may, again and again. The
// kernel ends workers; the master stays, and three other sites do not fail one request.
func (s *server) wantOthersServe() {
	const victim = 0
	before := s.siteStatus(victim)
	l := s.begin(map[string]func(context.Context) error{"one": s.visit(1), "two": s.visit(2), "three": s.visit(3)})
	l.more(s, 5)
	var figures map[string]any
	err := s.Wait(s.limited(), func() bool {
		var wg sync.WaitGroup
		for range 5 { // its workers
			wg.Go(func() { _, _ = s.ask(s.t.Context(), "GET", siteURL(victim)+"eat.php", nil) })
		}
		wg.Wait()
		figures, _ = s.call("GET", "instances/resources.php?instance_id="+siteID(victim), nil)["real"].(map[string]any)
		kills, _ := figures["oom_kills"].(float64)
		return kills >= 3
	})
	if err != nil {
		s.t.Fatalf("nothing was killed for want of memory: %v: %v\n%s", err, figures, s.Journal(siteUnit(victim)))
	}
	l.more(s, 5)
	l.wantNone(s)
	s.awaitSite(victim)
	after := s.siteStatus(victim)
	if after["pid"] != before["pid"] || after["observed"] != "running" || figures["restarts"] != 0.0 {
		s.t.Errorf("out of memory it was %v and is %v: %v", before, after, figures)
	}
	for i := range 4 {
		figures, _ := s.call("GET", "instances/resources.php?instance_id="+siteID(i), nil)["real"].(map[string]any)
		if kills := figures["oom_kills"]; i != victim && kills != 0.0 {
			s.t.Errorf("%s: %v", siteID(i), figures)
		}
	}
}

// wantDatabaseBack restarts the database under load. The sites do not notice; a caller of the API gets what he asked for
// or is told to come again; what was acknowledged is there afterwards.
func (s *server) wantDatabaseBack() {
	const changed = 5
	server := s.sh("systemctl show -p MainPID --value vpm.service")
	var away sync.Map // clients that were told so
	api := func(name, method, path string, body func() any) func(context.Context) error {
		return func(ctx context.Context) error {
			a, err := s.ask(ctx, method, "http://shop.test/api/"+path, body())
			switch {
			case err != nil:
				return err
			case a.status == 503 && a.fields["success"] == false && (a.fields["code"] == "unavailable" || a.fields["code"] == "busy"):
				away.Store(name, true)
			case a.status != 200 || a.fields["success"] != true:
				return fmt.Errorf("%v", a)
			}
			return nil
		}
	}
	nothing := func() any { return nil }
	acknowledged, tried := 0, 0
	write := api("write", "POST", "instances/update.php", func() any {
		return map[string]any{"instance_id": siteID(changed), "instance_name": fmt.Sprint("Name ", tried)}
	})
	l := s.begin(map[string]func(context.Context) error{
		"a visitor": s.visit(6), "another": s.visit(7),
		"status": api("status", "GET", "instances/status.php?instance_id="+siteID(changed), nothing),
		"list":   api("list", "GET", "instances/list.php", nothing),
		"write": func(ctx context.Context) error {
			tried++
			away.Delete("write")
			err := write(ctx)
			if _, refused := away.Load("write"); err == nil && !refused {
				acknowledged = tried
			}
			return err
		},
	})
	for range 2 {
		l.more(s, 5)
		s.sh("systemctl restart mariadb")
	}
	l.more(s, 5)
	s.sh("systemctl stop mariadb")
	a := s.send("POST", "http://shop.test/api/instances/stop.php", map[string]any{"instance_id": siteID(changed)})
	if a.status != 503 || a.fields["code"] != "unavailable" || !isSite(changed, s.get(siteURL(changed))) {
		s.t.Errorf("a stop without the database: %v", a)
	}
	l.more(s, 2)
	s.sh("systemctl start mariadb")
	l.more(s, 5)
	l.wantNone(s)
	if _, told := away.Load("status"); !told {
		s.t.Error("the database was away, and nobody was told")
	}
	if now := s.sh("systemctl show -p MainPID --value vpm.service"); now != server {
		s.t.Errorf("the server was %s and is %s\n%s", server, now, s.Journal("vpm.service"))
	}
	for range 20 { // whichever connection of the pool it is
		if status := s.siteStatus(changed); status["wanted"] != "running" || status["observed"] != "running" {
			s.t.Errorf("afterwards: %v", status)
		}
	}
	var number int
	text := s.get("http://shop.test/api/v1/instances/" + siteID(changed)).text
	_, name, _ := strings.Cut(text, `"Name `)
	if _, err := fmt.Sscan(strings.SplitN(name, `"`, 2)[0], &number); err != nil || number < acknowledged || number > tried || acknowledged == 0 {
		s.t.Errorf("the change %d was acknowledged, %d was the last: %s", acknowledged, tried, text)
	}
}

// wantStartsCompleted kills the server at different moments of a start. Whoever looks next finds the site running, and
// open.
func (s *server) wantStartsCompleted() {
	const started = 8
	pid := func() string { return s.sh("systemctl show -p MainPID --value vpm.service") }
	start := map[string]any{"instance_id": siteID(started)}
	for _, after := range []time.Duration{0, 5, 15, 30, 60} { // milliseconds; a start takes about 60
		s.changeSite(started, "stop")
		server := pid()
		done := make(chan answer, 1)
		go func() {
			a, _ := s.ask(s.t.Context(), "POST", "http://shop.test/api/instances/start.php", start)
			done <- a
		}()
		time.Sleep(after * time.Millisecond) // any moment will do
		s.sh("kill -9 " + server)
		a := <-done
		status := s.lookAt(started, func(map[string]any) bool { return true })
		if a.status == 200 && status["wanted"] != "running" {
			s.t.Errorf("killed after %s: answered %v, and is %v", after*time.Millisecond, a, status)
		}
		if status["wanted"] == "stopped" { // killed before anything was stored
			s.changeSite(started, "start")
		}
		s.wantOpen(started)
	}
	s.killWhileUnitStarts(started)
}

// killWhileUnitStarts kills it while systemd starts the unit: the process comes up, and nobody is there to open the gate.
func (s *server) killWhileUnitStarts(i int) {
	s.t.Helper()
	slow := "/etc/systemd/system/" + siteUnit(i) + ".d/20-slow.conf"
	if err := s.WriteFile(slow, []byte("[Service]\nExecStartPre=/bin/sh -c 'until test -e /etc/go-on; do sleep 0.05; done'\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.sh("systemctl daemon-reload")
	s.changeSite(i, "stop")
	done := make(chan answer, 1)
	go func() {
		a, _ := s.ask(s.t.Context(), "POST", "http://shop.test/api/instances/start.php", map[string]any{"instance_id": siteID(i)})
		done <- a
	}()
	err := s.Wait(s.limited(), func() bool {
		return s.sh("systemctl show -p ActiveState --value "+siteUnit(i)) == "activating"
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.sh("systemctl kill -s KILL vpm.service")
	if a := <-done; a.status < 500 {
		s.t.Errorf("a start whose server was killed: %v", a)
	}
	s.sh("touch /etc/go-on")
	s.wantOpen(i)
	s.sh("rm " + slow + " /etc/go-on; systemctl daemon-reload")
}

// wantOpen looks at a site until it is seen to run, and then it has to answer.
func (s *server) wantOpen(i int) {
	s.t.Helper()
	s.lookAt(i, func(status map[string]any) bool {
		return status["wanted"] == "running" && status["observed"] == "running" && status["drift"] == false
	})
	if a := s.get(siteURL(i)); !isSite(i, a) {
		s.t.Errorf("after the next look %s says %v", siteID(i), a)
	}
}

// lookAt asks for the status of a site until there is an answer and it is as it should be.
func (s *server) lookAt(i int, ready func(status map[string]any) bool) map[string]any {
	s.t.Helper()
	var a answer
	err := s.Wait(s.limited(), func() bool {
		var err error
		a, err = s.ask(s.t.Context(), "GET", "http://shop.test/api/instances/status.php?instance_id="+siteID(i), nil)
		return err == nil && a.status == 200 && ready(a.fields)
	})
	if err != nil {
		s.t.Fatalf("the status is %v: %v\n%s", a, err, s.Journal("vpm.service"))
	}
	return a.fields
}
