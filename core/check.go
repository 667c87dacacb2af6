package core

import (
	"encoding/json"
	"time"
)

// CheckResult is what one check came to.
type CheckResult string

// The results of a check. Unknown is a check that could not be made, Skipped one that has nothing to look at here
// (the certificate of a site without HTTPS); neither makes an instance unhealthy.
const (
	CheckOK      CheckResult = "ok"
	CheckWarning CheckResult = "warning"
	CheckFailed  CheckResult = "failed"
	CheckUnknown CheckResult = "unknown"
	CheckSkipped CheckResult = "skipped"
)

// Check is one thing that was looked at to find out whether an instance serves its visitors.
type Check struct {
	Name     string         `json:"name"`
	Result   CheckResult    `json:"result"`
	Reason   string         `json:"reason"` // for people; of a failure also what to do
	Duration Milliseconds   `json:"duration_ms"`
	Details  map[string]any `json:"details,omitempty"` // figures, such as the days a certificate has left
}

// Milliseconds is a duration that JSON has as a number of milliseconds with three decimals.
type Milliseconds time.Duration

// MarshalJSON writes the number.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(m).Microseconds()) / 1000)
}

// UnmarshalJSON reads the number.
func (m *Milliseconds) UnmarshalJSON(text []byte) error {
	var ms float64
	err := json.Unmarshal(text, &ms)
	*m = Milliseconds(ms * float64(time.Millisecond))
	return err
}

// Health is what the checks of an instance came to together.
type Health struct {
	// Healthy: it serves its visitors or, while it is wanted stopped, is closed as it should be. Nil: nothing that
	// was looked at says either.
	Healthy   *bool
	Wanted    Observed // what was wanted of the instance then
	Checks    []Check
	CheckedAt time.Time // zero: never
}

// Failed lists the checks that make an instance unhealthy.
func (h Health) Failed() []Check {
	var failed []Check
	for _, c := range h.Checks {
		if c.Result == CheckFailed {
			failed = append(failed, c)
		}
	}
	return failed
}

// CheckHTTP is the name of the check that asks for a page as a visitor does; its Details have "ttfb_ms", the time to
// the first byte in milliseconds.
const CheckHTTP = "http"

// FirstByte is how long the site took to answer, where it did.
func (h Health) FirstByte() (time.Duration, bool) {
	for _, c := range h.Checks {
		if c.Name != CheckHTTP {
			continue
		}
		switch ms := c.Details["ttfb_ms"].(type) {
		case Milliseconds:
			return time.Duration(ms), true
		case float64: // as it is read from where it was stored
			return time.Duration(ms * float64(time.Millisecond)), true
		}
	}
	return 0, false
}
