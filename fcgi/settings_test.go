package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettingsAreReadAgain changes the settings a thousand times under load. Every request is answered, and nothing that
// the old settings opened stays open.
func TestSettingsAreReadAgain(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	socket := held.Addr().String()
	log := filepath.Join(t.TempDir(), "vpm.log")
	c := launch(t, held, nil, p.args()...)
	p.wantStatus(socket, 200)
	before := c.descriptors()
	l := newLoad(t)
	l.begin(2, func() bool { p.wantStatus(socket, 200); return true })
	for i := range 1000 {
		p.settings(fmt.Sprintf("VPM_LOG_FILE=%s\nVPM_SESSION_TTL=%dm\n", log, 10+i))
		p.wantStatus(socket, 200)
	}
	l.end()
	p.settings("")
	p.wantStatus(socket, 200)
	eventually(t, "the old descriptors are closed", func() bool { return c.descriptors() <= before+databaseConns })

	p.settings("VPM_NO_SUCH=1\n")
	p.wantStatus(socket, 503)
	must(t, os.Remove(p.config))
	p.wantStatus(socket, 503)
	p.settings("VPM_LOG_FILE=" + filepath.Join(filepath.Dir(log), "no", "such") + "\n")
	p.wantStatus(socket, 503)
	must(t, os.Mkdir(filepath.Join(filepath.Dir(log), "no"), 0o700)) // the settings stay as they are
	eventually(t, "it is noticed that the log can be opened", func() bool {
		status, err := p.ask(t.Context(), socket)
		must(t, err)
		return status == 200
	})
	c.stop()
	for line := range strings.Lines(c.log()) {
		if !strings.HasPrefix(line, "{") {
			t.Errorf("the journal gets %q", line)
		}
	}
}

// TestReplacedSettingsAreClosed: not by the garbage collector, which comes when it likes.
func TestReplacedSettingsAreClosed(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	socket := held.Addr().String()
	c := launch(t, held, []string{"GOGC=off"}, p.args()...)
	p.wantStatus(socket, 200)
	before := c.descriptors()
	for i := range 100 {
		p.settings(fmt.Sprintf("VPM_LOG_FILE=%s.log\nVPM_SESSION_TTL=%dm\n", p.config, 10+i))
		p.wantStatus(socket, 200)
	}
	eventually(t, "the old descriptors are closed", func() bool { return c.descriptors() <= before+databaseConns })
	c.stop()
}

// TestManyRequests leaves nothing behind after each.
func TestManyRequests(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	socket := held.Addr().String()
	c := launch(t, held, nil, p.args()...)
	round := func() (descriptors, rss int) {
		l := newLoad(t)
		l.begin(10, func() bool { p.wantStatus(socket, 200); return true })
		l.more(t, 1500)
		l.end()
		eventually(t, "no connection is open", func() bool { return c.descriptors() < 30 })
		return c.descriptors(), c.rss()
	}
	most := 96 << 20
	if os.Getenv("VPMTEST_RACE") != "" { // the detector keeps several times as much
		most = 128 << 20
	}
	fds, rss := round()
	fds2, rss2 := round()
	eventually(t, "as many descriptors are open as before", func() bool { // the last connections may still be closing
		fds2 = c.descriptors()
		return fds2 <= fds+2
	})
	t.Logf("after 1,500 requests %d descriptors and %d MB, after 3,000 %d and %d", fds, rss>>20, fds2, rss2>>20)
	if rss2 > rss+16<<20 || rss2 > most {
		t.Errorf("after 1,500 requests %d descriptors and %d MB, after 3,000 %d and %d", fds, rss>>20, fds2, rss2>>20)
	}
	c.stop()
}
