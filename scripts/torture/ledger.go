package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// ledger knows which rows there must be, which may be, and which must not.
type ledger struct {
	mu   sync.Mutex
	rows map[string]presence
	ids  map[string]int64
	list []string // of those that have an id, in the order they came
}

type presence int

const (
	absent presence = iota
	present
	either
)

func newLedger() *ledger { return &ledger{rows: map[string]presence{}, ids: map[string]int64{}} }

func (l *ledger) added(name string, out outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[name] = map[outcome]presence{succeeded: present, refused: absent, unknown: either}[out]
}

func (l *ledger) removed(name string, out outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case out == succeeded:
		l.rows[name] = absent
	case out == unknown && l.rows[name] == present:
		l.rows[name] = either
	}
}

func (l *ledger) number(name string, id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids[name], l.list = id, append(l.list, name)
}

// any takes a row with an id out of the list, so that no two clients remove it.
func (l *ledger) any(rng *rand.Rand) (string, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == 0 {
		return "", 0
	}
	i := rng.IntN(len(l.list))
	name := l.list[i]
	l.list = slices.Delete(l.list, i, i+1)
	return name, l.ids[name]
}

// held gives what there is, for goBack.
func (l *ledger) held() map[string]presence {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.rows)
}

// goBack takes in that a restore has made of the rows what they were. The numbers of those that went may be given anew.
func (l *ledger) goBack(rows map[string]presence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = rows
	l.list = slices.DeleteFunc(l.list, func(name string) bool { return rows[name] != present })
}

// compare tells what is wrong with the rows that are there, and takes what may be for what is.
func (l *ledger) compare(there map[string]int) (wrong []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, n := range there {
		if _, known := l.rows[name]; !known && name != "user admin" {
			wrong = append(wrong, fmt.Sprintf("%s is there and nobody made it", name))
		}
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("%s is there %d times", name, n))
		}
	}
	for name, p := range l.rows {
		n := there[name]
		switch {
		case p == present && n == 0:
			wrong = append(wrong, name+" was answered and is lost")
		case p == absent && n > 0:
			wrong = append(wrong, name+" was refused or removed and is there")
		}
		l.rows[name] = map[bool]presence{true: present, false: absent}[n > 0]
	}
	slices.SortFunc(wrong, strings.Compare)
	return wrong
}
