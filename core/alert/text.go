package alert

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"vpm/core"
)

// scene is what an alert tells of.
type scene struct {
	record core.Record
	health core.Health
	before core.Watch
	now    time.Time
}

// stopped tells whether people want the instance stopped.
func (s scene) stopped() bool { return s.record.Wanted(s.now) == core.ObservedStopped }

// site names the instance in a sentence.
func (s scene) site() string {
	in := s.record.Instance
	name := core.Cut(oneLine(in.Name), 100)
	return strings.TrimSpace(name + " (" + oneLine(in.InstanceID) + ")")
}

// alert makes one of what happened to the site, as "is not healthy", and of paragraphs that say more.
func (s scene) alert(kind core.AlertKind, happened string, paragraphs ...string) core.Alert {
	in := s.record.Instance
	subject := s.site() + " " + happened
	paragraphs = append([]string{subject + "."}, paragraphs...)
	if u := oneLine(in.URL()); u != "" {
		paragraphs = append(paragraphs, "Site: "+core.Cut(u, 500))
	}
	return core.Alert{ID: newID(), Kind: kind, InstanceID: in.InstanceID, Name: in.Name, URL: in.URL(), At: s.now,
		Subject: subject, Text: strings.Join(paragraphs, "\n\n") + "\n"}
}

func (s scene) unhealthy(failures int) core.Alert {
	happened := "is not healthy"
	advice := "What to do: see to what is listed. To work on the site without alerts, mute them or stop the site in the panel."
	if s.stopped() {
		happened = "is to be stopped but is not closed as it should be"
		advice = "What to do: stop the site in the panel once more. Its answer says what keeps the site open."
	}
	since := fmt.Sprintf("%d looks in a row found this, the last one at %s", failures, moment(s.now))
	if earlier := s.before.Health; earlier.Healthy != nil && !*earlier.Healthy && !earlier.CheckedAt.IsZero() {
		since += ", the one before at " + moment(earlier.CheckedAt)
	}
	return s.alert(core.AlertUnhealthy, happened, reasons(s.health), since+".", advice,
		"There is one more message when it is healthy again.")
}

func (s scene) recovered() core.Alert {
	return s.alert(core.AlertHealthy, "is healthy again", "Seen at "+moment(s.now)+". There is nothing to do.")
}

func (s scene) drift(gate core.Attention) core.Alert {
	did := "closed"
	if s.stopped() {
		did = "opened"
	}
	if gate.Disputed != "" {
		return s.alert(core.AlertDrift, "is "+did+" by somebody else",
			"Found at "+moment(s.now)+" and left as it is, for it had been put right only just before: "+core.Cut(oneLine(gate.Disputed), 500),
			"What to do: find the person, plugin or program that writes the .htaccess file of this site, then start or stop "+
				"the site in the panel. There is no other message before that.")
	}
	return s.alert(core.AlertDrift, "had been "+did+" by somebody else",
		"Found and put right at "+moment(s.now)+": "+core.Cut(oneLine(gate.Repaired), 500),
		"What to do: find the person, plugin or program that writes the .htaccess file of this site. If it does so again "+
			"within an hour, that is left as it is. There is no other message before the next start or stop of the site.")
}

func (s scene) diskAbove(limit int64) core.Alert {
	used := size(s.record.Usage.DiskUsage)
	if strings.HasPrefix(s.record.Usage.Evidence.Disk, "partial") {
		used = "at least " + used
	}
	return s.alert(core.AlertDisk, "uses more disk than its limit",
		fmt.Sprintf("It uses %s, measured at %s; people are told above %s.", used, moment(s.record.Usage.MeasuredAt), size(limit)),
		"What to do: delete what the site no longer needs (backups, caches, logs), or set a higher limit.")
}

func (s scene) diskBelow(limit int64) core.Alert {
	return s.alert(core.AlertDiskOK, "is below its disk limit again",
		fmt.Sprintf("It uses %s, measured at %s; people are told above %s. There is nothing to do.",
			size(s.record.Usage.DiskUsage), moment(s.record.Usage.MeasuredAt), size(limit)))
}

// reasons lists the checks that failed.
func reasons(h core.Health) string {
	var lines []string
	for _, c := range h.Failed() {
		lines = append(lines, "- "+core.Cut(oneLine(c.Name+": "+c.Reason), 400))
	}
	if len(lines) == 0 {
		return "No check says why."
	}
	return strings.Join(lines, "\n")
}

// moment is a time for people. Where they are is not known here, so it is in UTC and says so.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// size is a number of bytes for people, in the units of the hosts' quotas.
func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

// oneLine keeps what stands in one line of text: names and reasons are other people's, and a line break in one must
// not begin a line of a message, let alone of its header.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}
