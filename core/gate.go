package core

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Stop is how an instance is to be stopped.
type Stop struct {
	Reason        string    // shown to visitors and kept in the history
	Until         time.Time // the stop ends by itself then; zero: when somebody starts the instance
	IncludeNested bool      // also closes sites nested below that are not registered
	Verify        bool      // ask the site afterwards, as a visitor does
}

// LongestStop is how long a stop that ends by itself may last.
const LongestStop = 10 * 366 * 24 * time.Hour

// Gate is what is stored of an instance's gate: what was asked for, how far it was carried out, and what was seen.
type Gate struct {
	// Generation counts the changes of what is wanted, and Applied is the one that the gate was last brought
	// to. Where they differ, a change was cut off, and whoever comes next completes it.
	Generation, Applied int64
	Stop
	// Bypass lets visitors who have the secret link in, until BypassUntil; "" nobody.
	Bypass      string
	BypassUntil time.Time
	// Entry is the directory whose .htaccess holds the gate, "" where none does.
	Entry    string
	Evidence Evidence
}

// Pending tells whether a change was committed and not carried out to its end.
func (g Gate) Pending() bool { return g.Generation != g.Applied }

// Expired tells whether a stop has ended by itself and the rows do not say so yet.
func (r Record) Expired(now time.Time) bool {
	return r.Instance.Status == StatusInactive && !r.Gate.Until.IsZero() && !now.Before(r.Gate.Until)
}

// Wanted is what people asked for, as of now: a stop whose time is over has ended, whether or not anybody has
// written that down. Maintenance and error are states that other programs note, which ask for nothing: what was asked
// for last shows in the run then, and a site that nobody has stopped is not to be closed for them.
func (r Record) Wanted(now time.Time) Observed {
	stopped := r.Instance.Status == StatusInactive
	if r.Instance.Status == StatusMaintenance || r.Instance.Status == StatusError {
		stopped = r.Run.Status == RunStopped
	}
	if stopped && !r.Expired(now) {
		return ObservedStopped
	}
	return ObservedRunning
}

// AsOf gives the record with a stop that has expired written out, as the next change will store it: running
// since the end of the stop, with the PID that follows from it.
func (r Record) AsOf(now time.Time) Record {
	if !r.Expired(now) {
		return r
	}
	since := r.timestamp(r.Gate.Until, now)
	r.Instance.Status, r.Instance.ActivatedAt = StatusActive, since
	r.Run.Status, r.Run.VirtualPID, r.Run.StartedAt = RunRunning, r.expiryPID(), since
	if r.Gate.Evidence.At.Before(r.Gate.Until) { // of the stop, it says nothing of what came after it
		r.Gate.Evidence = Evidence{}
	}
	return r
}

// timestamp gives t as the database would write it, by what it called the present when the record was read.
func (r Record) timestamp(t, now time.Time) Timestamp {
	read, err := time.Parse(time.DateTime, string(r.ReadAt))
	if err != nil {
		return ""
	}
	return Timestamp(read.Add(t.Sub(now.Truncate(time.Second))).Format(time.DateTime))
}

// expiryPID names the run that begins when a stop ends by itself. Every process must come to the same name, before
// anybody has written it down, so its digits are drawn from what is stored.
func (r Record) expiryPID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d", r.Instance.ID, r.Instance.InstanceID, r.Gate.Generation))
	return VirtualPID(r.Gate.Until, binary.BigEndian.Uint64(sum[:]))
}

// VirtualPID is the contract's form of a run's name: "v", the Unix seconds, and nine digits, 20 characters in all.
func VirtualPID(at time.Time, digits uint64) string {
	return fmt.Sprintf("v%010d%09d", at.Unix(), digits%1_000_000_000)
}
