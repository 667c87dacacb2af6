package alert

import (
	"bufio"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	domain, no := "site.example", false
	r := core.Record{Instance: core.Instance{InstanceID: "wp-test-001", Name: "Test site", Domain: &domain, Status: core.StatusActive},
		Usage: core.Usage{DiskUsage: 3 << 29, MeasuredAt: start, Evidence: core.UsageEvidence{Disk: "partial: …"}}}
	h := core.Health{Healthy: &no, CheckedAt: start.Add(5 * time.Minute), Checks: []core.Check{
		{Name: "http", Result: core.CheckFailed, Reason: "The site answered 500. Look into its error log."}, {Name: "database", Result: core.CheckOK}}}
	before := core.Watch{Failures: 1, Health: core.Health{Healthy: &no, CheckedAt: start}}
	_, alerts := Judge(before, r, h, core.Attention{}, 1<<30, start.Add(5*time.Minute))
	if len(alerts) != 2 {
		t.Fatalf("told %+v", alerts)
	}
	const unhealthy = `Test site (wp-test-001) is not healthy.

- http: The site answered 500. Look into its error log.

2 looks in a row found this, the last one at 2026-11-23 10:05 UTC, the one before at 2026-11-23 10:00 UTC.

What to do: see to what is listed. To work on the site without alerts, mute them or stop the site in the panel.

There is one more message when it is healthy again.

Site: http://site.example/
`
	if a := alerts[0]; a.Subject != "Test site (wp-test-001) is not healthy" || a.Text != unhealthy || a.URL != "http://site.example/" || a.Name != "Test site" {
		t.Errorf("subject %q, text:\n%s", a.Subject, a.Text)
	}
	if a := alerts[1]; !strings.Contains(a.Text, "It uses at least 1.5 GB, measured at 2026-11-23 10:00 UTC; people are told above 1.0 GB.") {
		t.Errorf("text:\n%s", a.Text)
	}
	r.Instance.Status = core.StatusInactive
	_, alerts = Judge(before, r, h, core.Attention{Repaired: "The block was gone."}, 0, start)
	if a := alerts[0]; !strings.Contains(a.Subject, "is to be stopped but is not closed") || !strings.Contains(a.Text, "stop the site in the panel once more") {
		t.Errorf("told %+v", a)
	}
	if a := alerts[1]; !strings.Contains(a.Subject, "had been opened by somebody else") || !strings.Contains(a.Text, "put right at") || !strings.Contains(a.Text, "The block was gone.") {
		t.Errorf("told %+v", a)
	}
	_, alerts = Judge(before, r, h, core.Attention{Disputed: "The block was gone."}, 0, start)
	if a := alerts[1]; !strings.Contains(a.Subject, "is opened by somebody else") || !strings.Contains(a.Text, "left as it is") || !strings.Contains(a.Text, "The block was gone.") {
		t.Errorf("told of what was left %+v", a)
	}
}

// TestNamesBreakNoLines gives everything that other people write line breaks and more.
func TestNamesBreakNoLines(t *testing.T) {
	t.Parallel()
	const evil = "a\r\nBcc: victim@x.example\n\rb\x00\x1b[31m\u2028\u2029\u202e\xff"
	no, config := false, `{"url": "http://x.example/\r\nX: y"}`
	r := core.Record{Instance: core.Instance{InstanceID: evil, Name: evil + strings.Repeat("ü", 300), Config: &config, Status: core.StatusActive},
		Usage: core.Usage{DiskUsage: 2, MeasuredAt: start}}
	h := core.Health{Healthy: &no, Checks: []core.Check{{Name: evil, Result: core.CheckFailed, Reason: evil + strings.Repeat("y", 9000)}}}
	_, alerts := Judge(core.Watch{Failures: 1}, r, h, core.Attention{Repaired: evil}, 1, start)
	if len(alerts) != 3 {
		t.Fatalf("told %+v", alerts)
	}
	for _, a := range alerts {
		if strings.ContainsAny(a.Subject, "\r\n\x00\x1b\u2028\u2029\u202e") || strings.ContainsAny(a.Text, "\r\x00\x1b\u2028\u202e") || len(a.Text) > 4000 {
			t.Errorf("made %+v", a)
		}
		for line := range strings.Lines(a.Text) {
			if strings.HasPrefix(line, "Bcc:") || strings.HasPrefix(line, "X:") {
				t.Errorf("a line of the text is %q", line)
			}
		}
		// Whatever is stored, the header is ours.
		a.ID, a.Subject = evil, evil+a.Subject
		from, _ := mail.ParseAddress("vpm@host.example")
		header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(compose(a, envelope{from, []*mail.Address{from}}))))).ReadMIMEHeader()
		if err != nil || len(header) != 9 || header.Get("Bcc") != "" {
			t.Errorf("the header is %v, %v", header, err)
		}
	}
}
