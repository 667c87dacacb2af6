package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// line tells of a round that left everything as it has to be.
func (r *round) line() string {
	calls := 0
	for _, n := range r.calls {
		calls += n
	}
	var befell []string
	for _, what := range slices.Sorted(maps.Keys(r.counts)) {
		befell = append(befell, fmt.Sprintf("%s %d", what, r.counts[what]))
	}
	return fmt.Sprintf("%-7s round %2d: %5d calls (%d done, %d refused, %d unavailable, %d cut off); %s. Calm after %s: %d of %d stopped, %d repaired, %d events, all agree",
		r.database, r.n, calls, r.calls["done"], r.calls["refused"], r.calls["unavailable"], r.calls["cut off"], strings.Join(befell, ", "),
		r.calmed.Round(100*time.Millisecond), r.stopped, len(r.instances), r.repaired, r.total)
}

// summary is what all rounds came to.
type summary struct {
	rounds  int
	spent   time.Duration
	calls   map[string]int
	counts  map[string]int
	looked  int
	slowest time.Duration
}

func (s *summary) add(r *round) {
	if s.calls == nil {
		s.calls, s.counts = map[string]int{}, map[string]int{}
	}
	s.rounds++
	s.spent += time.Since(r.began)
	s.looked += len(r.instances)
	s.slowest = max(s.slowest, r.calmed)
	for what, n := range r.calls {
		s.calls[what] += n
		s.calls["all"] += n
	}
	for what, n := range r.counts {
		s.counts[what] += n
	}
}

func (s *summary) print(out io.Writer, with settings) {
	fmt.Fprintf(out, "\nNothing was lost. %d rounds in %s, seed %d.\n", s.rounds, s.spent.Round(time.Second), with.seed)
	fmt.Fprintf(out, "  calls      %8d   of them done %d, refused %d, unavailable %d, cut off by the trouble %d\n",
		s.calls["all"], s.calls["done"], s.calls["refused"], s.calls["unavailable"], s.calls["cut off"])
	for _, what := range slices.Sorted(maps.Keys(s.counts)) {
		fmt.Fprintf(out, "  %-22s %5d\n", what, s.counts[what])
	}
	fmt.Fprintf(out, "%d times an instance was looked at in the calm, and each time what was wanted, its file, its visitors, its status and its history were one.\n", s.looked)
	fmt.Fprintf(out, "No row was lost or doubled, no file or process was left over, no database was damaged. The longest calm took %s.\n", s.slowest.Round(100*time.Millisecond))
}

// report tells everything about a round that went wrong.
func (r *round) report(violations []violation) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%d violations in round %d of seed %d on %s\n", len(violations), r.n, r.seed, r.database)
	concerned := map[string]*instance{}
	for i, v := range violations {
		name := "the panel"
		if v.in != nil {
			name = v.in.id
			if len(concerned) < 3 {
				concerned[name] = v.in
			}
		}
		if i < 20 {
			fmt.Fprintf(&text, "  %s: %s\n", name, v.what)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(concerned)) {
		fmt.Fprintf(&text, "history of %s:\n%s\n", id, lastLines(concerned[id].lastHistory(), 40))
	}
	fmt.Fprintf(&text, "what befell all:\n%s\n", strings.Join(r.events, "\n"))
	text.WriteString(r.keepEvidence(r.evidence, r))
	return errors.New(text.String())
}

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// keepEvidence copies what tells what happened, and says where it is.
func (w *world) keepEvidence(into string, r *round) string {
	dir, err := os.MkdirTemp(into, fmt.Sprintf("vpm-torture-evidence-%d-", w.seed))
	if err != nil {
		return fmt.Sprintf("cannot keep the evidence: %v", err)
	}
	write := func(name, text string) {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("apache.log", w.host.ErrorLog())
	if w.mariadb != nil {
		write("mariadb.log", w.mariadb.Log())
		rows, _ := w.mariadb.Exec("SELECT * FROM " + w.dbName + ".vpm_events")
		write("events.txt", rows)
	}
	if log, err := os.ReadFile(filepath.Join(w.dir, "server.log")); err == nil {
		write("server.log", string(log))
	}
	if r != nil {
		var all strings.Builder
		for _, v := range r.violations {
			name := ""
			if v.in != nil {
				name = v.in.id
			}
			fmt.Fprintf(&all, "%s: %s\n", name, v.what)
		}
		write("violations.txt", all.String())
		write("befell.txt", strings.Join(r.events, "\n"))
	}
	for _, in := range w.instances {
		write(in.id+".history", in.lastHistory())
	}
	err = errors.Join(err, os.CopyFS(filepath.Join(dir, "vpm-data"), os.DirFS(w.dataDir())),
		os.CopyFS(filepath.Join(dir, "sites"), os.DirFS(filepath.Join(w.host.Docroot, "s"))))
	if err != nil {
		return fmt.Sprintf("evidence is in %s, as far as it could be kept: %v", dir, err)
	}
	return "evidence is in " + dir
}
