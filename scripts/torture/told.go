package main

import (
	"fmt"
	"time"
)

// told is what the history makes of an instance.
type told struct {
	exists     bool
	stopped    bool
	pid        string
	generation int64
	last       int64     // event
	end        time.Time // of the stop, where its client chose it
}

// tell adds an event, latest being the latest moment of the clock so far.
func (in *instance) tell(e happened, latest time.Time) (wrong string) {
	end := in.told.end
	wrong = in.told.add(e)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.told.end = in.ends[e.reason]
	switch {
	case e.action != "expire":
	case e.at.After(latest):
		wrong = fmt.Sprintf("event %d ends a stop at %s, and the clock was never later than %s", e.id, e.at, latest)
	case !end.IsZero() && !e.at.Equal(end):
		wrong = fmt.Sprintf("event %d ends a stop at %s that was to end at %s", e.id, e.at, end)
	}
	return wrong
}

// go on with one more event.
func (t *told) add(e happened) (wrong string) {
	t.last = e.id
	if e.action != "create" && !t.exists && e.action != "mute" {
		wrong = fmt.Sprintf("event %d, %s, is of an instance that is not there", e.id, e.action)
	}
	switch e.action {
	case "create":
		if t.exists {
			wrong = fmt.Sprintf("event %d creates what is there", e.id)
		}
		*t = told{exists: true, pid: e.pid, last: e.id}
	case "delete":
		*t = told{last: e.id}
	case "stop":
		if e.pid != t.pid {
			wrong = fmt.Sprintf("event %d stops the run %s, and it was %s", e.id, e.pid, t.pid)
		}
		t.stopped, t.generation = true, t.generation+1
	case "start", "restart", "expire":
		if !t.stopped && e.action != "restart" {
			wrong = fmt.Sprintf("event %d, %s, starts what runs", e.id, e.action)
		}
		if e.pid == t.pid {
			wrong = fmt.Sprintf("event %d begins the run %s again", e.id, e.pid)
		}
		t.stopped, t.pid, t.generation = false, e.pid, t.generation+1
	case "bypass":
		if !t.stopped {
			wrong = fmt.Sprintf("event %d makes a link past a gate that does not stand", e.id)
		}
		t.generation++
	case "update":
		t.generation++
	}
	return wrong
}

// compare holds the rows against the history.
func (t told) compare(r row, there bool) (wrong string) {
	if !t.exists || !there {
		if t.exists != there {
			wrong = fmt.Sprintf("the history says that it is there: %v, and the rows: %v", t.exists, there)
		}
		return wrong
	}
	want := row{"active", "running", t.pid, t.generation, t.generation}
	if t.stopped {
		want.status, want.run = "inactive", "stopped"
	}
	if r != want {
		wrong = fmt.Sprintf("the rows are %+v; by the history they should be %+v", r, want)
	}
	return wrong
}

// answers holds the events of a round against what its clients were answered.
func (in *instance) answers(events []happened) (wrong []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	found, counts := map[string][]happened{}, map[string]int{}
	for _, e := range events {
		switch e.action {
		case "start", "stop", "restart", "delete":
			if m, asked := in.made[e.reason]; !asked || m.action != e.action {
				wrong = append(wrong, fmt.Sprintf("event %d, %s for %q, was never asked for", e.id, e.action, e.reason))
			}
			found[e.reason] = append(found[e.reason], e)
		default:
			counts[e.action]++
		}
	}
	for reason, m := range in.made {
		n := len(found[reason])
		surely := m.outcome == succeeded && (m.changed || m.action == "delete")
		switch {
		case n > 1:
			wrong = append(wrong, fmt.Sprintf("%s for %q was made %d times", m.action, reason, n))
		case n == 0 && surely:
			wrong = append(wrong, fmt.Sprintf("%s for %q was answered as made and is lost", m.action, reason))
		case n == 1 && m.outcome != unknown && !surely:
			wrong = append(wrong, fmt.Sprintf("%s for %q was answered as not made and was", m.action, reason))
		case n == 1 && surely && m.pid != "" && found[reason][0].pid != m.pid:
			wrong = append(wrong, fmt.Sprintf("%s for %q began %s and was answered %s", m.action, reason, found[reason][0].pid, m.pid))
		}
	}
	for _, action := range []string{"create", "bypass", "update"} {
		bounds := atLeast{}
		if n := in.counted[action]; n != nil {
			bounds = *n
		}
		if n := counts[action]; n < bounds.surely || n > bounds.surely+bounds.maybe {
			wrong = append(wrong, fmt.Sprintf("%d times %s is in the history, and answers say %d to %d", n, action, bounds.surely, bounds.surely+bounds.maybe))
		}
	}
	return wrong
}
