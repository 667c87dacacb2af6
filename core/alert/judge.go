package alert

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"vpm/core"
)

// unhealthyAfter is how many ticks in a row must find an instance unhealthy before people are told: one failure may be
// a hiccup of the site or of the look at it.
const unhealthyAfter = 2

// Judge decides what a tick that found h tells people, and what is to be remembered. before is what was remembered,
// gate is what the tick found to do about the gate, and diskLimit is the disk usage in bytes above which people are told
// (0: none), measured as r.Usage.DiskUsage.
//
// Each change of state gives one alert, of a drift one for each generation of the gate. Health that is not known is
// neither a failure nor a recovery. While alerts are muted, and while the instance is stopped and closed as it should
// be, none is made of what begins, which is told afterwards if it lasts, and what ends, ends quietly. A drift is told
// during a stop all the same: that somebody else opened the site is no part of any plan.
func Judge(before core.Watch, r core.Record, h core.Health, gate core.Attention, diskLimit int64, now time.Time) (core.Watch, []core.Alert) {
	after := before
	after.SeenAt, after.Health = now, h
	s := scene{r, h, before, now}
	muted := now.Before(before.MutedUntil)
	healthy := h.Healthy != nil && *h.Healthy
	quiet := muted || healthy && s.stopped()

	var alerts []core.Alert
	switch {
	case healthy:
		if before.Alarms.Unhealthy && !quiet {
			alerts = append(alerts, s.recovered())
		}
		after.Failures, after.Alarms.Unhealthy = 0, false
	case h.Healthy != nil:
		after.Failures++
		if after.Failures >= unhealthyAfter && !before.Alarms.Unhealthy && !quiet {
			alerts = append(alerts, s.unhealthy(after.Failures))
			after.Alarms.Unhealthy = true
		}
	}
	drifted := gate.Repaired != "" || gate.Disputed != ""
	if told := driftMark(r.Gate.Generation); drifted && before.Alarms.Drift != told && !muted {
		alerts = append(alerts, s.drift(gate))
		after.Alarms.Drift = told
	}
	switch level := levelOf(r.Usage, diskLimit); {
	case level == diskBelow && before.Alarms.Disk:
		// Without a limit there is nothing that it could be below again.
		if !quiet && diskLimit > 0 {
			alerts = append(alerts, s.diskBelow(diskLimit))
		}
		after.Alarms.Disk = false
	case level == diskAbove && !before.Alarms.Disk && !quiet:
		alerts = append(alerts, s.diskAbove(diskLimit))
		after.Alarms.Disk = true
	}
	return after, alerts
}

// driftMark is what Alarms.Drift holds of a drift in that generation. Zero there is that nothing was told, while an
// instance that was never started or stopped is of generation 0 and can drift, as when a closed site is copied over
// it.
func driftMark(generation int64) int64 {
	if generation == 0 {
		return -1
	}
	return generation
}

// diskLevel is how a disk usage lies to its limit.
type diskLevel int

const (
	diskBetween diskLevel = iota // or not known: nothing changes
	diskBelow
	diskAbove
)

// levelOf leaves 5 % between above and below, so that a site whose usage moves about the limit is not told of all
// day. What was measured in part is at least what was seen: it can be above, and never says that the whole is below.
func levelOf(u core.Usage, limit int64) diskLevel {
	switch {
	case limit <= 0:
		return diskBelow
	case u.MeasuredAt.IsZero() || strings.HasPrefix(u.Evidence.Disk, "unknown"):
		return diskBetween
	case u.DiskUsage > limit:
		return diskAbove
	case u.DiskUsage < limit-limit/20 && strings.HasPrefix(u.Evidence.Disk, "measured"):
		return diskBelow
	}
	return diskBetween
}

// newID names an alert. It is drawn once and stored with the alert.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand.Read
	return hex.EncodeToString(b[:])
}
