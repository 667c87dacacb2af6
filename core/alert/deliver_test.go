package alert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"vpm/core"
)

// deliver runs one pass, which must not fail.
func deliver(t *testing.T, s *Sender, q Queue, c *clock) Outcome {
	t.Helper()
	o, err := s.Deliver(t.Context(), q, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// mailIDs are the alerts that arrived by mail, by the number of times; hookIDs likewise.
func mailIDs(mails []received) (ids []string) {
	for _, m := range mails {
		ids = append(ids, strings.TrimSuffix(strings.TrimPrefix(m.Header.Get("Message-Id"), "<"), "@host.example>"))
	}
	return ids
}

func hookIDs(bodies []webhookBody) (ids []string) {
	for _, b := range bodies {
		ids = append(ids, b.ID)
	}
	return ids
}

// TestReceiversDownForAnHour ticks every five minutes while both receivers refuse every connection for an hour, then are there and
// out of order for half an hour, then work. Meanwhile three instances change their states.
func TestReceiversDownForAnHour(t *testing.T) {
	t.Parallel()
	hookAddress, hookListen := heldPort(t)
	boxAddress, boxListen := heldPort(t)
	s := &Sender{Webhook: &Webhook{URL: "http://" + hookAddress + "/", Secret: secret}, Mail: mailTo("smtp", "", boxAddress, "", nil)}
	c, q := &clock{start}, &queue{}
	var h *hook
	var box *postbox
	var made []string // "instance alert", in order
	failed, sent := 0, 0
	for tick := range 12 * 8 {
		if tick < 24 {
			for instance := range 3 {
				if tick%(instance+2) == 0 {
					id := fmt.Sprintf("%d-%02d", instance, tick)
					made = append(made, id)
					q.add(sample(id, fmt.Sprint(instance), c.now()), s.Channels()...)
				}
			}
		}
		switch tick {
		case 12:
			h = &hook{status: func() int { return http.StatusServiceUnavailable }}
			h.Server = &httptest.Server{Listener: hookListen(), Config: &http.Server{Handler: h}}
			h.Start()
			t.Cleanup(h.Close)
			box = openPostbox(t, options{listener: boxListen()})
			box.set(func(p *postbox) {
				p.onRcpt = func(string) error { return &smtp.SMTPError{Code: 451, Message: "greylisted"} }
			})
		case 18:
			h.mu.Lock()
			h.status = nil
			h.mu.Unlock()
			box.set(func(p *postbox) { p.onRcpt = nil })
		}
		o := deliver(t, s, q, c)
		failed, sent = failed+o.Failed, sent+o.Sent
		if len(o.Lost) > 0 || tick < 18 && o.Sent > 0 {
			t.Fatalf("tick %d: %+v", tick, o)
		}
		c.move(5 * time.Minute)
	}
	if len(q.rows) > 0 || failed == 0 || sent != 2*len(made) {
		t.Errorf("%d wait, %d failed, %d were sent", len(q.rows), failed, sent)
	}
	for channel, got := range map[string][]string{core.AlertWebhook: hookIDs(h.got(t)), core.AlertMail: mailIDs(box.got())} {
		if len(got) != len(made) {
			t.Errorf("%s: %d arrived of %d", channel, len(got), len(made))
		}
		for instance := range 3 {
			about := func(id string) bool { return !strings.HasPrefix(id, fmt.Sprint(instance)) }
			want := slices.DeleteFunc(slices.Clone(made), about)
			if order := slices.DeleteFunc(slices.Clone(got), about); !slices.Equal(order, want) {
				t.Errorf("%s: of instance %d arrived %v, want %v", channel, instance, order, want)
			}
		}
	}
}

// TestOneChannelDown holds up neither the other channel nor, of a channel that fails for one alert, the other instances.
func TestOneChannelDown(t *testing.T) {
	t.Parallel()
	h, box := openHook(t), openPostbox(t, options{})
	bad := 0
	box.onData = func() error {
		if bad++; bad == 1 {
			return &smtp.SMTPError{Code: 554, Message: "looks like spam"}
		}
		return nil
	}
	s := &Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}, Mail: mailTo("smtp", "", box.address, "", nil)}
	c, q := &clock{start}, &queue{}
	for _, id := range []string{"a1", "a2", "b1"} {
		q.add(sample(id, id[:1], start), s.Channels()...)
	}
	if o := deliver(t, s, q, c); o.Sent != 4 || o.Failed != 1 || len(q.rows) != 2 {
		t.Errorf("%+v, %d wait", o, len(q.rows))
	}
	if len(q.reasons) != 1 || !strings.Contains(q.reasons[0], "looks like spam") {
		t.Errorf("the reasons are %q", q.reasons)
	}
	c.move(30 * time.Second)
	q.add(sample("a3", "a", c.now()), core.AlertMail)
	if o := deliver(t, s, q, c); o.Sent != 0 || o.Failed != 0 {
		t.Errorf("an alert overtook: %+v", o)
	}
	c.move(30 * time.Second)
	deliver(t, s, q, c)
	// The first a1 was refused after it had been read.
	if got, want := mailIDs(box.got()), []string{"a1", "b1", "a1", "a2", "a3"}; !slices.Equal(got, want) {
		t.Errorf("the mail server had %v", got)
	}
	if got, want := hookIDs(h.got(t)), []string{"a1", "a2", "b1"}; !slices.Equal(got, want) {
		t.Errorf("the webhook had %v", got)
	}
}

func TestGreylisting(t *testing.T) {
	t.Parallel()
	box := openPostbox(t, options{})
	seen := map[string]int{}
	box.onRcpt = func(to string) error {
		if seen[to]++; seen[to] == 1 {
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"}
		}
		return nil
	}
	s := &Sender{Mail: mailTo("smtp", "", box.address, "", nil)}
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertMail)
	for range 6 {
		deliver(t, s, q, c)
		c.move(5 * time.Minute)
	}
	got := box.got()
	if len(q.rows) > 0 || len(got) != 1 || len(got[0].to) != 2 {
		t.Errorf("received %+v", got)
	}
}

// TestConnectionLostAfterTheMessage repeats it, and the receiver can tell.
func TestConnectionLostAfterTheMessage(t *testing.T) {
	t.Parallel()
	box := openPostbox(t, options{})
	lost := false
	box.onData = func() error {
		if !lost {
			lost = true
			return errHangUp
		}
		return nil
	}
	s := &Sender{Mail: mailTo("smtp", "", box.address, "", nil)}
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertMail)
	if o := deliver(t, s, q, c); o.Failed != 1 {
		t.Errorf("%+v", o)
	}
	c.move(time.Minute)
	deliver(t, s, q, c)
	if got := box.got(); len(got) != 2 || got[0].raw != got[1].raw || mailIDs(got)[0] != "id1" || len(q.rows) > 0 {
		t.Errorf("received %+v", got)
	}
}

// TestKilledBeforeItIsForgotten repeats the webhook with its ID.
func TestKilledBeforeItIsForgotten(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	s := &Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}}
	c, q := &clock{start}, &queue{broken: errors.New("killed")}
	q.add(sample("id1", "one", start), core.AlertWebhook)
	q.add(sample("id2", "two", start), core.AlertWebhook)
	if _, err := s.Deliver(t.Context(), q, c.now); !errors.Is(err, q.broken) {
		t.Errorf("the error is %v", err)
	}
	q.broken = nil
	deliver(t, s, q, c)
	if got := hookIDs(h.got(t)); !slices.Equal(got, []string{"id1", "id1", "id2"}) {
		t.Errorf("received %v", got)
	}
}

func TestPauses(t *testing.T) {
	t.Parallel()
	address, _ := heldPort(t)
	s := &Sender{Webhook: &Webhook{URL: "http://" + address, Secret: secret}}
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertWebhook)
	var pauses []time.Duration
	for len(q.rows) > 0 {
		c.Time = q.rows[0].NextAt.Add(-time.Second)
		if o := deliver(t, s, q, c); o.Failed > 0 {
			t.Fatal("it was tried too early")
		}
		c.move(time.Second)
		o := deliver(t, s, q, c)
		if o.Failed != 1 {
			t.Fatalf("%+v", o)
		}
		if len(q.rows) == 0 {
			if len(o.Lost) != 1 || o.Lost[0].Delivery.Alert.ID != "id1" || !strings.Contains(o.Lost[0].Reason, "refused") {
				t.Errorf("lost %+v", o.Lost)
			}
			break
		}
		if len(o.Lost) > 0 {
			t.Fatalf("lost after %s", c.Sub(start))
		}
		pauses = append(pauses, q.rows[0].NextAt.Sub(c.Time))
	}
	const m, h = time.Minute, time.Hour
	want := []time.Duration{m, 2 * m, 5 * m, 10 * m, 30 * m, h, 3 * h, 6 * h}
	if len(pauses) < 15 || !slices.Equal(pauses[:8], want) || slices.ContainsFunc(pauses[8:], func(d time.Duration) bool { return d != 6*h }) {
		t.Errorf("the pauses are %v", pauses)
	}
	if d := c.Sub(start); d < giveUpAfter || d > giveUpAfter+6*h {
		t.Errorf("given up after %s", d)
	}
}

func TestAChannelThatIsGone(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	s := &Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}}
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertMail, core.AlertWebhook, "telegram")
	o := deliver(t, s, q, c)
	if o.Sent != 1 || o.Failed != 0 || len(o.Lost) != 2 || !strings.Contains(o.Lost[0].Reason, "no longer configured") || len(q.rows) > 0 {
		t.Errorf("%+v, %d wait", o, len(q.rows))
	}
	if len(h.got(t)) != 1 {
		t.Error("it did not arrive")
	}
	if got := (&Sender{Webhook: s.Webhook, Mail: &Mail{}}).Channels(); !slices.Equal(got, []string{"webhook", "mail"}) || (&Sender{}).Channels() != nil {
		t.Errorf("the channels are %v", got)
	}
}

func TestRefusedRecipientsAreReported(t *testing.T) {
	t.Parallel()
	box := openPostbox(t, options{})
	box.onRcpt = func(to string) error {
		if strings.HasPrefix(to, "second") {
			return &smtp.SMTPError{Code: 550, Message: "no such user"}
		}
		return nil
	}
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertMail)
	o := deliver(t, &Sender{Mail: mailTo("smtp", "", box.address, "", nil)}, q, c)
	if o.Sent != 1 || len(o.Lost) != 1 || !strings.Contains(o.Lost[0].Reason, "second@host.example") || len(q.rows) > 0 {
		t.Errorf("%+v", o)
	}
}

// TestAPassIsBounded in what it sends, and in how often it asks a receiver that is down.
func TestAPassIsBounded(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	s := &Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}}
	c, q := &clock{start}, &queue{}
	for i := range attemptsInOnePass + 5 {
		q.add(sample(fmt.Sprint(i), fmt.Sprint(i), start), core.AlertWebhook)
	}
	if o := deliver(t, s, q, c); o.Sent != attemptsInOnePass || len(q.rows) != 5 {
		t.Errorf("%+v, %d wait", o, len(q.rows))
	}
	h.status = func() int { return 500 }
	if o := deliver(t, s, q, c); o.Failed != failuresInARow {
		t.Errorf("%+v", o)
	}
	if o := deliver(t, s, q, c); o.Failed != 2 { // those that did not have their turn
		t.Errorf("%+v", o)
	}
}

// TestFailuresThatAreNotInARow do not end the pass for a receiver that answers most of the time.
func TestFailuresThatAreNotInARow(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	asked := 0
	h.status = func() int {
		if asked++; asked%3 > 0 {
			return 500
		}
		return 200
	}
	c, q := &clock{start}, &queue{}
	for i := range 12 {
		q.add(sample(fmt.Sprint(i), fmt.Sprint(i), start), core.AlertWebhook)
	}
	if o := deliver(t, &Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}}, q, c); o.Sent != 4 || o.Failed != 8 {
		t.Errorf("%+v", o)
	}
}

// TestNoTimeForASecond leaves alone what might be cut off by the end of the tick.
func TestNoTimeForASecond(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertWebhook)
	q.add(sample("id2", "two", start), core.AlertWebhook)
	ctx, cancel := context.WithTimeout(t.Context(), webhookPatience)
	defer cancel()
	o, err := (&Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}}).Deliver(ctx, q, c.now)
	if err != nil || o.Sent != 1 || len(q.rows) != 1 {
		t.Errorf("%+v, %v, %d wait", o, err, len(q.rows))
	}
}

// TestShortOfTime makes the first attempt with what time there is, and stores that it failed though the time is over.
func TestShortOfTime(t *testing.T) {
	t.Parallel()
	listener := listen(t) // nobody accepts
	t.Cleanup(func() { _ = listener.Close() })
	s := &Sender{Webhook: &Webhook{URL: "http://" + listener.Addr().(*net.TCPAddr).String(), Secret: secret}}
	c, q := &clock{start}, &queue{}
	q.add(sample("id1", "one", start), core.AlertWebhook)
	q.add(sample("id2", "two", start), core.AlertWebhook)
	ctx, cancel := context.WithTimeout(t.Context(), webhookPatience-time.Second)
	defer cancel()
	o, err := s.Deliver(ctx, q, c.now)
	if err != nil || o.Failed != 1 || q.rows[0].Attempts != 1 || q.rows[1].Attempts != 0 || !strings.Contains(q.reasons[0], "in time") {
		t.Errorf("%+v, %v, %+v", o, err, q.rows)
	}
	if _, err := s.Deliver(ctx, q, c.now); err == nil {
		t.Error("no error though the deliveries cannot be read")
	}
}

// TestClockSetBack sends what was stored, and what was put off, by a clock that was ahead, and nothing of it out of order.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{2 * time.Minute, time.Hour, 24 * time.Hour} {
		for attempts := range 2 {
			h := openHook(t)
			c, q := &clock{start}, &queue{}
			q.add(sample("id1", "one", start), core.AlertWebhook)
			if attempts > 0 {
				q.rows[0].Attempts, q.rows[0].NextAt = attempts, start.Add(pauseAfter(attempts))
			}
			c.move(-by)
			q.add(sample("id2", "one", c.now()), core.AlertWebhook)
			deliver(t, &Sender{Webhook: &Webhook{URL: h.URL, Secret: secret}}, q, c)
			if got := hookIDs(h.got(t)); !slices.Equal(got, []string{"id1", "id2"}) {
				t.Errorf("set back by %s after %d attempts: received %v", by, attempts, got)
			}
		}
	}
}
