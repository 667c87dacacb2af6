package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vpm/scripts/lab"
)

const (
	listSizes  = "1 100 1,000 10,000"
	callSites  = 100 // that all calls but lists are measured with
	callRounds = 5   // of a run's for one of this section
)

// stage is a way to vpm that all calls are measured on.
type stage struct {
	name string
	caller
	database
	token     string
	instances string // their directory
	own       func() error
	// uncounted says that the web server does not wait for the programs it runs, so that nobody knows what they used.
	uncounted bool
	// rss gives the memory of a call, in MB; nil where a bare process says it already.
	rss func(ctx context.Context, r request) (float64, error)
}

// calls measures every call on every way and database, at each load.
func (b *bench) calls(ctx context.Context) (err error) {
	for _, open := range []func(ctx context.Context, d database, measure func(stage, []yard) error) error{b.onProcess, b.onCGI, b.onFCGID, b.onServer} {
		for i := range 2 {
			d := sqliteDatabase()
			if i == 0 {
				b.sequence++
				if d, err = mariaDatabase(b.server, fmt.Sprint("calls", b.sequence)); err != nil {
					return err
				}
			}
			if err := open(ctx, d, func(s stage, yards []yard) error { return b.callsOn(ctx, s, yards) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// yard is a yardstick beside a stage.
type yard struct {
	name string
	caller
	request
	program string // whose memory counts; "" says nothing
}

// callsOn measures all calls on a stage that has one instance, or as many as another measurement has left.
func (b *bench) callsOn(ctx context.Context, s stage, yards []yard) error {
	trips, err := b.newTrips(s.driver, roundTripCounters)
	if err != nil {
		return err
	}
	defer trips.close()
	var rows []row
	add := func(c caller, token string, w work, rss func(ctx context.Context, r request) (float64, error)) error {
		more, err := b.driveAll(ctx, c, token, w, rss, trips)
		rows = append(rows, more...)
		return err
	}
	for _, size := range []int{1, callSites, 1_000, 10_000} {
		if err := s.grow(ctx, size); err != nil {
			return err
		}
		if size == callSites {
			if err := s.watch(ctx); err != nil {
				return err
			}
			if err := s.layOut(); err != nil {
				return err
			}
			for _, w := range []work{reads("status.php", status), reads("monitor.php", monitor), stopsAndStarts(), logins} {
				if err := add(s.caller, s.token, w, s.rss); err != nil {
					return err
				}
			}
		}
		w := reads(fmt.Sprintf("list.php of %d", size), list)
		w.slow = size == 10_000
		if err := add(s.caller, s.token, w, s.rss); err != nil {
			return err
		}
	}
	for _, y := range yards {
		var rss func(ctx context.Context, r request) (float64, error)
		if y.program != "" {
			rss = func(context.Context, request) (float64, error) { return biggest(y.program) }
		}
		if err := add(y.caller, "", reads(y.name, y.request), rss); err != nil {
			return err
		}
	}
	if s.uncounted {
		for _, cells := range rows {
			cells[7] = nil
		}
	}
	return b.print(s.name+", "+s.label, []string{"p50", "p99", "requests/s, 1 client", "10 clients", "50 clients", "RSS, MB", "CPU, ms a request", "round trips"}, rows)
}

// driveAll gives the rows of a work: one for each of its names.
func (b *bench) driveAll(ctx context.Context, c caller, token string, w work, rss func(ctx context.Context, r request) (float64, error), trips *trips) ([]row, error) {
	for i := range w.names { // warms up, and says what does not work before figures are made of it
		if _, err := c.call(ctx, token, w.request(0, i)); err != nil {
			return nil, err
		}
	}
	at := make([]driven, len(loads))
	for round := range max(1, b.rounds/callRounds) {
		for i, clients := range loads {
			if (round == 0 || !w.slow) && (clients == 1 || !w.alone) {
				if err := drive(ctx, c, token, w, clients, round, &at[i]); err != nil {
					return nil, err
				}
			}
		}
	}
	var rows []row
	for i, name := range w.names {
		cells := row{name, nil, nil, nil, nil, nil, nil, nil, nil}
		for j, d := range at {
			switch {
			case d.failed > 0 && loads[j] == 1: // what follows is made of its figures
				return nil, fmt.Errorf("%s: %d failed: %w", name, d.failed, d.first)
			case d.failed > 0 && d.rate == nil:
				cells[3+j] = "all refused"
			case d.failed > 0:
				cells[3+j] = fmt.Sprintf("%s, %d refused", number(d.rate.quantile(0.5)), d.failed)
			case d.rate != nil:
				cells[3+j] = d.rate.quantile(0.5)
			}
		}
		cells[1], cells[2], cells[7] = at[0].times[i].quantile(0.5), at[0].times[i].quantile(0.99), at[0].cpu.quantile(0.5)
		rows = append(rows, cells)
	}
	if err := countTrips(ctx, c, token, w, trips, rows); err != nil {
		return nil, err
	}
	for i := range w.names {
		if rss == nil {
			continue
		}
		mb, err := rss(ctx, w.request(0, i))
		if err != nil {
			return nil, err
		}
		rows[i][6] = mb
	}
	return rows, nil
}

// tickTime is longer than a server's tick over the instances takes.
const tickTime = 15 * time.Second

// countTrips has the rows tell the least number of round trips that was seen twice: a server's own tick comes between, and a
// connection made anew.
func countTrips(ctx context.Context, c caller, token string, w work, trips *trips, rows []row) error {
	if trips == nil {
		return nil
	}
	for begin, again := time.Now(), false; !again && time.Since(begin) < tickTime; {
		again = true
		for i := range w.names {
			n, err := trips.of(func() error {
				_, err := c.call(ctx, token, w.request(0, i))
				return err
			})
			if err != nil {
				return err
			}
			least, counted := rows[i][8].(int)
			if again = again && counted && n == least; !counted || n.(int) < least {
				rows[i][8] = n
			}
		}
	}
	return nil
}

// logins are made by one client: that of many at once from one address is taken for a search for passwords, and refused.
var logins = work{names: []string{"login.php"}, request: func(int, int) request { return login }, alone: true}

func reads(name string, r request) work {
	return work{names: []string{name}, request: func(int, int) request { return r }}
}

// stopsAndStarts has each client stop and start an instance of its own.
func stopsAndStarts() work {
	return work{names: []string{"stop.php, in turn with start", "start.php, in turn with stop"}, request: func(client, i int) request {
		r := []request{stopBlind, start}[i%2]
		r.body = fmt.Sprintf(`{"instance_id":%q,"verify":false}`, siteID(client+1))
		return r
	}}
}

// grow fills a stage up to n instances.
func (s *stage) grow(ctx context.Context, n int) error {
	var have int
	if err := s.ask(ctx, "SELECT COUNT(*) FROM instances", &have); err != nil {
		return err
	}
	if have >= n {
		return nil
	}
	return s.fill(ctx, have+1, n)
}

// layOut gives the instances that are stopped and started their directories, with a .htaccess.
func (s *stage) layOut() error {
	for i := range mostClients {
		dir := filepath.Join(s.instances, siteID(i+1))
		err := os.MkdirAll(dir, 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, ".htaccess"), []byte(lab.WordPressRules), 0o644)
		}
		if err != nil {
			return fmt.Errorf("cannot make a site: %w", err)
		}
	}
	if s.own == nil {
		return nil
	}
	return s.own()
}
